"""Acting: an act is looked up, done if it is new, remembered, and answered once durable."""

from __future__ import annotations

import msgspec

from glasshouse.engine.acts import VOID, Act, ActResult, CallOff, Configure, Signal, check, perform
from glasshouse.engine.engine import Engine
from glasshouse.model.errors import InvalidError, NotFoundError
from glasshouse.model.parameters import changed
from glasshouse.model.server import WorkerState


async def do(engine: Engine, act: Act) -> bytes:
    """Do an act once; return its result as JSON, once it is durable.

    Raises:
        InvalidError: it cannot be done, or it was called off.
        NotFoundError: there is no such worker.
        StoreError: the disk does not take it.
    """
    engine.require_writable()
    check(act)
    result = engine.memory.acts.result(act.id, act.step) if act.id else None
    if result is None:
        result = _first_time(engine, act)
    elif result == VOID and not isinstance(act, CallOff):
        raise InvalidError("This act was called off.", remedy="Ask for it anew.")
    await engine.kept()
    return result


def _first_time(engine: Engine, act: Act) -> bytes:
    now = engine.clock()
    done = _done(engine, act, now)
    result = VOID if isinstance(act, CallOff) else msgspec.json.encode(done)
    if act.id:
        engine.memory.acts.add(act.id, act.step, now, result)
    for queue in done.woken:
        engine.wake(queue)
    return result


def _done(engine: Engine, act: Act, now: float) -> ActResult:
    match act:
        case CallOff():
            return ActResult()
        case Configure():
            engine.memory.configure(changed(engine.memory.parameters, act.changes))
            return ActResult()
        case Signal():
            count = engine.signal(act.wid, WorkerState(act.state))
            if not count and act.wid is not None:
                raise NotFoundError(
                    f"No worker {act.wid[:80]!r} is connected.", remedy="See the list of workers."
                )
            return ActResult(told=count)
        case _:
            return perform(engine.memory, act, now)

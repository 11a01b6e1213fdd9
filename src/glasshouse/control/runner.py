"""Carrying out an operation step by step, so that it can be stopped, resumed and settled.

Each step is done under the operation's id and the step's number: the server does it once,
however often, and by whichever console, it is requested. What a step deletes is in the trash
first. Everything is written under the operation's lease; an operation that ends before its last
step has called off the next one, so that no one does it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, ParamSpec, TypeVar

import msgspec
import sqlalchemy as sa

from glasshouse.model.errors import GlasshouseError, StoreError, UpstreamUnavailableError
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation
from glasshouse.model.request import NAMES, OperationRequest, Undo
from glasshouse.model.retention import Bounds
from glasshouse.storage import leases, operations, trash
from glasshouse.storage.database import Call, Database
from glasshouse.storage.leases import LeaseLostError
from glasshouse.storage.operations import RunningOperation
from glasshouse.storage.trash import TrashedJob
from glasshouse.upstream.operator import Change, ChangeResult, DeletedJob, Entry, Operator

P = ParamSpec("P")
T = TypeVar("T")

_EXAMPLES = 20
_CHANGES: Mapping[Operation, Change] = {
    Operation.QUEUE_DELETE_JOBS: "delete",
    Operation.QUEUE_CLEAR: "delete",
    Operation.JOB_DELETE: "delete",
    Operation.SET_CLEAR: "delete",
    Operation.JOB_KILL: "kill",
    Operation.JOB_RETRY: "retry",
    Operation.SERVER_FLUSH: "forget",
}
_unpack = msgspec.msgpack.Decoder(list[Entry]).decode
OnUnknown = Callable[[RunningOperation], Awaitable[None]]
"""Called once when the server does not report whether something was done."""
_STAY = message(
    "Jobs arrived or moved in the meantime: they stay, and so do the server's queues and counts."
)
_WAITS = (0.2, 0.5, 1.0, 2.0, 5.0)

DONE, PARTLY, NOTHING, STOPPED, FAILED = "done", "partly", "nothing", "stopped", "failed"
UNKNOWN = "unknown"


class StoppedError(NamedTuple):
    """Why an operation cannot continue; ``with_more`` if the server did more than was counted."""

    detail: str
    with_more: str


GONE = StoppedError(
    "Its job list is no longer in the console's database.",
    message(
        "Its job list is no longer in the console's database. The server did more than is "
        "counted here."
    ),
)
FAULT = StoppedError(
    "A console error ended it; see the console's log.",
    message(
        "A console error ended it; see the console's log. The server did more than is counted here."
    ),
)


class OperationRunner:
    """Carries out operations of one server."""

    def __init__(
        self, database: Database, operator: Operator, clock: Callable[[], float], bounds: Bounds
    ) -> None:
        """Store the trash and the progress in ``database``."""
        self._database = database
        self._operator = operator
        self._clock = clock
        self._bounds = bounds

    async def run(
        self, running: RunningOperation, order: OperationRequest, on_unknown: OnUnknown
    ) -> RunningOperation:
        """Return the operation as it ended; the ending itself is not stored yet.

        A server that does not answer is queried until it does: ``on_unknown`` is called once.

        Raises:
            JobsGoneError: what it was to change is no longer known.
            LeaseLostError: another console carries it out, or it has ended.
        """
        if order.operation in _CHANGES or order.operation is Operation.TRASH_RESTORE:
            return await self._steps(running, order, on_unknown)
        return await self._single(running, order, on_unknown)

    async def settle(self, running: RunningOperation, order: OperationRequest) -> RunningOperation:
        """Return an operation of one step as it ended: it is called off if it was not done.

        Raises:
            UpstreamUnavailableError, StoreError: that cannot be determined now.
            JobsGoneError, LeaseLostError: see ``run``.
        """
        done = await self._operator.call_off(running.id, 0)
        if done is None:
            await self._undone(running, order)
            return _ended(running, NOTHING, message("It was cancelled before it was done."))
        if running.steps:
            return self._over(await self._count(running, order, 0, done), stopped=False)
        return await self._told(running, order, done)

    async def give_up(self, running: RunningOperation, why: StoppedError) -> RunningOperation:
        """Return an operation that cannot continue as failed: no further step of it is done.

        Raises:
            UpstreamUnavailableError, StoreError: the server cannot be notified now.
        """
        step, last = running.step, max(1, _last(running))
        while step < last and await self._operator.call_off(running.id, step) is not None:
            step += 1
        after = 0
        # What was about to be deleted, but was not, is on the server and must not be in the trash.
        while trashed := await self._database.run(trash.jobs, running.id, after=after):
            entries = [Entry(t.number, t.state, t.score, t.jid, t.queue) for _, t in trashed]
            there = await self._operator.same(entries)
            await self._keep(running, trash.unthrow, running.id, list(there))
            after = trashed[-1][0]
        return _ended(running, FAILED, why.detail if step == running.step else why.with_more)

    # -- many jobs -----------------------------------------------------------

    async def _steps(
        self, running: RunningOperation, order: OperationRequest, on_unknown: OnUnknown
    ) -> RunningOperation:
        unknown, tries = False, 0
        while running.step < _last(running):
            try:
                if running.stop:
                    done = await self._operator.call_off(running.id, running.step)
                    if done is None:
                        await self._undone(running, order)
                        return self._over(running, stopped=True)
                    # It was done before by the console that carried it out then.
                    running = await self._after(running, order, done)
                else:
                    running = await self._next(running, order)
                    running = await self._noted(running)
                tries = 0
            except LeaseLostError:
                raise
            except (UpstreamUnavailableError, StoreError) as error:
                running = msgspec.structs.replace(running, detail=error.detail)
                if not unknown:
                    unknown = True
                    await on_unknown(running)
                await asyncio.sleep(_WAITS[min(tries, len(_WAITS) - 1)])
                tries += 1
        return self._over(running, stopped=False)

    async def _next(self, running: RunningOperation, order: OperationRequest) -> RunningOperation:
        """Return the operation one step further: after the jobs comes what is left of them."""
        if running.step < running.steps:
            done = await self._step(running, order)
        else:
            done = await self._operator.flush(running.id, running.step)
        return await self._after(running, order, done)

    async def _after(
        self, running: RunningOperation, order: OperationRequest, done: ChangeResult
    ) -> RunningOperation:
        """Return the operation after its next step, which was done."""
        if running.step < running.steps:
            return await self._count(running, order, running.step, done)
        detail = "" if done.known else _STAY
        return msgspec.structs.replace(running, step=running.step + 1, detail=detail)

    async def _noted(self, running: RunningOperation) -> RunningOperation:
        """Store the operation's progress; return the operation with who wants it to stop."""
        if not stoppable(running) or running.step > running.steps:
            return running
        by = await self._keep(running, operations.progress, running)
        return running if by is None else msgspec.structs.replace(running, stop=1, stopped_by=by)

    async def _undone(self, running: RunningOperation, order: OperationRequest) -> None:
        """Remove from the trash what the next step, which was called off, did not delete."""
        if running.step < running.steps:
            entries = await self._entries(running, running.step)
            await self._not_thrown(running, order, [entry.number for entry in entries])

    async def _keep(
        self, running: RunningOperation, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Call the database if the operation is still ours; raises ``LeaseLostError`` if not."""

        def held(db: sa.Connection) -> T:
            leases.hold(db, (running.id, running.fence))
            return ask(db, *args, **kwargs)

        return await self._database.run(held)

    async def _step(self, running: RunningOperation, order: OperationRequest) -> ChangeResult:
        entries, step = await self._entries(running, running.step), running.step
        if order.operation is Operation.TRASH_RESTORE:
            batch = await self._batch(order)
            numbers = [entry.number for entry in entries]
            trashed = await self._database.run(trash.some, batch, numbers)
            jobs = [
                DeletedJob(
                    Entry(job.number, job.state, job.score, job.jid, job.queue), "", job.body
                )
                for job in trashed
            ]
            gone = set(numbers).difference(job.number for job in trashed)
            done = await self._operator.put_back(running.id, step, jobs)
            return msgspec.structs.replace(done, left=(*done.left, *gone))
        if NAMES[order.operation].undo is Undo.TRASH:
            await self._throw(running, entries)
        change = _CHANGES[order.operation]
        return await self._operator.change(running.id, step, change, entries)

    async def _throw(self, running: RunningOperation, entries: list[Entry]) -> None:
        room = self._bounds.most - running.done
        kept = await self._operator.kept(entries[: max(0, room)])
        trashed = [
            TrashedJob(
                number=job.entry.number,
                queue=job.entry.queue,
                state=job.entry.state,
                score=job.entry.score,
                jid=job.entry.jid,
                jobtype=job.jobtype,
                body=job.body,
            )
            for job in kept
        ]
        now = self._clock()
        await self._keep(
            running, trash.throw, running.id, running.server, trashed, now, self._bounds
        )

    async def _count(
        self, running: RunningOperation, order: OperationRequest, step: int, done: ChangeResult
    ) -> RunningOperation:
        """Return the operation with a completed step, after checking that it was done."""
        entries = await self._entries(running, step)
        left = set(done.left)
        if order.operation is Operation.TRASH_RESTORE:
            batch = await self._batch(order)
            back = [entry.number for entry in entries if entry.number not in left]
            await self._keep(running, trash.restored, batch, back, self._clock())
        else:
            acted = [entry for entry in entries if entry.number not in left]
            left |= await self._operator.same(acted)
            await self._not_thrown(running, order, list(left))
        examples: list[str] = msgspec.json.decode(running.examples)
        moved = [entry.jid for entry in entries if entry.number in left]
        return msgspec.structs.replace(
            running,
            step=step + 1,
            done=running.done + len(entries) - len(moved),
            moved=running.moved + len(moved),
            examples=msgspec.json.encode((examples + moved)[:_EXAMPLES]),
        )

    async def _not_thrown(
        self, running: RunningOperation, order: OperationRequest, numbers: list[int]
    ) -> None:
        if numbers and NAMES[order.operation].undo is Undo.TRASH:
            await self._keep(running, trash.unthrow, running.id, numbers)

    async def _entries(self, running: RunningOperation, step: int) -> list[Entry]:
        def read(db: sa.Connection) -> bytes:
            leases.hold(db, (running.id, running.fence), lock=False)
            return operations.chunk(db, running.id, step)

        return _unpack(await self._database.run(read))

    async def _batch(self, order: OperationRequest) -> str:
        running = await self._database.run(operations.by_record, order.record or 0)
        return "" if running is None else running.id

    def _over(self, running: RunningOperation, *, stopped: bool) -> RunningOperation:
        if stopped:
            return _ended(running, STOPPED, "")
        if running.detail == _STAY:
            return _ended(running, PARTLY, _STAY)
        if running.operation == Operation.SERVER_FLUSH:
            # Those that had moved ended on their own: nothing is left.
            return _ended(running, DONE, "")
        if running.done == running.total:
            return _ended(running, DONE, "")
        return _ended(running, PARTLY if running.done else NOTHING, "")

    # -- one thing -------------------------------------------------------------

    async def _single(
        self, running: RunningOperation, order: OperationRequest, on_unknown: OnUnknown
    ) -> RunningOperation:
        try:
            done = await self._do(running, order)
        except UpstreamUnavailableError as error:
            await on_unknown(msgspec.structs.replace(running, detail=error.detail))
            earlier = await self._called_off(running)
            if earlier is None:
                return _ended(running, FAILED, error.detail)
            done = earlier
        except GlasshouseError as error:
            return _ended(running, FAILED, error.detail)
        return await self._told(running, order, done)

    async def _called_off(self, running: RunningOperation) -> ChangeResult | None:
        tries = 0
        while True:
            try:
                return await self._operator.call_off(running.id, 0)
            except UpstreamUnavailableError:
                await asyncio.sleep(_WAITS[min(tries, len(_WAITS) - 1)])
                tries += 1

    async def _do(self, running: RunningOperation, order: OperationRequest) -> ChangeResult:
        act, operator = running.id, self._operator
        match order.operation:
            case Operation.QUEUE_PAUSE | Operation.QUEUE_RESUME:
                paused = order.operation is Operation.QUEUE_PAUSE
                return await operator.pause(act, order.queue or "", paused=paused)
            case Operation.JOB_PUSH:
                return await operator.push(act, order.job or "")
            case Operation.WORKER_QUIET:
                return await operator.signal(act, "quiet", order.worker or "")
            case Operation.WORKER_TERMINATE:
                return await operator.signal(act, "terminate", order.worker or "")
            case _:
                return await operator.configure(act, order.parameters or {})

    async def _told(
        self, running: RunningOperation, order: OperationRequest, done: ChangeResult
    ) -> RunningOperation:
        """Return how a single change ended, after checking its effect."""
        if not done.known:
            return _ended(running, NOTHING, "This queue does not exist.")
        if order.operation in {Operation.QUEUE_PAUSE, Operation.QUEUE_RESUME}:
            wanted = order.operation is Operation.QUEUE_PAUSE
            try:
                now = await self._operator.paused(order.queue or "")
            except UpstreamUnavailableError:
                now = None
            if now is not None and now is not wanted:
                return _ended(
                    running, DONE, message("Somebody else has changed it again since then.")
                )
        detail = f"job {done.jid}" if done.jid else ""
        if order.worker is not None:
            detail = f"{done.told} told"
        return _ended(running, DONE, detail)


def stoppable(running: RunningOperation) -> bool:
    """Return whether an operation has a step before which it can be stopped."""
    return _last(running) > 1


def _last(running: RunningOperation) -> int:
    """Return the number of steps: a flush has one more, when the jobs are gone."""
    return running.steps + (running.operation == Operation.SERVER_FLUSH)


def _ended(running: RunningOperation, outcome: str, detail: str) -> RunningOperation:
    return msgspec.structs.replace(running, outcome=outcome, detail=detail)

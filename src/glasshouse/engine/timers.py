"""What the engine does by itself: due jobs, reapers, bounds; a round every few seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog

from glasshouse.engine import lifecycle
from glasshouse.engine.engine import Engine
from glasshouse.engine.memory import RETRIES, SCHEDULED

log = structlog.get_logger()

_BATCH = 500

Round = Coroutine[Any, Any, None]


class Timers(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds between rounds, where they do not follow the run-time parameters."""

    due: float | None = None
    reap: float | None = None
    status: float = 0.5
    probe: float = 1.0


async def every(seconds: Callable[[], float], work: Callable[[], bool | None]) -> None:
    """Repeat ``work``; at once (but after others) as long as it returns True."""
    while True:
        await asyncio.sleep(seconds())
        while work():  # noqa: ASYNC110 - lets others go first, waits for nothing
            await asyncio.sleep(0)


def move_due(engine: Engine) -> bool:
    """Move due scheduled jobs and retries to their queues; True when there may be more."""
    more = False
    if not _settled(engine):
        return False
    for name, state in (("Scheduled", SCHEDULED), ("Retries", RETRIES)):
        start = time.perf_counter()
        woken = lifecycle.enqueue_due(engine.memory, state, engine.clock(), limit=_BATCH)
        counts = engine.tasks[name]
        counts.cycles += 1
        counts.enqueued += len(woken)
        counts.wall_time += time.perf_counter() - start
        more = more or len(woken) == _BATCH
        for queue in set(woken):
            engine.wake(queue)
    engine.committer.wake()
    return more


def reap(engine: Engine) -> bool:
    """Fail expired reservations, close silent workers, purge old dead jobs, trim the log."""
    now, memory = engine.clock(), engine.memory
    for session in engine.workers.reap(now):
        log.info("a silent worker was disconnected", wid=session.wid)
        session.close()
    if not _settled(engine):
        return False
    expired = lifecycle.expire_reservations(memory, now, limit=_BATCH)
    engine.expired += expired
    start = time.perf_counter()
    purged = lifecycle.purge_dead(memory, now, limit=_BATCH)
    counts = engine.tasks["Dead"]
    counts.cycles += 1
    counts.wall_time += time.perf_counter() - start
    bounds = memory.parameters
    more = memory.finished.trim(now, bounds.finished_most, bounds.finished_lifetime)
    engine.committer.wake()
    return more or _BATCH in {expired, purged}


def _settled(engine: Engine) -> bool:
    """Let the database follow, since due jobs are read from it; False when it cannot now."""
    return engine.refusing is None and engine.committer.settle()

"""What runs now: each operation goes on, whoever waits for it, until its outcome is recorded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import msgspec
import structlog

from glasshouse.desk import records
from glasshouse.desk.running import UNKNOWN, Runner
from glasshouse.desk.writer import Writer
from glasshouse.ledger.record import Who
from glasshouse.model.errors import GlasshouseError, StoreError
from glasshouse.model.keeping import Bounds
from glasshouse.model.operation import Operation
from glasshouse.model.order import Order
from glasshouse.storage import operations
from glasshouse.storage.database import Database
from glasshouse.storage.operations import EndedError, Running
from glasshouse.upstream.operator import Operator

log = structlog.get_logger()

_AGAIN = 2.0


class Going:
    """The operations under way, by id."""

    def __init__(
        self,
        database: Database,
        writer: Writer,
        operators: Mapping[str, Operator],
        clock: Callable[[], float],
        bounds: Bounds,
    ) -> None:
        """Nothing is under way."""
        self._database = database
        self._writer = writer
        self._operators = operators
        self._clock = clock
        self._bounds = bounds
        self._tasks: dict[str, asyncio.Task[Running]] = {}

    def find(self, operation: str) -> asyncio.Task[Running] | None:
        """Return what ends with the operation as it ended, if it is under way."""
        return self._tasks.get(operation)

    def start(self, running: Running, order: Order, who: Who) -> asyncio.Task[Running]:
        """Carry out an operation whose intent is recorded."""
        task = asyncio.create_task(self._carry_out(running, order, who))
        self._tasks[running.id] = task
        return task

    async def resume(self) -> None:
        """Settle or resume what has no outcome: whoever did it is gone.

        Raises:
            StoreError: the database cannot be read.
        """
        for running in await self._database.run(operations.unended):
            order = msgspec.json.decode(running.asked, type=Order)
            who = msgspec.json.decode(running.who, type=Who)
            if running.server not in self._operators:
                log.warning("an operation of an unknown server has no outcome", id=running.id)
            elif running.steps > 1 or order.operation is Operation.SERVER_FLUSH:
                work = self._carry_out(running, order, who, resumed="after a restart")
                self._tasks[running.id] = asyncio.create_task(work)
            else:
                self._tasks[running.id] = asyncio.create_task(self._settle(running, order, who))

    async def settled(self) -> None:
        """Return when nothing is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """Leave everything where it is."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry_out(self, running: Running, order: Order, who: Who, **more: str) -> Running:
        async def on_unknown(now: Running) -> None:
            await self._unknown(now, who)

        try:
            ended = await self._runner(running.server).run(running, order, on_unknown)
            return await self._end(ended, who, **more)
        except Exception:
            # It has no outcome then, and is settled at the next start.
            log.exception("an operation failed", id=running.id)
            raise
        finally:
            self._tasks.pop(running.id, None)

    async def _settle(self, running: Running, order: Order, who: Who) -> Running:
        """Find out what came of what was begun before a restart, and record it."""
        try:
            ended: Running | None = None
            while ended is None:
                try:
                    ended = await self._runner(running.server).settle(running, order)
                except GlasshouseError:
                    await asyncio.sleep(_AGAIN)
            return await self._end(ended, who, settled="after a restart")
        finally:
            self._tasks.pop(running.id, None)

    def _runner(self, server: str) -> Runner:
        return Runner(self._database, self._operators[server], self._clock, self._bounds)

    async def _unknown(self, running: Running, who: Who) -> None:
        """Record that the server does not say whether it was done, if that can be recorded."""
        told = msgspec.structs.replace(running, outcome=UNKNOWN)
        with contextlib.suppress(StoreError):
            await self._writer.write(records.outcome(told, who, self._clock()))

    async def _end(self, ended: Running, who: Who, **more: str) -> Running:
        """Record how an operation ended, however long that takes."""
        while True:
            now = self._clock()
            ended = msgspec.structs.replace(ended, ended_at=now, asked=_bare(ended.asked))
            try:
                await self._writer.write(records.outcome(ended, who, now, **more), ended)
            except EndedError:
                return ended
            except StoreError as error:
                log.warning("an outcome is not recorded yet", id=ended.id, why=error.detail)
                await asyncio.sleep(_AGAIN)
            else:
                return ended


def _bare(asked: bytes) -> bytes:
    """Return an order without what was pushed: that may hold secrets, which the ledger hides."""
    order = msgspec.json.decode(asked, type=Order)
    return msgspec.json.encode(msgspec.structs.replace(order, job=None, jids=None, keys=None))

"""Operations that run now: each continues, whoever waits for it, until its outcome is recorded.

An operation belongs to the console that carries it out, through a lease in the database that is
renewed meanwhile (``storage.leases``). An operation that no longer belongs to anyone, because
its console ended or was stalled for longer than that, is taken up by the first console that
finds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import msgspec
import structlog

from glasshouse.control import ledger_records
from glasshouse.control.group_commit import FencedRecord, GroupCommit
from glasshouse.control.runner import FAULT, GONE, UNKNOWN, OperationRunner, StoppedError
from glasshouse.ledger.record import Subject
from glasshouse.model.errors import GlasshouseError, StoreError, UpstreamUnavailableError
from glasshouse.model.operation import Operation
from glasshouse.model.request import OperationRequest, decode_order
from glasshouse.model.retention import Bounds
from glasshouse.storage import leases, operations
from glasshouse.storage.database import Database
from glasshouse.storage.leases import LeaseLostError
from glasshouse.storage.operations import JobsGoneError, RunningOperation
from glasshouse.upstream.operator import Operator

log = structlog.get_logger()

LEASE = 10.0
"""Seconds for which an operation stays with a console that gives no sign of life."""
_BEATS, _SHORTEST = 3, 0.05
_AGAIN = 2.0
_LAST_WORD = 2.0
_RESTART = "after a restart"
_decode_who = msgspec.json.Decoder(Subject).decode


class OperationsInProgress:
    """The operations under way, by id."""

    def __init__(
        self,
        database: Database,
        writer: GroupCommit,
        operators: Mapping[str, Operator],
        clock: Callable[[], float],
        bounds: Bounds,
        lease: float = LEASE,
    ) -> None:
        """Begin with nothing under way."""
        self.console, self.lease = secrets.token_hex(16), lease
        self._database = database
        self._writer = writer
        self._operators = operators
        self._clock = clock
        self._bounds = bounds
        self._tasks: dict[str, asyncio.Task[RunningOperation]] = {}
        self._keeper: asyncio.Task[None] | None = None

    def find(self, operation: str) -> asyncio.Task[RunningOperation] | None:
        """Return the task that ends with the ended operation, if it is under way here."""
        return self._tasks.get(operation)

    def start(
        self, running: RunningOperation, order: OperationRequest, who: Subject
    ) -> asyncio.Task[RunningOperation]:
        """Carry out an operation whose intent is recorded, and which is ours."""
        return self._started(running, self._run(running, order, who), who)

    async def resume(self) -> None:
        """Settle or resume operations with no outcome and no owner, now and from now on.

        Raises:
            StoreError: the database cannot be read.
        """
        for running in await self._database.run(operations.unended):
            if running.server not in self._operators:
                log.warning("an operation of an unknown server has no outcome", id=running.id)
        await self._take_up()
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    async def settled(self) -> None:
        """Return when nothing is under way any longer."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """Leave everything where it is, for whichever console takes it up."""
        tasks: list[asyncio.Task[Any]] = list(self._tasks.values())
        kept = bool(tasks)
        if self._keeper is not None:
            tasks.append(self._keeper)
            self._keeper = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if kept:
            with contextlib.suppress(StoreError, TimeoutError):
                async with asyncio.timeout(_LAST_WORD):
                    await self._database.run(leases.release, self.console)

    # -- what is ours ----------------------------------------------------------

    async def _keep(self) -> None:
        """Renew what is ours, and take up what no longer belongs to anyone."""
        while True:
            await asyncio.sleep(max(self.lease / _BEATS, _SHORTEST))
            try:
                if own := tuple(self._tasks):
                    await self._database.run(leases.renew, self.console, own, self.lease)
                await self._take_up()
            except StoreError as error:
                log.warning("leases of operations are not renewed", why=error.detail)
            except Exception:
                log.exception("leases of operations are not renewed")

    async def _take_up(self) -> None:
        servers, own = tuple(self._operators), tuple(self._tasks)
        claimed = await self._database.run(leases.claim, self.console, servers, own, self.lease)
        for running in claimed:
            log.info("an operation is taken up", id=running.id, fence=running.fence)
            self._take(running)

    def _take(self, running: RunningOperation) -> None:
        try:
            who = _decode_who(running.who)
        except msgspec.MsgspecError:
            who = Subject(name=running.actor)
        try:
            order = decode_order(running.asked)
        except msgspec.MsgspecError:
            self._started(running, self._given_up(running, GONE), who, settled=_RESTART)
            return
        if running.steps > 1 or order.operation is Operation.SERVER_FLUSH:
            self._started(running, self._run(running, order, who), who, resumed=_RESTART)
        else:
            self._started(running, self._settle(running, order), who, settled=_RESTART)

    def _started(
        self,
        running: RunningOperation,
        work: Coroutine[Any, Any, RunningOperation],
        who: Subject,
        **more: str,
    ) -> asyncio.Task[RunningOperation]:
        carrying_out = asyncio.create_task(self._carry_out(running, work, who, **more))
        self._tasks[running.id] = carrying_out
        carrying_out.add_done_callback(lambda task: self._forget(running.id, task))
        return carrying_out

    def _forget(self, operation: str, task: asyncio.Task[RunningOperation]) -> None:
        if self._tasks.get(operation) is task:
            del self._tasks[operation]
        if not task.cancelled() and (error := task.exception()) is not None:
            # Its lease is no longer renewed, and it is taken up again when that expires.
            log.error("an operation has no outcome yet", id=operation, exc_info=error)

    # -- from the first step to the outcome --------------------------------------

    async def _carry_out(
        self,
        running: RunningOperation,
        work: Coroutine[Any, Any, RunningOperation],
        who: Subject,
        **more: str,
    ) -> RunningOperation:
        try:
            try:
                ended = await work
            except LeaseLostError:
                raise
            except Exception as error:
                log.exception("an operation cannot go on", id=running.id)
                ended = await self._given_up(running, _why(error))
            return await self._end(ended, who, **more)
        except LeaseLostError:
            log.warning("another console carries out an operation", id=running.id)
            current = await self._database.run(operations.find, running.id)
            return running if current is None else current

    async def _run(
        self, running: RunningOperation, order: OperationRequest, who: Subject
    ) -> RunningOperation:
        async def on_unknown(now: RunningOperation) -> None:
            await self._unknown(now, who)

        return await self._runner(running.server).run(running, order, on_unknown)

    async def _settle(self, running: RunningOperation, order: OperationRequest) -> RunningOperation:
        """Find out the result of what another console, or this one before, has begun."""
        while True:
            try:
                return await self._runner(running.server).settle(running, order)
            except LeaseLostError:
                raise
            except (UpstreamUnavailableError, StoreError):
                await asyncio.sleep(_AGAIN)

    async def _given_up(self, running: RunningOperation, why: StoppedError) -> RunningOperation:
        """Return an operation that cannot continue as ended, based on its last known progress."""
        while True:
            try:
                far = await self._database.run(leases.held, running.id, running.fence)
                return await self._runner(running.server).give_up(far, why)
            except LeaseLostError:
                raise
            except (UpstreamUnavailableError, StoreError):
                await asyncio.sleep(_AGAIN)

    def _runner(self, server: str) -> OperationRunner:
        return OperationRunner(self._database, self._operators[server], self._clock, self._bounds)

    async def _unknown(self, running: RunningOperation, who: Subject) -> None:
        """Record that the server does not report whether it was done, if that can be recorded."""
        unknown = msgspec.structs.replace(running, outcome=UNKNOWN)
        record = ledger_records.outcome(unknown, who, self._clock())
        with contextlib.suppress(StoreError):
            await self._writer.write(record, FencedRecord(running.id, running.fence))

    async def _end(self, ended: RunningOperation, who: Subject, **more: str) -> RunningOperation:
        """Record how an operation ended, however long that takes.

        Raises:
            LeaseLostError: another console does, or already did.
        """
        while True:
            now = self._clock()
            ended = msgspec.structs.replace(ended, ended_at=now, asked=_bare(ended.asked))
            try:
                await self._writer.write(ledger_records.outcome(ended, who, now, **more), ended)
            except LeaseLostError:
                raise
            except StoreError as error:
                log.warning("an outcome is not recorded yet", id=ended.id, why=error.detail)
                await asyncio.sleep(_AGAIN)
            else:
                return ended


def _why(error: Exception) -> StoppedError:
    if isinstance(error, JobsGoneError | msgspec.MsgspecError):
        return GONE
    if isinstance(error, GlasshouseError):
        return StoppedError(
            error.detail, f"{error.detail} The server did more than is counted here."
        )
    return FAULT


def _bare(order_text: bytes) -> bytes:
    """Return a request without what was pushed: that may hold secrets, which the ledger hides."""
    try:
        order = decode_order(order_text)
    except msgspec.MsgspecError:
        return b"{}"
    return msgspec.json.encode(msgspec.structs.replace(order, job=None, jids=None, keys=None))

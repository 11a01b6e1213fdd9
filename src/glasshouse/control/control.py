"""The single entry point for every change: decided, recorded, done, confirmed, recorded.

1. The request names what its operation requires; otherwise it is not valid.
2. The decision: once in general, so that nothing is read for those not allowed; then, with the
   jobs frozen, for each queue that they belong to. A refusal is recorded.
3. The preview, where the operation concerns many jobs; the reason, where the role requires it.
4. The intent, durable. If it cannot be written, nothing happens.
5. The change, step by step, each confirmed by reading the server again.
6. The outcome, durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import msgspec

from glasshouse.control import ledger_records
from glasshouse.control.activity import RecordedActivity
from glasshouse.control.affected_queues import concerned, deciding, written
from glasshouse.control.confirmation import check_agreement, check_same, order_digest
from glasshouse.control.group_commit import GroupCommit
from glasshouse.control.in_progress import LEASE, OperationsInProgress
from glasshouse.control.preview import ShownPreview, shown_to
from glasshouse.control.refusal_log import RefusalLog
from glasshouse.control.refusals import (
    AuditUnavailableError,
    PreviewNeededError,
    PreviewStaleError,
    unrecorded,
)
from glasshouse.control.requester import Requester
from glasshouse.control.result import Result, result_of, without_jobs
from glasshouse.control.selection import ON_JOBS, freeze
from glasshouse.control.stopping import Stopping
from glasshouse.model.access import Decision, Outcome, Why
from glasshouse.model.errors import GlasshouseError, NotFoundError, StoreError
from glasshouse.model.job import StoredJob
from glasshouse.model.operation import Operation
from glasshouse.model.parameters import Parameters, changed
from glasshouse.model.request import MOST_JOBS, NAMES, OperationRequest, check, decode_order
from glasshouse.model.retention import Bounds
from glasshouse.storage import operations
from glasshouse.storage.database import Call, Database
from glasshouse.storage.operations import (
    JobsGoneError,
    NewOperation,
    Preview,
    RunningOperation,
)
from glasshouse.upstream.operator import Entry, FrozenJobs, Operator
from glasshouse.wire.jobs import parse_job

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 2.0
"""Seconds for which the requester is kept waiting for the outcome."""
_LOOK = 0.1
_TOUCHED, _SAMPLES = 500, 10
_unpack = msgspec.msgpack.Decoder(list[Entry]).decode
_decode_frozen = msgspec.json.Decoder(FrozenJobs).decode


@dataclass(kw_only=True)
class Control(RecordedActivity):
    """Accepts requests for the servers that can be operated.

    ``lease`` is for how many seconds its operations stay its own without a sign of life.
    """

    database: Database
    operators: Mapping[str, Operator]
    clock: Callable[[], float] = time.time
    bounds: Bounds = field(default_factory=Bounds)
    patience: float = PATIENCE
    lease: float = LEASE

    def __post_init__(self) -> None:
        """Set up; nothing is opened and nothing done."""
        self._writer = GroupCommit(self.database)
        self._refusing = RefusalLog(self._writer)
        self._stopping = Stopping(self._writer, self._refusing, self.clock)
        self._going = OperationsInProgress(
            self.database, self._writer, self.operators, self.clock, self.bounds, self.lease
        )

    # -- requests --------------------------------------------------------------

    async def preview(
        self, requester: Requester, server: str, order: OperationRequest
    ) -> ShownPreview:
        """Return what a request would do, and store exactly that for ten minutes.

        Raises:
            InvalidError, DeniedError, NotFoundError: see ``perform``.
            StoreError: it cannot be stored.
        """
        operator = self._operator(server)
        check(order)
        self._check_values(order)
        general = requester.best(order.operation, server)
        if general.outcome is Outcome.DENY:
            await self._refuse(requester, server, order, general, None)
        frozen = await self._frozen(requester, server, order, operator)
        decision = self._decided(requester, server, order, frozen)
        if decision.outcome is Outcome.DENY:
            await self._refuse(requester, server, order, decision, frozen)
        jobs = frozen or FrozenJobs()
        now = self.clock()
        kept = Preview(
            id=secrets.token_hex(16),
            actor=requester.who.name,
            server=server,
            asked=order.canonical(),
            summary=msgspec.json.encode(without_jobs(jobs)),
            created_at=now,
            steps=len(jobs.chunks),
        )
        await self._recorded(operations.show, kept, jobs.chunks)
        return await shown_to(kept.id, requester, order, frozen, decision, self.bounds)

    async def again(
        self, preview: str, asking: Callable[[str], Requester]
    ) -> tuple[str, ShownPreview] | None:
        """Return the server and what a preview showed, with samples as of now.

        ``asking`` returns the requester for each server. Return ``None`` when the preview is not
        known, too old, or someone else's.

        Raises:
            StoreError, UpstreamUnavailableError: it cannot be read.
        """
        preview_row = await self.database.run(operations.shown, preview, self.clock())
        requester = None if preview_row is None else asking(preview_row.server)
        if preview_row is None or requester is None or preview_row.actor != requester.who.name:
            return None
        order = decode_order(preview_row.asked)
        frozen: FrozenJobs | None = None
        if order.operation in ON_JOBS:
            frozen = _decode_frozen(preview_row.summary)
            samples: tuple[StoredJob, ...] = ()
            if frozen.count and order.operation is not Operation.TRASH_RESTORE:
                try:
                    first = _unpack(await self.database.run(operations.chunk, preview_row.id, 0))
                except JobsGoneError:
                    # It was confirmed, or pushed out, at this moment.
                    return None
                seen = [entry for entry in first if requester.visibility.shows(entry.queue)]
                samples = await self._operator(preview_row.server).samples(seen[:_SAMPLES])
            frozen = msgspec.structs.replace(frozen, samples=samples)
        decision = self._decided(requester, preview_row.server, order, frozen)
        return preview_row.server, await shown_to(
            preview, requester, order, frozen, decision, self.bounds
        )

    async def perform(self, requester: Requester, server: str, order: OperationRequest) -> Result:
        """Do what is requested, if it is allowed.

        Raises:
            InvalidError: it is not a valid request, or lacks a reason; nothing was done.
            PreviewNeededError, PreviewStaleError: it must be previewed first.
            NotAllowedError: it is not allowed; that was recorded.
            NotFoundError: what it names does not exist.
            AuditUnavailableError: it cannot be recorded, so nothing was done.
            UpstreamUnavailableError: the server cannot be read; nothing was done.
        """
        operator = self._operator(server)
        check(order)
        self._check_values(order)
        general = requester.best(order.operation, server)
        if general.outcome is not Outcome.ALLOW:
            await self._refuse(requester, server, order, general, None)
        earlier, frozen = await self._agreed(requester, server, order, operator)
        if earlier is not None:
            return await self._waited(earlier)
        decision = self._decided(requester, server, order, frozen)
        if decision.outcome is not Outcome.ALLOW:
            await self._refuse(requester, server, order, decision, frozen)
        check_agreement(order, decision, frozen, self.bounds)
        try:
            running = await self._begin(requester, server, order, decision, frozen)
        except AuditUnavailableError:
            # The same preview may have been confirmed at this moment, by another click.
            earlier = await self._used(requester, server, order)
            if earlier is None:
                raise
            return await self._waited(earlier)
        self._going.start(running, order, requester.who)
        return await self._waited(running)

    async def status(self, operation: str) -> Result | None:
        """Return an operation with its progress so far."""
        running = await self.database.run(operations.find, operation)
        return None if running is None else result_of(running)

    async def stop(self, requester: Requester, operation: str) -> None:
        """Make an operation stop before its next step; the stop is recorded first.

        An operation that has ended, or is already to stop, stays as it is.

        Raises:
            NotFoundError: there is no such operation.
            NotAllowedError: the requester may not do what the operation does; that was recorded.
            InvalidError: it is done at once: there is nothing to stop.
            AuditUnavailableError: it cannot be recorded, so it continues.
        """
        running = await self._find(operation)
        if running is None:
            raise NotFoundError("This operation does not exist.", remedy="Look in the audit log.")
        await self._stopping.stop(requester, running)

    async def resume(self) -> None:
        """Settle or resume operations without an outcome, after a start; raises ``StoreError``."""
        await self._going.resume()

    async def settled(self) -> None:
        """Return when nothing is running any longer."""
        await self._going.settled()

    async def close(self) -> None:
        """Stop what runs where it is; it is resumed when the console starts again."""
        await self._going.close()
        for operator in self.operators.values():
            with contextlib.suppress(GlasshouseError):
                await operator.close()

    async def _recorded(self, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self.database.run(ask, *args, **kwargs)
        except StoreError as error:
            raise unrecorded(error) from error

    # -- inside --------------------------------------------------------------------

    def _operator(self, server: str) -> Operator:
        if server not in self.operators:
            raise NotFoundError(
                f"Operations on the server {server[:60]!r} are not possible here.",
                remedy="Operations work only on the embedded server.",
            )
        return self.operators[server]

    def _check_values(self, order: OperationRequest) -> None:
        """Refuse before confirmation what the server would refuse; raises ``InvalidError``."""
        if order.job is not None:
            parse_job(order.job.encode("utf-8", "surrogatepass"))
        if order.parameters is not None:
            changed(Parameters(), order.parameters)

    async def _find(self, operation: str) -> RunningOperation | None:
        if not operation:
            return None
        return await self._recorded(operations.find, operation)

    async def _used(
        self, requester: Requester, server: str, order: OperationRequest
    ) -> RunningOperation | None:
        """Return what was confirmed before, by the same person and for the same request."""
        running = await self._find(order.preview)
        if running is not None:
            check_same(running, order, requester, server)
        return running

    async def _frozen(
        self, requester: Requester, server: str, order: OperationRequest, operator: Operator
    ) -> FrozenJobs | None:
        if order.operation not in ON_JOBS:
            return None
        if order.queue is not None and not requester.visibility.shows(order.queue):
            raise NotFoundError("This queue does not exist.", remedy="Choose one of the queues.")
        return await freeze(order, requester, operator, self.database, server, self.clock())

    async def _agreed(
        self, requester: Requester, server: str, order: OperationRequest, operator: Operator
    ) -> tuple[RunningOperation | None, FrozenJobs | None]:
        """Return the operation that this request began before, or the jobs that it is about.

        These are the jobs that its preview showed, or those that it names, if they are few.
        """
        if order.preview:
            return await self._previewed(requester, server, order)
        naming = NAMES[order.operation]
        if naming.whole or order.query is not None:
            raise PreviewNeededError(f"{order.operation} needs a preview here.")
        frozen = await self._frozen(requester, server, order, operator)
        if frozen is not None and frozen.count > MOST_JOBS:
            raise PreviewNeededError(
                f"These are {frozen.count:,} jobs: more than {MOST_JOBS} need a preview."
            )
        return None, frozen

    async def _previewed(
        self, requester: Requester, server: str, order: OperationRequest
    ) -> tuple[RunningOperation | None, FrozenJobs | None]:
        agreed = await self._recorded(operations.agreed, order.preview, self.clock())
        if isinstance(agreed, RunningOperation):
            check_same(agreed, order, requester, server)
            return agreed, None
        if agreed is None or agreed[0].actor != requester.who.name:
            raise PreviewStaleError("This preview does not exist or is more than ten minutes old.")
        preview, chunks = agreed
        if preview.server != server or preview.asked != order.canonical():
            raise PreviewStaleError("This preview is for something else.")
        if order.operation not in ON_JOBS:
            return None, None
        bare = _decode_frozen(preview.summary)
        return None, msgspec.structs.replace(bare, chunks=tuple(chunks))

    def _decided(
        self, requester: Requester, server: str, order: OperationRequest, frozen: FrozenJobs | None
    ) -> Decision:
        return requester.worst(order.operation, server, deciding(concerned(order, frozen)))

    async def _refuse(
        self,
        requester: Requester,
        server: str,
        order: OperationRequest,
        decision: Decision,
        frozen: FrozenJobs | None,
    ) -> None:
        """Record that it is not allowed, and report that.

        Raises:
            NotAllowedError: always, once it is recorded.
            AuditUnavailableError, TooManyRefusalsError: it cannot be recorded.
        """
        record = ledger_records.refused(order, server, requester, decision, frozen, self.clock())
        queue = order.queue if decision.why is not Why.OTHER_QUEUE or order.queue else "one"
        await self._refusing.refuse(requester, record, decision, queue)

    async def _begin(
        self,
        requester: Requester,
        server: str,
        order: OperationRequest,
        decision: Decision,
        frozen: FrozenJobs | None,
    ) -> RunningOperation:
        now = self.clock()
        record = ledger_records.intent(order, server, requester, decision, frozen, now)
        jobs = frozen or FrozenJobs()
        operation = order.preview or secrets.token_hex(16)
        queues = concerned(order, frozen) or jobs.queues
        running = RunningOperation(
            id=operation,
            record=0,
            server=server,
            operation=order.operation.value,
            queue=queues[0] if len(queues) == 1 else "",
            actor=requester.who.name,
            reason=order.reason.strip(),
            asked=msgspec.json.encode(order),
            who=msgspec.json.encode(requester.who),
            steps=len(jobs.chunks),
            total=jobs.count,
            started_at=now,
            order_digest=order_digest(order, server, operation),
            queues=written(concerned(order, frozen)),
            lease_owner=self._going.console,
            fence=1,
        )
        jids = [entry.jid for entry in _unpack(jobs.chunks[0])] if jobs.chunks else []
        few = jids[:_TOUCHED] if jobs.count <= _TOUCHED else []
        previewed, lease = bool(order.preview), self.lease
        also = NewOperation(running, few, jobs.chunks, previewed=previewed, lease=lease)
        try:
            number = await self._writer.write(record, also)
        except StoreError as error:
            raise unrecorded(error) from error
        return msgspec.structs.replace(running, record=number)

    async def _waited(self, running: RunningOperation) -> Result:
        """Return the result of an operation, or its progress when patience runs out."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.patience):
                while running.ended_at is None:
                    task = self._going.find(running.id)
                    if task is not None:
                        running = await asyncio.shield(task)
                    else:
                        # Another console carries it out.
                        await asyncio.sleep(_LOOK)
                        running = await self._as_kept(running)
        return result_of(running if running.ended_at is not None else await self._as_kept(running))

    async def _as_kept(self, running: RunningOperation) -> RunningOperation:
        """Return an operation with its last known progress."""
        with contextlib.suppress(StoreError):
            return await self.database.run(operations.find, running.id) or running
        return running

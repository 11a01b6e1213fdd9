"""Which jobs a request is about: frozen as they are at one moment, by number, state and score."""

from __future__ import annotations

import msgspec

from glasshouse.control.requester import Requester
from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet
from glasshouse.model.jobquery import JobQuery, parse_query
from glasshouse.model.operation import Operation
from glasshouse.model.request import NAMES, OperationRequest
from glasshouse.policy.searching import refuse_hidden
from glasshouse.storage import operations, trash
from glasshouse.storage.database import Database
from glasshouse.storage.operations import RunningOperation
from glasshouse.storage.trash import TrashedJob
from glasshouse.upstream.operator import (
    CHUNK,
    CHUNK_BYTES,
    Entry,
    FrozenJobs,
    Groups,
    Operator,
    Selection,
)

_pack = msgspec.msgpack.Encoder().encode
ON_JOBS = frozenset({
    Operation.QUEUE_DELETE_JOBS, Operation.QUEUE_CLEAR, Operation.JOB_RETRY, Operation.JOB_KILL,
    Operation.JOB_DELETE, Operation.SET_CLEAR, Operation.TRASH_RESTORE, Operation.SERVER_FLUSH,
})  # fmt: skip


async def freeze(
    order: OperationRequest,
    requester: Requester,
    operator: Operator,
    database: Database,
    server: str,
    now: float,
) -> FrozenJobs:
    """Return the jobs that ``order`` selects and ``requester`` may see, as of now.

    Raises:
        InvalidError: the search words cannot be understood.
        DeniedError: they search for something hidden.
        NotFoundError: there is no such record in the trash, or none of the jobs exists.
        UpstreamUnavailableError: the server cannot be read.
    """
    if order.operation is Operation.TRASH_RESTORE:
        return await _trashed(order, requester, database, server)
    jobs = await operator.freeze(_selection(order, requester, now))
    if not jobs.count and NAMES[order.operation].jobs and order.query is None:
        raise NotFoundError(
            "None of these jobs is left.", remedy="Reload the list and select again."
        )
    return jobs


def _selection(order: OperationRequest, requester: Requester, now: float) -> Selection:
    hidden, visibility = requester.visibility.hidden, requester.visibility
    query: JobQuery | None = None
    if order.query is not None:
        query = parse_query(order.query, now)
        if query is not None:
            refuse_hidden(query, hidden)
            query = msgspec.structs.replace(query, hidden=hidden)
    return Selection(
        queue=order.queue,
        set=None if order.set is None else JobSet(order.set),
        everything=order.operation is Operation.SERVER_FLUSH,
        jids=order.jids,
        keys=order.keys,
        query=query,
        # Whoever may clear a whole set may do so without seeing every job of it.
        shown=None if visibility.everything or NAMES[order.operation].whole else visibility.queues,
        told=told_to(requester),
        hidden=hidden,
    )


def told_to(requester: Requester) -> tuple[str, ...] | None:
    """Return the globs of the queues that someone may be informed about; ``None`` for all."""
    return None if requester.visibility.everything else requester.visibility.queues


async def batch_of(order: OperationRequest, database: Database, server: str) -> RunningOperation:
    """Return the operation whose jobs are to be put back.

    Raises:
        NotFoundError: there is none on this server.
    """
    batch = await database.run(operations.by_record, order.record or 0)
    if batch is None or batch.server != server:
        raise NotFoundError(
            f"Record {order.record} deleted nothing here.", remedy="See the trash of this server."
        )
    return batch


async def _trashed(
    order: OperationRequest, requester: Requester, database: Database, server: str
) -> FrozenJobs:
    batch = await batch_of(order, database, server)
    wanted = None if order.jids is None else set(order.jids)
    chunks: list[bytes] = []
    part: list[Entry] = []
    size = after = count = total = 0
    names: tuple[dict[str, int], dict[str, int]] = ({}, {})
    while page := await database.run(trash.jobs, batch.id, after=after):
        for _, job in page:
            if not requester.visibility.shows(job.queue) or (
                wanted is not None and job.jid not in wanted
            ):
                continue
            if len(part) == CHUNK or size + len(job.body) > CHUNK_BYTES:
                chunks.append(_pack(part))
                part, size = [], 0
            part.append(_entry(job))
            size, count, total = size + len(job.body), count + 1, total + len(job.body)
            for known, name in zip(names, (job.queue, job.jobtype), strict=True):
                known[name] = known.get(name, 0) + 1
        after = page[-1][0]
    if part:
        chunks.append(_pack(part))
    if not count:
        raise NotFoundError(
            "None of it is in the trash any more.",
            remedy="It was already restored, or has expired.",
        )
    # The last ones first: each part then goes ahead of those that are already back.
    return FrozenJobs(
        chunks=tuple(reversed(chunks)),
        count=count,
        size=total,
        groups=Groups(queues=names[0], jobtypes=names[1], errors={}),
        queues=tuple(names[0]),
        told=told_to(requester),
        hidden=requester.visibility.hidden,
    )


def _entry(job: TrashedJob) -> Entry:
    return Entry(job.number, job.state, job.score, job.jid, job.queue)

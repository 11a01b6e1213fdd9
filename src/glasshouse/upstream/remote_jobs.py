"""Rows of Faktory's pages as entries; what a page does not show is not made up."""

from __future__ import annotations

import msgspec

from glasshouse.faktory_ui.arguments import Arguments
from glasshouse.faktory_ui.jobs import FailureCell, JobPage, JobRow, QueuedJob
from glasshouse.faktory_ui.server import ShownReservation
from glasshouse.model.job import ROUNDED, WRAPPER, JobSet, JobState, StoredJob
from glasshouse.model.times import stored_time
from glasshouse.wire.jobnames import name_of, wrapped_name
from glasshouse.wire.lenient import fields, value


def queued(row: QueuedJob, queue: str) -> StoredJob:
    """Return a row of a queue: its payload is included, byte for byte."""
    # Versions before 1.9 do not show what a wrapped job wraps.
    jobtype = value(fields(row.payload).get("jobtype"))
    return StoredJob(
        state=JobState.ENQUEUED,
        jid=row.jid,
        jobtype=name_of(jobtype if isinstance(jobtype, str) else row.jobtype, row.payload),
        queue=queue,
        payload=row.payload,
    )


def listed(row: JobRow, name: JobSet) -> StoredJob:
    """Return a row of a set."""
    failure = None if row.failure is None else _failure(row.failure)
    job = _partial(JobState(name.value), row, failure)
    return msgspec.structs.replace(job, key=row.key, at=row.at)


def detailed(job: StoredJob, page: JobPage) -> StoredJob:
    """Return a set's entry with what its own page adds: arguments and backtrace."""
    known = fields(job.payload).get("failure")
    failure: dict[str, object] = {} if known is None else msgspec.json.decode(known)
    if page.errtype is not None:
        failure |= {"errtype": page.errtype, "message": page.message or ""}
    if page.backtrace:
        failure["backtrace"] = list(page.backtrace)
    payload = _payload(job.jid, job.jobtype, job.queue, page.args, failure or None)
    return msgspec.structs.replace(
        job,
        # A list may have truncated what shows it.
        jobtype=_name(job.jobtype, page.args),
        payload=payload,
        shown_args=_shown(page.args),
        rounded_args=_rounded(page.args),
    )


def held(row: ShownReservation) -> StoredJob:
    """Return a job that a worker holds; since when and until when is shown in words only."""
    return msgspec.structs.replace(_partial(JobState.WORKING, row, None), wid=row.wid)


def time_of(job: StoredJob) -> float | None:
    """Return what a list is ordered by: the entry's time, or in a queue when it was enqueued."""
    if job.at is not None:
        return job.at
    return stored_time(value(fields(job.payload).get("enqueued_at")))


def _failure(shown: FailureCell) -> dict[str, object]:
    errtype, message = shown.parts
    failure: dict[str, object] = {"errtype": errtype, "message": message}
    if shown.retry_count is not None:
        failure["retry_count"] = shown.retry_count
    return {name: what for name, what in failure.items() if what != ""}


def _partial(
    state: JobState, row: JobRow | ShownReservation, failure: dict[str, object] | None
) -> StoredJob:
    return StoredJob(
        state=state,
        jid=row.jid,
        jobtype=_name(row.jobtype, row.args),
        queue=row.queue,
        payload=_payload(row.jid, row.jobtype, row.queue, row.args, failure),
        partial=True,
        shown_args=_shown(row.args),
        rounded_args=_rounded(row.args),
    )


def _name(jobtype: str, args: Arguments) -> str:
    """Return a job's name; pages before 1.9 show the type that all ActiveJob jobs share."""
    if jobtype != WRAPPER or args.items is None:
        return jobtype
    return wrapped_name(None, f"[{','.join(args.items)}]".encode())


def _payload(
    jid: str, jobtype: str, queue: str, args: Arguments, failure: dict[str, object] | None
) -> bytes:
    known: dict[str, object] = {"jid": jid, "jobtype": jobtype, "queue": queue}
    if args.items is not None and args.exact:
        known["args"] = [msgspec.Raw(item.encode()) for item in args.items]
    if failure is not None:
        known["failure"] = failure
    return msgspec.json.encode(known)


def _shown(args: Arguments) -> str | None:
    if args.items is None:
        return args.text
    # Faktory may have rounded some of the numbers.
    return None if args.exact else ROUNDED + args.text


def _rounded(args: Arguments) -> bytes | None:
    if args.items is None or args.exact:
        return None
    return f"[{', '.join(args.items)}]".encode()

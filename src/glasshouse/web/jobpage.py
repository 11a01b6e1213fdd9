"""One job in full: every entry with its id, its facts, its times, its stored text."""

from __future__ import annotations

from glasshouse.model.job import JobState, StoredJob
from glasshouse.web import format as fmt
from glasshouse.web import payload
from glasshouse.web.i18n import t
from glasshouse.web.rows import queue_href, retries
from glasshouse.web.views import Fact, JobEntry

_PLACES = {
    JobState.ENQUEUED: "waiting in queue {queue}",
    JobState.SCHEDULED: "scheduled",
    JobState.WORKING: "running on a worker",
    JobState.RETRIES: "waiting for a retry",
    JobState.DEAD: "dead",
}
_PATHS = {JobState.WORKING: "busy"}
_DUE = {
    JobState.SCHEDULED: "Due",
    JobState.RETRIES: "Next retry",
    JobState.DEAD: "Expires",
}
_KNOWN = ("jid", "jobtype", "queue", "args", "failure", "created_at", "enqueued_at", "at", "retry")
_LONG = 512


def entry(job: StoredJob, server: str, now: float, locale: str) -> JobEntry:
    """Return everything known about one entry."""
    members = payload.fields(job.payload)
    failure = payload.value(members.get("failure"))
    facts = failure if isinstance(failure, dict) else {"message": failure}
    queue = fmt.display_text(job.queue)
    where = queue_href(server, job.queue)
    if job.state is not JobState.ENQUEUED:
        where = f"/{server}/{_PATHS.get(job.state, job.state.value)}"
    args = members.get("args", b"" if members else job.payload)
    return JobEntry(
        state=job.state.value,
        state_label=t("state " + job.state.value, locale),
        where=t(_PLACES[job.state], locale, queue=queue),
        where_href=where,
        jobtype=fmt.display_text(job.jobtype),
        facts=_facts(job, members, facts, server, locale),
        timeline=_timeline(job, members, facts, now, locale),
        failed=failure is not None,
        errtype=payload.text_of(facts.get("errtype")),
        message=_block(facts.get("message")),
        backtrace=_backtrace(facts.get("backtrace")),
        args=payload.pretty(args),
        args_size=fmt.size(len(args)),
        raw=fmt.display_bytes(job.payload[: payload.MAX_SHOWN], lines=True),
        raw_size=fmt.size(len(job.payload)),
        raw_cut=len(job.payload) > payload.MAX_SHOWN,
    )


def _facts(
    job: StoredJob, members: dict[str, bytes], facts: dict[str, object], server: str, locale: str
) -> tuple[Fact, ...]:
    rows = [
        Fact(
            label=t("Queue", locale),
            text=fmt.display_text(job.queue),
            href=queue_href(server, job.queue),
            moment=None,
        ),
        _fact("Type", fmt.display_text(job.jobtype), locale),
        _fact("Retries", retries(facts, members, locale), locale),
        _fact("Retry limit", _stored(members, "retry"), locale),
        _fact("Worker", "" if job.wid is None else fmt.display_text(job.wid), locale),
    ]
    rows += [
        Fact(
            label=fmt.cut(fmt.display_text(name), 60),
            text=_stored(members, name),
            href="",
            moment=None,
        )
        for name in list(members)[:40]
        if name not in _KNOWN
    ]
    return tuple(row for row in rows if row.text)


def _timeline(
    job: StoredJob, members: dict[str, bytes], facts: dict[str, object], now: float, locale: str
) -> tuple[Fact, ...]:
    def stored(name: str) -> fmt.Moment | None:
        return fmt.stored_moment(payload.value(members.get(name)), now, locale)

    def known(at: float | None) -> fmt.Moment | None:
        return None if at is None else fmt.moment(at, now, locale)

    steps = [
        ("Created", stored("created_at")),
        ("Scheduled for", stored("at")),
        ("Enqueued", stored("enqueued_at")),
        ("First failed", fmt.stored_moment(facts.get("failed_at"), now, locale)),
        ("Reserved", known(job.reserved_at)),
        ("Reservation expires", known(job.expires_at)),
        (_DUE.get(job.state, "Due"), known(job.at)),
    ]
    return tuple(
        Fact(label=t(label, locale), text="", href="", moment=moment)
        for label, moment in steps
        if moment is not None
    )


def _fact(label: str, text: str, locale: str) -> Fact:
    return Fact(label=t(label, locale), text=text, href="", moment=None)


def _stored(members: dict[str, bytes], name: str) -> str:
    raw = members.get(name, b"")
    return fmt.cut(fmt.display_bytes(raw[: _LONG * 4]), _LONG)


def _block(data: object) -> str:
    if isinstance(data, str):
        return fmt.display_text(data[: payload.MAX_SHOWN], lines=True)
    return fmt.cut(payload.text_of(data), payload.MAX_SHOWN)


def _backtrace(data: object) -> str:
    if not isinstance(data, list):
        return _block(data)
    lines = (line if isinstance(line, str) else payload.text_of(line) for line in data[:500])
    return _block("\n".join(lines))

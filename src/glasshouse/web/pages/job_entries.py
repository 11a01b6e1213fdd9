"""One job in full: every entry with its id, its facts, its times and its stored text."""

from __future__ import annotations

from collections.abc import Sequence

from glasshouse.model.addresses import queue_href
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.operation import Operation
from glasshouse.web.operations.buttons import copy_of, entry_bar
from glasshouse.web.pages import stored
from glasshouse.web.pages.job_context import JobContext
from glasshouse.web.pages.timeline import timeline
from glasshouse.web.presentation import payload
from glasshouse.web.presentation.related import related
from glasshouse.web.presentation.rows import retries
from glasshouse.web.presentation.size_budget import Budget
from glasshouse.web.presentation.verdict import Facts, verdict
from glasshouse.web.presentation.views import Fact, JobEntry, StoredText
from glasshouse.web.shapes import unreadable
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

PLACES = {
    JobState.ENQUEUED: "waiting in queue {queue}",
    JobState.SCHEDULED: "scheduled",
    JobState.WORKING: "running on a worker",
    JobState.RETRIES: "waiting for a retry",
    JobState.DEAD: "dead",
}
_PATHS = {JobState.WORKING: "busy"}
_MOVES = frozenset({Operation.JOB_RETRY, Operation.JOB_KILL, Operation.TRASH_RESTORE})
_KNOWN = ("jid", "jobtype", "queue", "args", "failure", "created_at", "enqueued_at", "at", "retry")
_LONG = 512
_MOST_FACTS, _FEW_FACTS = 40, 8
_MESSAGE, _BACKTRACE = 32 << 10, 64 << 10
_FEW = 4 << 10
"""How much of an entry's texts is shown when it is not the first with its id."""


def entry(job: StoredJob, about: JobContext, budget: Budget, *, first: bool) -> JobEntry:
    """Return everything known about one entry, as far as the page has room for its texts."""
    return unreadable.shown(lambda one: _entry(one, about, budget, first=first), job, about.locale)


def _entry(job: StoredJob, about: JobContext, budget: Budget, *, first: bool) -> JobEntry:
    locale = about.locale
    members = payload.fields(job.payload)
    facts = payload.failure_of(members)
    queue = fmt.display_text(job.queue)
    where = queue_href(about.server, job.queue)
    if job.state is not JobState.ENQUEUED:
        where = f"/{about.server}/{_PATHS.get(job.state, job.state.value)}"
    message = budget.take(_text(facts.get("message")), _MESSAGE if first else _FEW)
    lines = _lines(facts.get("backtrace"))
    trace = budget.take("\n".join(lines), _BACKTRACE if first else _FEW)
    args = members.get("args", b"" if members else job.payload)
    others = [name for name in members if name not in _KNOWN]
    few = _MOST_FACTS if first else _FEW_FACTS
    return JobEntry(
        state=job.state.value,
        state_label=t("state " + job.state.value, locale),
        where=t(PLACES[job.state], locale, queue=queue),
        where_href=where,
        jobtype=fmt.display_text(job.jobtype),
        verdict=verdict(_known(job, members, facts, about), about.now, locale),
        facts=_facts(job, members, facts, others[:few], about),
        more_facts=fmt.number(len(others) - few, locale) if len(others) > few else "",
        timeline=timeline(job, members, facts, about),
        related=related(job, facts, about.server, locale),
        failed=members.get("failure", b"null") != b"null",
        errtype=fmt.cut(payload.text_of(facts.get("errtype")), _LONG),
        message=message.text,
        message_cut=message.cut,
        backtrace=trace.text,
        backtrace_lines=len(lines),
        backtrace_cut=trace.cut,
        args=_stored_text(job, args, "args", about, budget, first=first),
        raw=None if job.partial else _stored_text(job, job.payload, "", about, budget, first=first),
        redacted=job.redacted,
        bar=entry_bar(about.context, job),
        copy=copy_of(about.context, job) if first else None,
    )


def _stored_text(
    job: StoredJob, raw: bytes, part: str, about: JobContext, budget: Budget, *, first: bool
) -> StoredText:
    most = payload.MAX_SHOWN if first else _FEW
    as_shown = job.shown_args if job.partial else None
    text = payload.pretty(raw, most) if as_shown is None else fmt.display_text(as_shown, lines=True)
    shown = budget.take(text, 4 * most, cut=len(raw) > most)
    return StoredText(
        name=stored.entry_name(job),
        part=part,
        text=shown.text,
        size="" if job.partial else fmt.size(len(raw), about.locale),
        cut=shown.cut and not job.partial,
        href="" if job.partial else stored.href(about.server, job),
    )


def _known(
    job: StoredJob, members: dict[str, bytes], facts: dict[str, object], about: JobContext
) -> Facts:
    count, limit = facts.get("retry_count"), payload.value(members.get("retry"))
    enqueued = fmt.stored_moment(payload.value(members.get("enqueued_at")), about.now, "en")
    return Facts(
        job=job,
        enqueued_at=enqueued.at if enqueued is not None and enqueued.iso else None,
        retries=count if isinstance(count, int) else None,
        limit=limit if isinstance(limit, int) else None,
        state=about.state,
        times=about.times.get(job.jobtype),
        killed=_killed(job, facts, about),
    )


def _killed(job: StoredJob, facts: dict[str, object], about: JobContext) -> str | None:
    """Return who killed a dead job; empty if unknown, ``None`` if nobody did."""
    if job.state is not JobState.DEAD:
        return None
    last = next((one for one in about.acts if one.operation in _MOVES), None)
    ended = max((one.finished_at for one in about.ran.items), default=0.0) if about.ran else 0.0
    if last is not None and last.operation == Operation.JOB_KILL and ended <= last.started_at:
        return fmt.display_text(last.actor.partition(":")[2])
    # The embedded server forgets a job's next retry time as soon as it gives the job up.
    waited = facts.get("next_at") is not None or not any(facts.values())
    return "" if about.ran is not None and not job.redacted and waited else None


def _facts(
    job: StoredJob,
    members: dict[str, bytes],
    facts: dict[str, object],
    others: Sequence[str],
    about: JobContext,
) -> tuple[Fact, ...]:
    locale = about.locale
    rows = [
        Fact(
            label=t("Queue", locale),
            text=fmt.display_text(job.queue),
            href=queue_href(about.server, job.queue),
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
        for name in others
    ]
    return tuple(row for row in rows if row.text)


def _fact(label: str, text: str, locale: str) -> Fact:
    return Fact(label=t(label, locale), text=text, href="", moment=None)


def _stored(members: dict[str, bytes], name: str) -> str:
    raw = members.get(name, b"")
    return fmt.cut(fmt.display_bytes(raw[: _LONG * 4]), _LONG)


def _text(data: object) -> str:
    return fmt.display_text(data, lines=True) if isinstance(data, str) else payload.text_of(data)


def _lines(data: object) -> list[str]:
    if not isinstance(data, list):
        text = _text(data)
        return text.split("\n") if text else []
    return [_text(line.rstrip("\r\n") if isinstance(line, str) else line) for line in data]

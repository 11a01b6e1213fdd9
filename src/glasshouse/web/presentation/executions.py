"""Executions that ended, as rows: for the finished page and for a job's own page."""

from __future__ import annotations

from urllib.parse import urlencode

from glasshouse.model.addresses import job_href, queue_href
from glasshouse.model.finished import Executions, FinishedJob
from glasshouse.model.job import Outcome
from glasshouse.web.http.query import MAX_TEXT
from glasshouse.web.presentation.rows import jid_text
from glasshouse.web.presentation.views import ExecutionRow, RanView
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

MEANINGS = {
    Outcome.DONE: "the worker reported success",
    Outcome.RETRIED: "it failed and will be retried",
    Outcome.BURIED: "it failed and moved to the dead set",
    Outcome.DROPPED: "it failed and was discarded: it allows no retries",
}
ANSWERS = {
    Outcome.DONE: "Yes, it ran successfully.",
    Outcome.RETRIED: "It ran, failed and will be retried.",
    Outcome.BURIED: "It ran, failed and moved to the dead set.",
    Outcome.DROPPED: "It ran, failed and was discarded: it allows no retries.",
}
_NAME = 120


def finished_href(server: str, **given: str) -> str:
    """Return the address of the log, filtered by what is given."""
    query = {name: value for name, value in given.items() if value}
    path = f"/{server}/finished"
    return f"{path}?{urlencode(query, errors='surrogatepass')}" if query else path


def can_be_asked_for(name: str) -> bool:
    """Return whether a name survives a form and an address unchanged."""
    return 0 < len(name) <= MAX_TEXT and fmt.display_text(name) == name


def type_href(server: str, jobtype: str, **given: str) -> str:
    """Return the address of one type's executions; empty if the type cannot be requested."""
    return finished_href(server, type=jobtype, **given) if can_be_asked_for(jobtype) else ""


def execution_row(entry: FinishedJob, server: str, now: float, locale: str) -> ExecutionRow:
    """Return one entry of the log as a row."""
    waited = entry.waited
    return ExecutionRow(
        row=f"ran-{entry.id}",
        jid=jid_text(entry.jid),
        href=job_href(server, entry.jid),
        jobtype=fmt.cut(fmt.display_text(entry.jobtype), _NAME),
        queue=fmt.name(entry.queue),
        queue_href=queue_href(server, entry.queue),
        worker=fmt.cut(fmt.display_text(entry.wid), _NAME),
        waited="" if waited is None else fmt.span(waited, locale),
        ran=fmt.span(entry.ran, locale),
        outcome=entry.outcome.value,
        outcome_label=t("outcome " + entry.outcome.value, locale),
        outcome_title=t(MEANINGS[entry.outcome], locale),
        errtype=fmt.cut(fmt.display_text(entry.errtype or ""), _NAME),
        at=fmt.moment(entry.finished_at, now, locale),
    )


def ran_view(executions: Executions, jid: str, server: str, now: float, locale: str) -> RanView:
    """Return the answer to "did my job run?"."""
    rows = tuple(execution_row(entry, server, now, locale) for entry in executions.items)
    last = executions.items[0].outcome if executions.items else None
    return RanView(
        answer="" if last is None else t(ANSWERS[last], locale),
        at=rows[0].at if rows else None,
        label=t("executions: {n}", locale, n=f"{len(rows)}{'+' if executions.more else ''}"),
        rows=rows,
        more=executions.more,
        log_href=finished_href(server, id=jid) if can_be_asked_for(jid) else "",
    )

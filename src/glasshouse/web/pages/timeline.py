"""The timeline of a job: what happened to it, attempt by attempt, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from glasshouse.model.finished import FinishedJob
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation
from glasshouse.storage.operations import RunningOperation
from glasshouse.web.presentation import payload
from glasshouse.web.presentation.views import Fact
from glasshouse.web.request.return_path import operation_href
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

if TYPE_CHECKING:
    from glasshouse.web.pages.job_context import JobContext

DUE = {
    JobState.SCHEDULED: "Due",
    JobState.RETRIES: "Next retry",
    JobState.DEAD: "Expires",
}
_SHOWN, _REASON = 20, 200
_ACTS = {
    Operation.JOB_RETRY: message("Retried by hand"),
    Operation.JOB_KILL: message("Killed"),
    Operation.JOB_DELETE: message("Deleted"),
    Operation.QUEUE_DELETE_JOBS: message("Deleted"),
    Operation.QUEUE_CLEAR: message("Deleted"),
    Operation.SET_CLEAR: message("Deleted"),
    Operation.SERVER_FLUSH: message("Deleted"),
    Operation.TRASH_RESTORE: message("Restored"),
}


def timeline(
    job: StoredJob, members: dict[str, bytes], facts: dict[str, object], about: JobContext
) -> tuple[Fact, ...]:
    """Return the steps of a job ordered by time; those without a time come first."""
    now, locale = about.now, about.locale

    def held(name: str) -> fmt.Moment | None:
        return fmt.stored_moment(payload.value(members.get(name)), now, locale)

    def known(at: float | None) -> fmt.Moment | None:
        return None if at is None else fmt.moment(at, now, locale)

    steps = [
        Step("Created", "", held("created_at")),
        Step(message("Scheduled for"), "", held("at")),
        Step("Enqueued", "", held("enqueued_at")),
        Step("First failed", "", fmt.stored_moment(facts.get("failed_at"), now, locale)),
        *_attempts(about),
        *_acts(job, about),
        Step(message("Reserved"), "", known(job.reserved_at)),
        Step(message("Reservation expires"), "", known(job.expires_at)),
        Step(DUE.get(job.state, "Due"), "", known(job.at)),
    ]
    return tuple(
        Fact(label=t(step.label, locale), text=step.text, href=step.href, moment=step.moment)
        for step in sorted((step for step in steps if step.moment is not None), key=_when)
    )


class Step(NamedTuple):
    """Something that happened to a job, or will happen."""

    label: str
    text: str
    moment: fmt.Moment | None
    href: str = ""


def _when(step: Step) -> float:
    return 0.0 if step.moment is None else step.moment.at


def _acts(job: StoredJob, about: JobContext) -> list[Step]:
    """Return what people did to it through this console."""
    return [
        Step(
            _ACTS[Operation(one.operation)],
            by_whom(one, about.locale),
            fmt.moment(one.started_at, about.now, about.locale),
            operation_href(one.id, about.context.path),
        )
        for one in about.acts
        if one.operation in _ACTS and (not about.several or _only_here(one, job))
    ]


def _only_here(one: RunningOperation, job: StoredJob) -> bool:
    """Return whether it was done to this entry of its id and not to another."""
    return one.operation == Operation.JOB_KILL and job.state is JobState.DEAD


def by_whom(one: RunningOperation, locale: str) -> str:
    """Return who did something, and the reason if one was given."""
    who = t("by {name}", locale, name=fmt.display_text(one.actor.partition(":")[2]))
    reason = fmt.cut(fmt.display_text(one.reason), _REASON)
    return f"{who}: {reason}" if reason else who


def _attempts(about: JobContext) -> list[Step]:
    """Return the newest executions of this id in the log."""
    if about.ran is None:
        return []
    return [
        Step(
            message("Attempt ended"),
            _told(one, about),
            fmt.moment(one.finished_at, about.now, about.locale),
        )
        for one in about.ran.items[:_SHOWN]
    ]


def _told(one: FinishedJob, about: JobContext) -> str:
    outcome = t("outcome " + one.outcome.value, about.locale)
    ran = t("ran {time}", about.locale, time=fmt.span(one.ran, about.locale))
    kind = fmt.cut(fmt.display_text(one.errtype or ""), 120)
    return " · ".join(part for part in (outcome, kind, ran) if part)

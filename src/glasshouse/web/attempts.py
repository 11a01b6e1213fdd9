"""The timeline of a job: what happened to it, attempt by attempt, and what comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glasshouse.model.finished import FinishedJob
from glasshouse.model.job import JobState, StoredJob
from glasshouse.web import format as fmt
from glasshouse.web import payload
from glasshouse.web.i18n import t
from glasshouse.web.views import Fact

if TYPE_CHECKING:
    from glasshouse.web.jobpage import About

DUE = {
    JobState.SCHEDULED: "Due",
    JobState.RETRIES: "Next retry",
    JobState.DEAD: "Expires",
}
_SHOWN = 20


def timeline(
    job: StoredJob, members: dict[str, bytes], facts: dict[str, object], about: About
) -> tuple[Fact, ...]:
    """Return the steps of a job in the order of their times; those without a time come first."""
    now, locale = about.now, about.locale

    def held(name: str) -> fmt.Moment | None:
        return fmt.stored_moment(payload.value(members.get(name)), now, locale)

    def known(at: float | None) -> fmt.Moment | None:
        return None if at is None else fmt.moment(at, now, locale)

    steps = [
        ("Created", "", held("created_at")),
        ("Scheduled for", "", held("at")),
        ("Enqueued", "", held("enqueued_at")),
        ("First failed", "", fmt.stored_moment(facts.get("failed_at"), now, locale)),
        *_attempts(about),
        ("Reserved", "", known(job.reserved_at)),
        ("Reservation expires", "", known(job.expires_at)),
        (DUE.get(job.state, "Due"), "", known(job.at)),
    ]
    ordered = sorted(
        ((moment, label, text) for label, text, moment in steps if moment is not None),
        key=lambda step: step[0].at,
    )
    return tuple(
        Fact(label=t(label, locale), text=text, href="", moment=moment)
        for moment, label, text in ordered
    )


def _attempts(about: About) -> list[tuple[str, str, fmt.Moment]]:
    """Return the newest executions that the log holds of this id."""
    if about.ran is None:
        return []
    return [
        ("Attempt ended", _told(one, about), fmt.moment(one.finished_at, about.now, about.locale))
        for one in about.ran.items[:_SHOWN]
    ]


def _told(one: FinishedJob, about: About) -> str:
    outcome = t("outcome " + one.outcome.value, about.locale)
    ran = t("ran {time}", about.locale, time=fmt.span(one.ran, about.locale))
    kind = fmt.cut(fmt.display_text(one.errtype or ""), 120)
    return " · ".join(part for part in (outcome, kind, ran) if part)

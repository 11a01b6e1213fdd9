"""Links to more of the same: jobs of one type, jobs with one error."""

from __future__ import annotations

from glasshouse.model.job import StoredJob
from glasshouse.model.jobquery import write_term
from glasshouse.web.http.query import MAX_TEXT
from glasshouse.web.presentation.executions import can_be_asked_for, finished_href
from glasshouse.web.presentation.views import Link, RelatedLinks
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

_LISTS = (("retries", "Retries"), ("dead", "Dead"), ("scheduled", "Scheduled"))
_FAILED = _LISTS[:2]
_SAID = 200
"""How much of an error's message is searched for: its end often names only one case."""


def related(
    job: StoredJob, facts: dict[str, object], server: str, locale: str
) -> tuple[RelatedLinks, ...]:
    """Return links to jobs of the same type, and of the same error if the job has failed."""
    found = [
        RelatedLinks(
            label=t("Same type", locale),
            items=(
                *_searches(server, _LISTS, write_term("type", job.jobtype), locale),
                *_finished(server, job.jobtype, "", locale),
            ),
        )
    ]
    kind, message = facts.get("errtype"), facts.get("message")
    if isinstance(kind, str) and kind:
        found.append(
            RelatedLinks(
                label=t("Same error type", locale),
                items=(
                    *_searches(server, _FAILED, write_term("error", kind), locale),
                    *_finished(server, "", kind, locale),
                ),
            )
        )
    if isinstance(message, str) and message.strip():
        term = write_term("error", message.strip()[:_SAID].strip())
        found.append(
            RelatedLinks(
                label=t("Same error message", locale),
                items=_searches(server, _FAILED, term, locale),
            )
        )
    return tuple(links for links in found if links.items)


def _searches(
    server: str, lists: tuple[tuple[str, str], ...], words: str, locale: str
) -> tuple[Link, ...]:
    # A star in a name would be read as a pattern; odd characters would not survive a form.
    if len(words) > MAX_TEXT or fmt.display_text(words) != words:
        return ()
    return tuple(
        Link(label=t(label, locale), href=f"/{server}/{path}?q={fmt.segment(words)}")
        for path, label in lists
    )


def _finished(server: str, jobtype: str, error: str, locale: str) -> tuple[Link, ...]:
    if not can_be_asked_for(jobtype or error):
        return ()
    href = finished_href(server, type=jobtype, error=error)
    return (Link(label=t("Finished", locale), href=href),)

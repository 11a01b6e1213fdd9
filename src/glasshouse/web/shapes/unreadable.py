"""A job that cannot be laid out affects only its row, which shows what is known without its text.

Viewers of a list still see the other jobs and can delete the odd one. The reason is in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec
import structlog

from glasshouse.model.job import StoredJob
from glasshouse.model.messages import message
from glasshouse.web.text.i18n import t

log = structlog.get_logger()

T = TypeVar("T")

SAID = message(
    "This job cannot be displayed; see the console's log for the reason. It can be deleted."
)


def shown(make: Callable[[StoredJob], T], job: StoredJob, locale: str) -> T:
    """Return what ``make`` makes of a job, or of what is left without its text if that raises."""
    try:
        return make(job)
    except Exception:
        log.exception("a job cannot be shown", state=job.state.value)
        return make(_rest(job, locale))


def _rest(job: StoredJob, locale: str) -> StoredJob:
    return msgspec.structs.replace(
        job,
        payload=b"",
        at=None,
        reserved_at=None,
        expires_at=None,
        partial=True,
        shown_args=t(SAID, locale),
    )

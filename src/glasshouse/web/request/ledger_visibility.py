"""What a viewer sees of the ledger: a role sees the records of its servers and its queues.

- A record about a server is seen by viewers who see the ledger there and every queue that the
  record is about. A record that names no queue may be about all of them.
- A record about the console and its people is seen by viewers who see the ledger and every queue on
  every server of this console.
- A pushed job in a record is shown without what is hidden from the viewer, whoever pushed it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from glasshouse.ledger import subject
from glasshouse.ledger.chain import Link
from glasshouse.ledger.export import read, table
from glasshouse.ledger.subject import Subject
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.policy.visibility import Visibility
from glasshouse.storage import ledger
from glasshouse.storage.ledger import RecordFilter
from glasshouse.web.request.context import PageContext
from glasshouse.wire.jobs import JobError, parse_job
from glasshouse.wire.masking import masked_push

_JOB = "job"


class VisibleRecord(msgspec.Struct, frozen=True):
    """A record that may be seen; ``masked`` is what is shown of it, if that is not everything."""

    link: Link
    masked: Mapping[str, Any] | None = None

    @property
    def record(self) -> Mapping[str, Any]:
        """What is shown of it."""
        return read(self.link) if self.masked is None else self.masked


class LedgerVisibility:
    """What one viewer sees of the ledger now."""

    def __init__(self, context: PageContext) -> None:
        """Read as the viewer of ``context``."""
        self._viewer = context.viewer
        self._visibilities: dict[str, Visibility] = {}
        self.whole = context.monitor.audits_all
        """Whether this includes records about the console and its people."""

    def narrowed(self, db: sa.Connection, wanted: RecordFilter) -> RecordFilter:
        """Return the filter restricted to what may be seen."""
        wanted = msgspec.structs.replace(wanted, guarded=bool(self._hidden))
        known = ledger.subjects(db)
        about = tuple(sorted(key for key, named in known.items() if self.sees(named)))
        if self.whole and len(about) == len(known):
            return wanted
        return msgspec.structs.replace(wanted, about=about, console=self.whole)

    def sees(self, about: Subject | None) -> bool:
        """Return whether a record about this may be seen."""
        if about is None:
            return self.whole
        if about.server not in self._visibilities:
            self._visibilities[about.server] = self._viewer.sees(about.server)
        return covers(self._visibilities[about.server], about.queues)

    def shown(self, link: Link) -> VisibleRecord | None:
        """Return a record as it may be shown; ``None`` if it may not, whatever the row stated."""
        fields = read(link)
        detail = table(fields.get("detail"))
        if not self.sees(subject.subject_of(detail)):
            return None
        pushed = detail.get(_JOB)
        if not isinstance(pushed, str) or not self._hidden:
            return VisibleRecord(link)
        left = _without_hidden(pushed, self._hidden)
        if left == pushed:
            return VisibleRecord(link)
        return VisibleRecord(link, {**fields, "detail": {**detail, _JOB: left}})

    @property
    def _hidden(self) -> tuple[Redaction, ...]:
        return self._viewer.rules.hidden_from(self._viewer.actor)


def covers(visibility: Visibility, queues: tuple[str, ...] | None) -> bool:
    """Return whether a record of the ledger about these queues may be seen."""
    return visibility.audit and bool(visibility.queues) and all_shown(visibility, queues)


def all_shown(visibility: Visibility, queues: tuple[str, ...] | None) -> bool:
    """Return whether each of these queues, or without names every possible queue, can be seen."""
    if visibility.everything:
        return True
    return queues is not None and all(map(visibility.shows, queues))


def _without_hidden(pushed: str, hidden: tuple[Redaction, ...]) -> str:
    payload = pushed.encode("utf-8", "replace")
    try:
        job = parse_job(payload)
    except JobError:
        # It was cut off or is not a job: its contents cannot be determined.
        return MASK
    return masked_push(job, payload, hidden).decode("utf-8", "replace")

"""What the template of the audit ledger gets."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.presentation.views.shared import Choice
from glasshouse.web.text.format import Moment


class Detail(Struct, frozen=True, kw_only=True):
    """One detail of what happened, as stated in a record."""

    name: str
    value: str
    href: str


class AuditRow(Struct, frozen=True, kw_only=True):
    """One record. ``label`` describes what happened, ``bad`` means that it was refused."""

    seq: int
    at: Moment | None
    event: str
    label: str
    bad: bool
    name: str
    address: str
    how: str
    roles: tuple[str, ...]
    said: tuple[Detail, ...]
    digest: str


class SinkRow(Struct, frozen=True, kw_only=True):
    """A receiver that gets the ledger in addition to the database, up to record ``seq``.

    ``fault`` states why it gets nothing more since ``at``, and is empty while it does.
    """

    name: str
    seq: str
    fault: str
    at: Moment | None


class AuditView(Struct, frozen=True, kw_only=True):
    """``/audit``. ``older`` and ``newest`` are addresses, or empty.

    ``since`` and ``before`` are times as in form fields: UTC, without a zone.

    ``csv`` and ``jsonl`` are the addresses of all of it as a file.
    """

    rows: tuple[AuditRow, ...]
    total: str
    choices: tuple[Choice, ...]
    actor: str
    q: str
    since: str
    before: str
    active: bool
    csv: str
    jsonl: str
    older: str
    newest: str
    archived: str
    sinks: tuple[SinkRow, ...]

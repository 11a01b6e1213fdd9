"""What the template of the audit ledger gets."""

from __future__ import annotations

from msgspec import Struct

from glasshouse.web.format import Moment


class Said(Struct, frozen=True, kw_only=True):
    """One thing that a record says of what happened."""

    name: str
    value: str


class AuditRow(Struct, frozen=True, kw_only=True):
    """One record. ``label`` says what happened in words, ``bad`` that it was refused."""

    seq: int
    at: Moment
    event: str
    label: str
    bad: bool
    name: str
    address: str
    how: str
    roles: tuple[str, ...]
    said: tuple[Said, ...]
    digest: str


class AuditChoice(Struct, frozen=True, kw_only=True):
    """An event that can be looked for."""

    value: str
    label: str
    chosen: bool


class AuditView(Struct, frozen=True, kw_only=True):
    """``/audit``. ``exports``, ``older`` and ``newest`` are addresses, or empty."""

    rows: tuple[AuditRow, ...]
    total: str
    choices: tuple[AuditChoice, ...]
    actor: str
    q: str
    active: bool
    exports: str
    older: str
    newest: str

"""What a check finds: sentences by kind, a bounded number of each, and what to do about it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import apsw
import msgspec

_MOST = 10

_RESTORE = "Keep a copy of the folder, then restore a backup."
_COUNTS = "No job is lost; the engine counts anew when it starts: restart it."
_BY_HAND = (
    "The engine did not write this. Keep a copy of the folder, restore a backup, or delete the job "
    "with a Faktory client."
)

# By kind, in the order in which they are reported.
REMEDIES = {
    "pages": _RESTORE,
    "journal": "Jobs would be missing, so the engine does not start on this. Keep a copy of the "
    "folder, then put back the files that belong together, or restore a backup. "
    "`glasshouse engine salvage` makes a backup of what is readable; "
    "`glasshouse engine --accept-loss` starts with that.",
    "header": "Nothing is lost, and the engine starts. But the disk has changed what it held: look "
    "at it.",
    "state": _BY_HAND,
    "payload": _BY_HAND,
    "order": _BY_HAND,
    "queue": _COUNTS,
    "tally": _COUNTS,
    "finished": "Only the log of finished jobs is touched; start the engine, it trims the log "
    "within a minute. Then check again.",
    "parameter": "The engine uses the default instead; set the parameter again.",
    "space": "Make room: pushes are refused when the disk is full.",
    "permissions": "Take the rights of others away: chmod 700 for the folder, 600 for its files.",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is wrong: its kind, what it is, and what to do."""

    kind: str
    detail: str
    remedy: str


class Findings:
    """Collects the findings of a check."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, list[str]] = {kind: [] for kind in REMEDIES}
        self._more = dict.fromkeys(REMEDIES, 0)

    def add(self, kind: str, detail: str) -> None:
        """Add a finding."""
        kept = self._kept[kind]
        if len(kept) < _MOST:
            kept.append(detail)
        else:
            self._more[kind] += 1

    @contextlib.contextmanager
    def reading(self, what: str) -> Iterator[None]:
        """Add a finding if SQLite cannot read what the block reads, and continue after it."""
        try:
            yield
        except (apsw.CorruptError, apsw.NotADBError, apsw.IOError) as error:
            self.add("pages", f"SQLite cannot read {what}: {error}.")

    def all(self) -> list[Problem]:
        """Return them by kind."""
        return [
            Problem(kind=kind, detail=detail, remedy=REMEDIES[kind])
            for kind, kept in self._kept.items()
            for detail in kept + self._rest(kind)
        ]

    def _rest(self, kind: str) -> list[str]:
        more = self._more[kind]
        return [f"There are {more:,} more of this kind."] if more else []

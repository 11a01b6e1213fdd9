"""What people do to sessions and accounts, written to the audit ledger.

A record is durable before the answer leaves: who cannot be recorded is not let in. What
changes an account and its record are one transaction: both take place, or neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.model.access import IPAddress
from glasshouse.storage import ledger
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.request.requester import who_of
from glasshouse.web.request.viewer import Viewer

P = ParamSpec("P")
T = TypeVar("T")

Note = Callable[[sa.Connection], None]
"""Writes a record, in the transaction of what it tells of."""


def recorded(
    note: Note, change: Callable[Concatenate[sa.Connection, P], T]
) -> Callable[Concatenate[sa.Connection, P], T]:
    """Return ``change`` with its record; a change that returns false did nothing, and has none."""

    def both(db: sa.Connection, /, *args: P.args, **kwargs: P.kwargs) -> T:
        done = change(db, *args, **kwargs)
        if done is not False:
            note(db)
        return done

    return both


class Recording:
    """Writes records behind the last one. A detail may have any name, also one of a parameter."""

    def __init__(self, tools: AuthDependencies) -> None:
        """Write into the database."""
        self._tools = tools

    async def note(
        self, event: Event, name: str, address: IPAddress | None, /, **detail: str
    ) -> None:
        """Record what somebody did of whom no more is known than this.

        Raises:
            StoreError: it cannot be written.
        """
        await self._write(event, Subject(name=name, address=str(address or "")), detail)

    def noting(self, event: Event, name: str, address: IPAddress | None, /, **detail: str) -> Note:
        """Return what records likewise, together with a change."""
        return self._noting(event, Subject(name=name, address=str(address or "")), detail)

    def noting_viewer(self, event: Event, viewer: Viewer, /, **detail: str) -> Note:
        """Return what records what who is signed in did, together with that."""
        return self._noting(event, who_of(viewer), detail)

    def _noting(self, event: Event, who: Subject, detail: dict[str, str]) -> Note:
        def note(db: sa.Connection) -> None:
            ledger.append(db, Record(event=event, at=self._tools.clock(), who=who, detail=detail))

        return note

    async def note_viewer(self, event: Event, viewer: Viewer, /, **detail: str) -> int:
        """Record what who is signed in did; return the record's number. Raises likewise."""
        return await self._write(event, who_of(viewer), detail)

    async def _write(self, event: Event, who: Subject, detail: dict[str, str]) -> int:
        record = Record(event=event, at=self._tools.clock(), who=who, detail=detail)
        return (await self._tools.database.run(ledger.append, record)).seq

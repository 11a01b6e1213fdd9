"""What people do to sessions and accounts, written to the audit ledger.

A record is durable before the answer is sent: a person whose sign-in cannot be recorded is not
admitted. A change to an account and its record are one transaction: both take place, or neither.
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
"""Writes a record in the transaction of the change that it reports."""


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
    """Appends records to the ledger. A detail may have any name, even that of a parameter."""

    def __init__(self, tools: AuthDependencies) -> None:
        """Write to the database."""
        self._tools = tools

    async def note(
        self, event: Event, name: str, address: IPAddress | None, /, **detail: str
    ) -> None:
        """Record what was done by someone of whom only this is known.

        Raises:
            StoreError: it cannot be written.
        """
        await self._write(event, Subject(name=name, address=str(address or "")), detail)

    def noting(self, event: Event, name: str, address: IPAddress | None, /, **detail: str) -> Note:
        """Return a ``Note`` that records the same together with a change."""
        return self._noting(event, Subject(name=name, address=str(address or "")), detail)

    def noting_viewer(self, event: Event, viewer: Viewer, /, **detail: str) -> Note:
        """Return a ``Note`` that records an action of a signed-in viewer together with it."""
        return self._noting(event, who_of(viewer), detail)

    def _noting(self, event: Event, who: Subject, detail: dict[str, str]) -> Note:
        def note(db: sa.Connection) -> None:
            ledger.append(db, Record(event=event, at=self._tools.clock(), who=who, detail=detail))

        return note

    async def note_viewer(self, event: Event, viewer: Viewer, /, **detail: str) -> int:
        """Record what a signed-in viewer did; return the record's number. Raises as above."""
        return await self._write(event, who_of(viewer), detail)

    async def _write(self, event: Event, who: Subject, detail: dict[str, str]) -> int:
        record = Record(event=event, at=self._tools.clock(), who=who, detail=detail)
        return (await self._tools.database.run(ledger.append, record)).seq

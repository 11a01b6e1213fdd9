"""Ends the sessions and tokens of names whose password-file line was removed or changed.

Invariants: they end in the database and this is recorded there, so that they stay ended when the
name returns. While the file cannot be read, no one in it is admitted and nothing is ended, because
nothing is known.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

import structlog

from glasshouse.ledger.record import Event
from glasshouse.model.errors import GlasshouseError
from glasshouse.storage import ends
from glasshouse.storage.database import Database
from glasshouse.web.auth.recording import Recording, recorded

log = structlog.get_logger()

HTPASSWD = "htpasswd:"
EVERY = 1.0
"""Seconds between two reads of the file."""
_NOT_ENDED = "sessions of the password file were not ended"
_SURE = 0.05
"""Seconds after which a second read must agree: programs write such files in place."""


class PasswordFileStamps(Protocol):
    """A file of names and passwords."""

    def has(self, name: str) -> bool:
        """Return whether it contains this name, with a hash that can be compared."""
        ...

    def stamp(self, name: str) -> bytes:
        """Return a value that changes when the name's line does."""
        ...

    def stamps(self) -> Mapping[str, bytes] | None:
        """Return the stamps of its names that can sign in; ``None`` while it cannot be read."""
        ...


class Departures:
    """Ends what relies on lines that are gone."""

    def __init__(
        self,
        database: Database,
        recording: Recording,
        file: PasswordFileStamps,
        on_end: Callable[[], None],
    ) -> None:
        """Compare ``database`` with ``file``; call ``on_end`` when something was ended."""
        self._on_end = on_end
        self._database = database
        self._recording = recording
        self._file = file
        self._seen: Mapping[str, bytes] | None = None

    async def is_there(self, name: str, stamp: bytes | None) -> bool:
        """Return whether a name has the password that something relies on; otherwise end that."""
        if self._file.has(name) and stamp in {None, self._file.stamp(name)}:
            return True
        stamps = await self._sure()
        if stamps is not None:
            try:
                await self._end(HTPASSWD + name, stamps.get(name, b""))
            except GlasshouseError as error:
                log.warning(_NOT_ENDED, why=error.detail)  # and it admits no one
        return False

    async def look(self) -> None:
        """End everything that relies on lines that are gone, if the file has changed.

        Raises:
            StoreError: it cannot be ended, or this cannot be recorded.
        """
        stamps = self._file.stamps()
        if stamps is None or stamps is self._seen:
            return
        held = await self._database.run(ends.stamped, HTPASSWD)
        actors = {HTPASSWD + name: stamp for name, stamp in stamps.items()}
        if ends.stale(held, actors):
            sure = await self._sure()
            if sure is None:
                return
            stamps = sure
            actors = {HTPASSWD + name: stamp for name, stamp in stamps.items()}
            for actor in ends.stale(held, actors):
                await self._end(actor, actors.get(actor, b""))
        self._seen = stamps

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Check repeatedly while the block runs."""
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except GlasshouseError as error:
                log.warning(_NOT_ENDED, why=error.detail)
            await asyncio.sleep(EVERY)

    async def _sure(self) -> Mapping[str, bytes] | None:
        await asyncio.sleep(_SURE)
        return self._file.stamps()

    async def _end(self, actor: str, stamp: bytes) -> None:
        why = "password changed" if stamp else "left the password file"
        note = self._recording.noting(Event.ACCOUNT, actor, None, action="ended", why=why)
        if await self._database.run(recorded(note, ends.end_stale), actor, stamp):
            log.info("sessions and tokens ended", actor=actor, why=why)
        self._on_end()

"""Sessions: begun at sign-in, given another id whenever more is proven, ended immediately.

A session's data is cached for at most a second, so that not every request queries the database;
what ends here is dropped from the cache immediately.
"""

from __future__ import annotations

import time
from collections import OrderedDict

from glasshouse.identity import tokens as secret
from glasshouse.model.access import IPAddress
from glasshouse.storage import ends, sessions
from glasshouse.storage.sessions import Session
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.recording import Note, recorded
from glasshouse.web.request.person import How, Person

_FRESH = 1.0
_MOST_KEPT = 4096
_TOUCHED = 60.0
_MOST_AGENT = 300


class Sessions:
    """The sessions of all people."""

    def __init__(self, tools: AuthDependencies) -> None:
        """Keep them in the database."""
        self._tools = tools
        self._kept: OrderedDict[bytes, tuple[float, Session | None]] = OrderedDict()

    async def begin(
        self,
        person: Person,
        address: IPAddress | None,
        agent: str,
        *,
        password: bool,
        note: Note | None = None,
    ) -> str:
        """Begin a session, as ``note`` records, and return its id.

        ``password`` means that one was given now.
        """
        now, text = self._tools.clock(), secret.session_id(self._tools.entropy(secret.ENTROPY))
        session = Session(
            digest=secret.token_hash(text),
            public_id=self._tools.entropy(8).hex(),
            actor=person.name,
            groups=person.groups,
            created_at=now,
            seen_at=now,
            proven_at=None,
            password_at=now if password else None,
            address=str(address),
            agent=agent[:_MOST_AGENT],
            stamp=person.stamp,
        )
        start = sessions.start if note is None else recorded(note, sessions.start)
        await self._tools.database.run(start, session)
        return text

    async def find(self, text: str) -> Session | None:
        """Return the session with this id, if it has not ended."""
        return await self._known(secret.token_hash(text))

    async def find_again(self, session: Session) -> Session | None:
        """Return a session as it is now; ``None`` if it has ended or has another id."""
        return await self._known(session.digest)

    async def _known(self, digest: bytes) -> Session | None:
        now = time.monotonic()
        at, session = self._kept.get(digest, (0.0, None))
        if not 0 <= now - at < _FRESH or digest not in self._kept:
            session = await self._read(digest)
            self._kept[digest] = (now, session)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return session

    async def _read(self, digest: bytes) -> Session | None:
        now = self._tools.clock()
        session = await self._tools.database.run(sessions.find, digest, now)
        if session is not None and now - session.seen_at > _TOUCHED:
            await self._tools.database.run(sessions.touch, digest, now)
        return session

    async def prove(
        self, session: Session, *, factor: bool = False, password: bool = False
    ) -> str | None:
        """Give a session another id because more was proven in it; ``None`` if it has ended."""
        now, text = self._tools.clock(), secret.session_id(self._tools.entropy(secret.ENTROPY))
        changed = await self._tools.database.run(
            sessions.rotate,
            session.digest,
            secret.token_hash(text),
            proven_at=now if factor else session.proven_at,
            password_at=now if password else session.password_at,
        )
        self._kept.pop(session.digest, None)
        return text if changed else None

    async def end(self, session: Session, note: Note | None = None) -> None:
        """End a session, as ``note`` records."""
        end = sessions.end if note is None else recorded(note, sessions.end)
        await self._tools.database.run(end, session.digest)
        self._kept.pop(session.digest, None)

    async def end_one(self, actor: str, public_id: str, note: Note) -> bool:
        """End the session of that name, as ``note`` records; return whether it existed."""
        ended = await self._tools.database.run(recorded(note, sessions.end_one), actor, public_id)
        self.forget()
        return ended

    async def end_all(self, actor: str, note: Note) -> None:
        """End everything that a person opened by signing in, as ``note`` records."""
        await self._tools.database.run(recorded(note, ends.sign_out_everywhere), actor)
        self.forget()

    def forget(self) -> None:
        """Look up every session again: some were ended in the database."""
        self._kept.clear()

    async def of(self, actor: str) -> tuple[Session, ...]:
        """Return the sessions of a person."""
        return await self._tools.database.run(sessions.of, actor, self._tools.clock())


def person_of(session: Session) -> Person:
    """Return the person of a session; the role of an account has yet to be looked up."""
    return Person(
        name=session.actor,
        how=How.SESSION,
        groups=session.groups,
        proven_at=session.proven_at,
        session=session,
        stamp=session.stamp,
    )

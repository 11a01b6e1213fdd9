"""Tokens for scripts, made by a person at ``/account``, and those that prove a second factor."""

from __future__ import annotations

import time
from collections import OrderedDict

import structlog

from glasshouse.identity import tokens as secret
from glasshouse.model.access import IPAddress
from glasshouse.model.errors import InvalidError
from glasshouse.storage import tokens
from glasshouse.storage.tokens import API, STEP_UP, Token
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.limits import Limits
from glasshouse.web.auth.recording import Note, recorded
from glasshouse.web.request.person import How, Person
from glasshouse.web.request.refusals import WrongCredentialsError

log = structlog.get_logger()

DAY = 86400.0
LONGEST = 366
"""The most days for which a token may be valid."""
_MOST = 50
_MOST_LABEL = 100
_USED = 60.0
_FRESH = 1.0
_MOST_KEPT = 4096


class Tokens:
    """The tokens of all people."""

    def __init__(self, tools: AuthDependencies, limits: Limits) -> None:
        """Keep them in the database."""
        self._tools = tools
        self._limits = limits
        self._kept: OrderedDict[bytes, tuple[float, bool]] = OrderedDict()

    async def make(
        self, person: Person, label: str, days: int, scope: tuple[str, ...], note: Note
    ) -> str:
        """Return a new token of a person, as ``note`` records; it is shown only once.

        Raises:
            InvalidError: the label or the days are out of range, or there are too many tokens.
        """
        if not 1 <= days <= LONGEST or not 1 <= len(label.strip()) <= _MOST_LABEL:
            raise InvalidError(
                f"A token needs a name, and is valid for 1 to {LONGEST} days.",
                remedy="Give it a name and a number of days.",
            )
        if len(await self.of(person.name)) >= _MOST:
            raise InvalidError("There are too many tokens.", remedy="Remove one first.")
        return await self._made(person, API, label.strip(), days * DAY, scope, None, note)

    async def make_step_up(self, person: Person, proven_at: float, seconds: float) -> str:
        """Return a token that represents a second factor shown at ``proven_at``."""
        scope = ("*",) if person.scope is None else person.scope
        return await self._made(person, STEP_UP, "", seconds, scope, proven_at, None)

    async def _made(
        self,
        person: Person,
        kind: str,
        label: str,
        seconds: float,
        scope: tuple[str, ...],
        proven_at: float | None,
        note: Note | None,
    ) -> str:
        now, text = self._tools.clock(), secret.api_token(self._tools.entropy(secret.ENTROPY))
        token = Token(
            digest=secret.token_hash(text),
            public_id=self._tools.entropy(8).hex(),
            actor=person.name,
            kind=kind,
            label=label,
            scope=scope,
            groups=person.groups,
            created_at=now,
            expires_at=now + seconds,
            proven_at=proven_at,
            stamp=person.stamp,
        )
        add = tokens.add if note is None else recorded(note, tokens.add)
        await self._tools.database.run(add, token)
        return text

    async def person(self, text: str, address: IPAddress | None) -> Person:
        """Return the person whose token it is.

        Raises:
            WrongCredentialsError: it is not a token, or has expired.
            TooManyError: it was tried too often.
        """
        token = await self._find(text)
        if token is None:
            await self._limits.wrong(self._limits.of_token(address))
            log.info("token refused", address=str(address))
            raise WrongCredentialsError(
                "The token is invalid or has expired.", remedy="Create another one at /account."
            )
        return Person(
            name=token.actor,
            how=How.TOKEN,
            groups=token.groups,
            proven_at=token.proven_at,
            scope=token.scope,
            token=token.digest,
            stamp=token.stamp,
        )

    async def still_there(self, digest: bytes) -> bool:
        """Return whether a token that admitted a person is valid, as of at most a second ago."""
        asked = time.monotonic()
        at, good = self._kept.pop(digest, (asked - _FRESH, False))
        if asked - at >= _FRESH:
            at, now = asked, self._tools.clock()
            good = await self._tools.database.run(tokens.find, digest, now) is not None
        self._kept[digest] = at, good
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return good

    async def proof(self, text: str, person: Person) -> float | None:
        """Return when the second factor represented by a person's step-up token was shown."""
        token = await self._find(text)
        if token is None or token.kind != STEP_UP or token.actor != person.name:
            return None
        # Both may rely on one line of the password file, but not on two different ones.
        same = token.stamp is None or person.stamp is None or token.stamp == person.stamp
        return token.proven_at if same else None

    async def _find(self, text: str) -> Token | None:
        if not secret.looks_like_token(text):
            return None
        now = self._tools.clock()
        token = await self._tools.database.run(tokens.find, secret.token_hash(text), now)
        if token is not None and now - (token.used_at or 0.0) > _USED:
            await self._tools.database.run(tokens.use, token.digest, now)
        return token

    async def of(self, actor: str) -> tuple[Token, ...]:
        """Return the tokens that a person made."""
        return await self._tools.database.run(tokens.of, actor, self._tools.clock())

    async def remove(self, actor: str, public_id: str, note: Note) -> bool:
        """Remove a token, as ``note`` records; return whether it existed."""
        return await self._tools.database.run(recorded(note, tokens.remove), actor, public_id)

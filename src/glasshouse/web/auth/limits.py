"""How often an attempt may be wrong, without locking out the right person.

Only wrong attempts are counted, after they were checked, so that simultaneous ones do not harm each
other. Beyond a limit, wrong ones are answered with 429. Right ones are admitted anyway, as long as
guessing at that pace is hopeless:

=====================  ===================================================================
tokens, passkeys,      cannot be guessed: always checked
recovery codes
passwords              checked until a budget is used up, and then at a limited pace
one-time codes         checked until a budget is used up, and then not until it resets:
                       of a million codes, three are right
=====================  ===================================================================

A stranger's attempts count against the address that they come from, and against the name only for
addresses that are new to the name: no one is locked out from where they signed in.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import sqlalchemy as sa

from glasshouse.model.access import IPAddress
from glasshouse.storage import limits
from glasshouse.storage.limits import Limit
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.pacing import Pacing
from glasshouse.web.http.network import limit_key
from glasshouse.web.request.refusals import TooManyError

BY_ADDRESS = Limit(20, 300.0)
"""Wrong passwords or tokens from one address, or passwords for one name from a known address."""
BY_ACCOUNT = Limit(10, 300.0)
"""Wrong passwords for one account, from all addresses new to it combined."""
BY_FACTOR = Limit(5, 300.0)
"""Wrong second factors of one person, whose password was right."""
PASSWORDS = Limit(100, 3600.0)
"""Wrong passwords of any of these kinds, after which each further one must wait."""
CODES = Limit(30, 3600.0)
"""Wrong one-time codes of one person, after which no further one is checked."""
_STEP = 1.0
"""Seconds by which the clock may lag behind elapsed time without counting as set back."""


class AttemptLimit(NamedTuple):
    """The keys by which one kind of attempt is counted.

    ``answers`` are limits beyond which a wrong one is answered with 429; ``budgets`` those beyond
    which not every attempt is checked. ``who`` and ``where`` are remembered together when it was
    right.
    """

    who: str
    where: str
    answers: Mapping[str, Limit]
    budgets: Mapping[str, Limit]


class KeyedLocks:
    """Lets operations on the same key proceed one after another, in order of arrival."""

    def __init__(self) -> None:
        """Start with nothing in progress."""
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def of(self, key: str) -> AsyncIterator[None]:
        """Wait for earlier operations on ``key`` to end."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            users = self._locks[key][1] - 1
            if users:
                self._locks[key] = lock, users
            else:
                del self._locks[key]


class Limits:
    """Counts wrong attempts."""

    def __init__(self, tools: AuthDependencies) -> None:
        """Count in the database, so that counts survive restarts."""
        self._tools = tools
        self._pacing = Pacing()
        self._ahead = tools.clock() - tools.monotonic()

    async def of_password(self, name: str, address: IPAddress | None) -> AttemptLimit:
        """Return the limits for a password for ``name`` (as typed) from ``address``."""
        # People type passwords where a name belongs, so the name is not kept.
        who = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        where = limit_key(address)
        if await self._tools.database.run(limits.knows, who, where, self._tools.clock()):
            answers = {f"password known {who} {where}": BY_ADDRESS}
        else:
            answers = {
                f"password address {where}": BY_ADDRESS,
                f"password account {who}": BY_ACCOUNT,
            }
        budgets = {f"{key} budget": PASSWORDS for key in answers}
        return AttemptLimit(who, where, answers, budgets)

    async def of_code(self, actor: str, address: IPAddress | None) -> AttemptLimit:
        """Return the limits for a one-time code of ``actor`` from ``address``."""
        who, where = hashlib.sha256(f"factor {actor}".encode()).hexdigest(), limit_key(address)
        known = await self._tools.database.run(limits.knows, who, where, self._tools.clock())
        key = f"factor {who} {where}" if known else f"factor {who}"
        return AttemptLimit(who, where, {key: BY_FACTOR}, {f"{key} budget": CODES})

    def of_factor(self, actor: str) -> AttemptLimit:
        """Return the limits for a second factor of ``actor`` that cannot be guessed."""
        return AttemptLimit("", "", {f"factor {actor}": BY_FACTOR}, {})

    def of_replay(self, actor: str) -> AttemptLimit:
        """Return the limits for right codes of ``actor`` that were used before."""
        return AttemptLimit("", "", {f"replay {actor}": BY_FACTOR}, {})

    def of_token(self, address: IPAddress | None) -> AttemptLimit:
        """Return the limits for a token from ``address``."""
        return AttemptLimit("", "", {f"token {limit_key(address)}": BY_ADDRESS}, {})

    async def used_up(self, tries: AttemptLimit) -> float:
        """Return for how many more seconds a budget is used up: 0 if none is."""
        if not tries.budgets:
            return 0.0
        return await self._tools.database.run(_full, tries.budgets, await self._now())

    async def paced(self, tries: AttemptLimit) -> None:
        """Return when an attempt that is beyond its budget may be checked.

        Raises:
            TooManyError: too many others for the same key came after it.
        """
        now = await self._now()
        for key, limit in tries.budgets.items():
            if await self._tools.database.run(limits.full, key, limit, now):
                await self._pacing.turn(key)

    async def wrong(self, tries: AttemptLimit) -> None:
        """Count a wrong attempt.

        Raises:
            TooManyError: there were too many.
        """
        counts = {**tries.answers, **tries.budgets}
        waits = await self._tools.database.run(_take, counts, await self._now())
        if any(waits[key] for key in tries.answers):
            raise TooManyError(max(waits[key] for key in tries.answers))

    async def right(self, tries: AttemptLimit) -> None:
        """Remember the place of a right attempt."""
        await self._tools.database.run(limits.know, tries.who, tries.where, self._tools.clock())

    async def _now(self) -> float:
        """Return the time, after setting the counts back if the clock was set back."""
        now = self._tools.clock()
        ahead = now - self._tools.monotonic()
        back, self._ahead = self._ahead - ahead, max(self._ahead, ahead)
        if back > _STEP:
            self._ahead = ahead
            await self._tools.database.run(limits.set_back, back)
        return now


def _full(db: sa.Connection, counts: Mapping[str, Limit], now: float) -> float:
    return max([limits.full(db, key, limit, now) for key, limit in counts.items()])


def _take(db: sa.Connection, counts: Mapping[str, Limit], now: float) -> dict[str, float]:
    return {key: limits.take(db, key, limit, now) for key, limit in counts.items()}

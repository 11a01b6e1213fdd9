"""How often somebody may be wrong: by address, and by account from addresses that are new to it.

A stranger who is wrong on purpose slows down others who come from new addresses, for some
minutes; who signed in before from where they are now is never kept out by a stranger.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import sqlalchemy as sa

from glasshouse.model.access import IPAddress
from glasshouse.storage import limits
from glasshouse.storage.limits import Limit
from glasshouse.web.network import limit_key
from glasshouse.web.people.refusals import TooManyError
from glasshouse.web.people.tools import Tools

BY_ADDRESS = Limit(20, 300.0)
"""Wrong passwords or tokens from one address."""
BY_ACCOUNT = Limit(10, 300.0)
"""Wrong passwords for one account, from all addresses that are new to it together."""
BY_FACTOR = Limit(5, 300.0)
"""Wrong second factors of one person, whose password was right."""


class Attempt:
    """One attempt; it stays counted unless it is said to be good."""

    def __init__(self) -> None:
        """Begin as a wrong one."""
        self.good = False


class Limits:
    """Counts what was wrong."""

    def __init__(self, tools: Tools) -> None:
        """Count in the database, so that it is kept across restarts."""
        self._tools = tools

    @asynccontextmanager
    async def password(self, name: str, address: IPAddress | None) -> AsyncIterator[Attempt]:
        """Count an attempt for ``name`` (as it was typed) from ``address``.

        Raises:
            TooManyError: too many were wrong.
        """
        # People type passwords where a name belongs: it is not kept.
        who = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
        where = limit_key(address)
        counts = {f"password address {where}": BY_ADDRESS}
        if not await self._tools.database.run(limits.knows, who, where, self._tools.clock()):
            counts[f"password account {who}"] = BY_ACCOUNT
        async with self._counted(counts) as attempt:
            yield attempt
            if attempt.good:
                await self._tools.database.run(limits.know, who, where, self._tools.clock())

    @asynccontextmanager
    async def factor(self, actor: str) -> AsyncIterator[Attempt]:
        """Count an attempt to show the second factor of ``actor``; raises likewise."""
        async with self._counted({f"factor {actor}": BY_FACTOR}) as attempt:
            yield attempt

    @asynccontextmanager
    async def token(self, address: IPAddress | None) -> AsyncIterator[Attempt]:
        """Count a token from ``address``; raises likewise."""
        async with self._counted({f"token {limit_key(address)}": BY_ADDRESS}) as attempt:
            yield attempt

    @asynccontextmanager
    async def _counted(self, counts: Mapping[str, Limit]) -> AsyncIterator[Attempt]:
        database = self._tools.database
        wait = await database.run(_take, counts, self._tools.clock())
        if wait:
            raise TooManyError(wait)
        attempt = Attempt()
        try:
            yield attempt
        finally:
            if attempt.good:
                await database.run(_give_back, tuple(counts))


def _take(db: sa.Connection, counts: Mapping[str, Limit], now: float) -> float:
    return max([limits.take(db, key, limit, now) for key, limit in counts.items()])


def _give_back(db: sa.Connection, keys: tuple[str, ...]) -> None:
    for key in keys:
        limits.give_back(db, key)

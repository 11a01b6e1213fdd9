"""Finding accounts in the database, with one look-up for all simultaneous requests.

Invariants: a result was read after it was requested. A request during a look-up waits for the next
one, so a deleted account is never found again.
"""

from __future__ import annotations

import asyncio

from glasshouse.storage import accounts
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database

_MOST = 500


class Finder:
    """Finds accounts by name, one look-up at a time."""

    def __init__(self, database: Database) -> None:
        """Look up accounts in ``database``."""
        self._database = database
        self._waiting: dict[str, asyncio.Future[Account | None]] = {}
        self._task: asyncio.Task[None] | None = None

    async def find(self, name: str) -> Account | None:
        """Return the account of that name.

        Raises:
            StoreError: the database fails.
        """
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        # Several may wait for it: one that leaves does not cancel it.
        return await asyncio.shield(waiting)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                names = list(self._waiting)[:_MOST]
                await self._look({name: self._waiting.pop(name) for name in names})
        finally:
            self._task = None

    async def _look(self, futures: dict[str, asyncio.Future[Account | None]]) -> None:
        try:
            accounts_found = await self._database.run(accounts.find_all, tuple(futures))
        except Exception as error:  # noqa: BLE001 - each of them gets it
            for waiting in futures.values():
                waiting.set_exception(error)
                waiting.exception()  # All that waited may have left: mark it as retrieved.
        except BaseException:
            for waiting in futures.values():
                waiting.cancel()
            raise
        else:
            for name, waiting in futures.items():
                waiting.set_result(accounts_found.get(name))

"""Tells when a console in this process has seen all that was done to its server before."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable, Iterator
from typing import Any, cast

from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.upstream.reader import Reader

_WAITS: dict[str, Callable[[], Awaitable[None]]] = {}
"""By a console's address: what returns when it has caught up."""


class Looks:
    """A reader that counts how often its server is looked at."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._begun = 0
        self._next = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    @property
    def reader(self) -> Reader:
        """This, as what a console reads."""
        return cast("Reader", self)

    async def change_token(self) -> Hashable:
        """Return what the reader returns."""
        self._begun += 1
        self._next.set()
        self._next = asyncio.Event()
        return await self._reader.change_token()

    @contextlib.contextmanager
    def known(self, address: str, monitor: ServerMonitor) -> Iterator[None]:
        """Let ``caught_up`` find a console by its address while the block runs."""

        async def wait() -> None:
            async with contextlib.aclosing(monitor.watch()) as watch:
                await anext(watch)  # while somebody watches, the next look comes soon
                wanted = self._begun + 2
                while self._begun < wanted:
                    await self._next.wait()

        _WAITS[address] = wait
        try:
            yield
        finally:
            del _WAITS[address]


async def caught_up(address: str) -> None:
    """Return once this console has published a look that began after this call."""
    await _WAITS[address]()

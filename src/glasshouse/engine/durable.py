"""Waiting for a record to be durable, for anything but a client's connection."""

from __future__ import annotations

import asyncio

from glasshouse.model.errors import StoreError


class Durable:
    """Futures by the record that they wait for."""

    def __init__(self) -> None:
        """Start with no one waiting."""
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def wait(self, ticket: int, durable: int) -> asyncio.Future[None]:
        """Return a future that ends once record ``ticket`` is durable; ``durable`` already is."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if ticket <= durable:
            future.set_result(None)
        else:
            self._waiting.append((ticket, future))
        return future

    def progress(self, durable: int) -> None:
        """End the futures that wait for a record up to ``durable``."""
        if not self._waiting:
            return
        for ticket, future in self._waiting:
            if ticket <= durable and not future.done():
                future.set_result(None)
        self._waiting = [(t, future) for t, future in self._waiting if t > durable]

    def refuse(self, ticket: int, why: str) -> None:
        """Fail the futures that wait for record ``ticket`` or a later one: it never will be."""
        for theirs, future in self._waiting:
            if theirs >= ticket and not future.done():
                future.set_exception(StoreError(why, remedy="Look at the disk, then try again."))
        self._waiting = [(t, future) for t, future in self._waiting if t < ticket]

"""Events as bytes, and the one subscriber's side of the live stream.

A subscriber remembers only *which* topics are new to it, never what they said:
however slow it reads, it holds no more than the latest of each.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from typing import Any

import msgspec

HEARTBEAT = 1.0


def event(name: str, data: Any) -> bytes:
    """Return one server-sent event; JSON has no raw line ends, so one line holds it."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


class Subscriber:
    """One open stream: what it still has to be told."""

    def __init__(self, tick: Callable[[], bytes], *, heartbeat: float = HEARTBEAT) -> None:
        """``tick`` makes a tick event as of now; one is sent at least each ``heartbeat``."""
        self._tick = tick
        self._heartbeat = heartbeat
        self._news: dict[str, bytes] = {}
        self._tick_due = True
        self._closed = False
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many topics it still has to be told of."""
        return len(self._news)

    def tell(self, topic: str, frame: bytes) -> None:
        """Replace what is said of ``topic`` by ``frame``."""
        self._news.pop(topic, None)
        self._news[topic] = frame
        self._wake.set()

    def pulse(self) -> None:
        """A tick is due."""
        self._tick_due = True
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._wake.set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield events until closed."""
        while not self._closed:
            self._wake.clear()
            if self._tick_due:
                self._tick_due = False
                yield self._tick()
            while self._news and not self._closed:
                topic = next(iter(self._news))
                yield self._news.pop(topic)
            if self._wake.is_set():
                continue
            with contextlib.suppress(TimeoutError):
                # Not wait_for: Python 3.11's may swallow a cancellation.
                async with asyncio.timeout(self._heartbeat):
                    await self._wake.wait()
                continue
            self._tick_due = True

"""Events as bytes, and the live stream from one subscriber's side.

A subscriber remembers only *which* topics have news for it and the last edition it was
sent, never their content: a slow reader costs no more than a fast one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

import msgspec

HEARTBEAT = 1.0


def event(name: str, data: Any) -> bytes:
    """Return one server-sent event; JSON has no raw line ends, so one line holds it."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


class TopicUpdates(Protocol):
    """A topic that changes; see ``editions.Editions``."""

    number: int

    def since(self, number: int) -> bytes:
        """Return what updates a holder of edition ``number`` to the newest."""
        ...


class Subscriber:
    """One open stream: what it still has to be sent."""

    def __init__(self, tick: Callable[[], bytes]) -> None:
        """``tick`` returns the tick event as of now; one is due immediately."""
        self._tick = tick
        self._news: dict[TopicUpdates, None] = {}
        self._told: dict[TopicUpdates, int] = {}
        self._tick_due = True
        self._closed = False
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many topics still have news for it."""
        return len(self._news)

    def tell(self, topic: TopicUpdates) -> None:
        """Note that there is something new on ``topic``."""
        self._news[topic] = None
        self._wake.set()

    def pulse(self) -> None:
        """Note that a tick is due."""
        self._tick_due = True
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._wake.set()

    async def events(self) -> AsyncGenerator[bytes, None]:
        """Yield what there is to send, one or more whole events at a time, until closed."""
        while not self._closed:
            self._wake.clear()
            frames = self._due()
            if frames:
                yield frames
            else:
                await self._wake.wait()

    def _due(self) -> bytes:
        frames: list[bytes] = []
        for topic in self._news:
            frames.append(topic.since(self._told.get(topic, 0)))
            self._told[topic] = topic.number
        self._news.clear()
        # After the news: the tick reports its age.
        if self._tick_due:
            frames.append(self._tick())
        self._tick_due = False
        return b"".join(frames)

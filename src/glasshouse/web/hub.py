"""One hub per server: each open topic is rendered once for all who look at it.

What always holds: at most one task per topic, and none for a topic that nobody
looks at; a topic that cannot be read keeps its last fragment.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

import structlog

from glasshouse.floor.floor import ServerFloor
from glasshouse.floor.snapshot import Snapshot
from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.web.api import fault_shape
from glasshouse.web.errors import BusyError
from glasshouse.web.stream import HEARTBEAT, Subscriber, event
from glasshouse.web.topics import Topic

log = structlog.get_logger()

MAX_TOPICS = 400
MAX_SUBSCRIBERS = 1000
_SHARE = 3
"""Laying pages out takes at most one part in three of the time, however many are open."""


class _Shown:
    """One topic that somebody looks at."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.viewers: set[Subscriber] = set()
        self.frame: bytes | None = None
        self.task: asyncio.Task[None] | None = None

    def publish(self, frame: bytes) -> None:
        if frame == self.frame:
            return
        self.frame = frame
        for viewer in self.viewers:
            viewer.tell(self.topic.address, frame)


class Hub:
    """The live side of one server."""

    def __init__(
        self, server: ServerFloor, clock: Callable[[], float], *, heartbeat: float = HEARTBEAT
    ) -> None:
        """Serve topics of ``server``."""
        self._server = server
        self._clock = clock
        self._heartbeat = heartbeat
        self._shown: dict[tuple[str, str], _Shown] = {}
        self._viewers: set[Subscriber] = set()
        self._pulse: asyncio.Task[None] | None = None
        self._cost = 0.0
        self._closed = False

    @property
    def topics(self) -> int:
        """How many topics are rendered now."""
        return len(self._shown)

    @contextlib.contextmanager
    def subscribed(self, topics: Iterable[Topic]) -> Iterator[Subscriber]:
        """Subscribe while the block runs; yields the ``Subscriber``.

        Raises:
            BusyError: too many streams or topics are open.
        """
        wanted = {(topic.address, topic.first.locale): topic for topic in topics}
        if len(self._viewers) >= MAX_SUBSCRIBERS or len(self._shown | wanted) > MAX_TOPICS:
            raise BusyError("Too many live pages are open.")
        viewer = Subscriber(self._tick, heartbeat=self._heartbeat)
        self._join(viewer, wanted)
        try:
            yield viewer
        finally:
            self._leave(viewer, wanted)

    def close(self) -> None:
        """End every stream; later ones end at once."""
        self._closed = True
        for viewer in self._viewers:
            viewer.close()

    def _join(self, viewer: Subscriber, wanted: dict[tuple[str, str], Topic]) -> None:
        self._viewers.add(viewer)
        if self._closed:
            viewer.close()
        if self._pulse is None:
            self._pulse = asyncio.create_task(self._beat())
        for key, topic in wanted.items():
            shown = self._shown.get(key)
            if shown is None:
                shown = self._shown[key] = _Shown(topic)
                shown.task = asyncio.create_task(self._render(shown))
            shown.viewers.add(viewer)
            if shown.frame is not None:
                viewer.tell(topic.address, shown.frame)

    def _leave(self, viewer: Subscriber, wanted: dict[tuple[str, str], Topic]) -> None:
        self._viewers.discard(viewer)
        for key in wanted:
            shown = self._shown[key]
            shown.viewers.discard(viewer)
            if not shown.viewers:
                del self._shown[key]
                if shown.task is not None:
                    shown.task.cancel()
        if not self._viewers and self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None

    async def _beat(self) -> None:
        async with self._watching() as snapshots:
            async for _ in snapshots:
                for viewer in self._viewers:
                    viewer.pulse()

    async def _render(self, shown: _Shown) -> None:
        rendered: int | None = None
        async with self._watching() as snapshots:
            async for snapshot in snapshots:
                if rendered != snapshot.generation:
                    rendered = await self._draw(shown)
                    await asyncio.sleep(min(1.0, self._cost * len(self._shown) * _SHARE))

    async def _draw(self, shown: _Shown) -> int | None:
        """Publish the topic as of now; return the generation it is good for."""
        generation = self._server.snapshot.generation
        try:
            result, context = await shown.topic.build()
            began = time.perf_counter()
            html = shown.topic.lay_out(result, context)
            self._cost = time.perf_counter() - began
        except NotFoundError:
            shown.publish(event("gone", {"topic": shown.topic.address}))
            return generation
        except UpstreamUnavailableError:
            return None
        except Exception:  # one broken page must not end the stream of others
            log.exception("live page failed", page=shown.topic.address.partition("?")[0])
            return generation
        digest = hashlib.blake2b(html, digest_size=8).hexdigest()
        data = {"topic": shown.topic.address, "html": html.decode(), "digest": digest}
        shown.publish(event("fragment", data))
        return generation if result.generation_bound else None

    def _watching(self) -> contextlib.aclosing[AsyncGenerator[Snapshot, None]]:
        # Closed with its task, so that the sampler knows when nobody looks.
        return contextlib.aclosing(self._server.watch())

    def _tick(self) -> bytes:
        snapshot = self._server.snapshot
        data = {
            "server": self._server.name,
            "checked_at": snapshot.checked_at,
            "age": snapshot.age(self._clock()),
            "fault": None if snapshot.fault is None else fault_shape(snapshot.fault),
        }
        return event("tick", data)

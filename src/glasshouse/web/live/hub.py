"""One hub per server: each open topic is rendered once for all its viewers.

Invariants: at most one task per topic, and none for a topic without viewers. A topic that
cannot be read keeps its last edition while the ticks report that the server is unavailable;
otherwise its next edition reports that it cannot be read. With few viewers, updates come as
fast as the server changes; the more viewers, the longer the pauses between updates.
When there are too many streams or topics, whoever has the most loses the newest one to
whoever would have fewer: no one can use up what is there for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Hashable, Iterable, Iterator, Mapping

import structlog

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.monitor.snapshot import Fault, Snapshot
from glasshouse.web.api.endpoints import fault_shape
from glasshouse.web.http.problems import BusyError
from glasshouse.web.live.fragments import cut
from glasshouse.web.live.stream import HEARTBEAT, Subscriber, event
from glasshouse.web.live.versions import FragmentVersions
from glasshouse.web.request.resolve import Topic
from glasshouse.web.request.shares import newest_of_largest

log = structlog.get_logger()

MAX_TOPICS = 400
MAX_SUBSCRIBERS = 1500
_LONGEST = 1.0
"""The longest pause (seconds) between two updates of a topic, whatever the load."""
_SHARE = 3
"""Rendering pages takes at most a third of the time, however many are open."""
_EACH = 0.001
"""Seconds of rest per viewer notified: a multiple of what it costs to notify one."""
_BATCH = 50
"""Viewers notified before other tasks run: an update for a thousand delays no one's page."""
_SAME_TICK = 0.05
"""Seconds for which a tick's age is accurate enough."""


class _Shown:
    """One topic that has viewers."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self.editions = FragmentVersions(topic.address)
        self.viewers: set[Subscriber] = set()
        self.task: asyncio.Task[None] | None = None
        self.cost = 0.0
        self.good_for: int | None = None
        """The generation that it was rendered for, while nothing in it can be older than that."""
        self.read_at: float | None = None
        """When the oldest of what it shows was read, or known to be unchanged."""


class Hub:
    """The live side of one server."""

    def __init__(
        self, server: ServerMonitor, clock: Callable[[], float], *, heartbeat: float = HEARTBEAT
    ) -> None:
        """Serve topics of ``server``; a tick is sent at least every ``heartbeat`` seconds."""
        self._server = server
        self._clock = clock
        self._heartbeat = heartbeat
        self._shown: dict[Hashable, _Shown] = {}
        self._viewers: dict[Subscriber, str] = {}
        self._pulses: tuple[asyncio.Task[None], ...] = ()
        self._pulsed_at = 0.0
        self._ticked: tuple[float, bytes] = (0.0, b"")
        self._closed = False

    @property
    def topics(self) -> int:
        """How many topics are being rendered."""
        return len(self._shown)

    @contextlib.contextmanager
    def subscribed(self, topics: Iterable[Topic], holder: str = "") -> Iterator[Subscriber]:
        """Subscribe while the block runs; yields the ``Subscriber``.

        ``holder`` is the one whose share it counts toward.

        Raises:
            BusyError: too many streams or topics are open, and nobody has more of them.
        """
        wanted = {topic.key: topic for topic in topics}
        self._make_room(wanted, holder)
        viewer = Subscriber(lambda: self._tick(wanted))
        self._join(viewer, wanted, holder)
        try:
            yield viewer
        finally:
            self._leave(viewer)

    def close(self) -> None:
        """End every stream; later ones end immediately."""
        self._closed = True
        for viewer in self._viewers:
            viewer.close()

    def _make_room(self, wanted: Mapping[Hashable, Topic], holder: str) -> None:
        while len(self._viewers) >= MAX_SUBSCRIBERS:
            streams: dict[str, list[Subscriber]] = {}
            for viewer, one in self._viewers.items():
                streams.setdefault(one, []).append(viewer)
            self._dismiss(newest_of_largest(streams, holder, 1))
        while len(self._shown.keys() | wanted.keys()) > MAX_TOPICS:
            more = len(wanted.keys() - self._shown.keys())
            self._dismiss(newest_of_largest(self._looked_at_alone(), holder, more))

    def _looked_at_alone(self) -> dict[str, list[Subscriber]]:
        """Return the sole holders of topics, with one of their streams for each such topic."""
        alone: dict[str, list[Subscriber]] = {}
        for shown in self._shown.values():
            holders = {self._viewers[viewer] for viewer in shown.viewers}
            if len(holders) == 1:
                alone.setdefault(holders.pop(), []).append(next(iter(shown.viewers)))
        return alone

    def _dismiss(self, viewer: Subscriber | None) -> None:
        if viewer is None:
            raise BusyError("Too many live pages are open.")
        viewer.close()
        self._leave(viewer)

    def _join(self, viewer: Subscriber, wanted: dict[Hashable, Topic], holder: str) -> None:
        self._viewers[viewer] = holder
        if self._closed:
            viewer.close()
        if not self._pulses:
            tasks = (self._pulse_with_snapshots(), self._pulse_by_itself())
            self._pulses = tuple(asyncio.create_task(task) for task in tasks)
        for key, topic in wanted.items():
            shown = self._shown.get(key)
            if shown is None:
                shown = self._shown[key] = _Shown(topic)
                shown.task = asyncio.create_task(self._render(shown))
            shown.viewers.add(viewer)
            if shown.editions.number:
                viewer.tell(shown.editions)

    def _leave(self, viewer: Subscriber) -> None:
        """Remove a stream; nothing is left to do for one that was dismissed."""
        if self._viewers.pop(viewer, None) is None:
            return
        for key, shown in list(self._shown.items()):
            shown.viewers.discard(viewer)
            if not shown.viewers:
                del self._shown[key]
                if shown.task is not None:
                    shown.task.cancel()
        if not self._viewers:
            for task in self._pulses:
                task.cancel()
            self._pulses = ()

    async def _pulse_with_snapshots(self) -> None:
        """Send a tick with a snapshot once per heartbeat, and at once when the fault changes."""
        fault: Fault | None = None
        async with self._watching() as snapshots:
            async for snapshot in snapshots:
                early = time.monotonic() - self._pulsed_at < self._heartbeat * 0.9
                if snapshot.fault != fault or not early:
                    fault = snapshot.fault
                    await self._pulse()

    async def _pulse_by_itself(self) -> None:
        """Send a tick when the sampler is late: the stream is alive although the server is not."""
        while True:
            await asyncio.sleep(self._heartbeat)
            if time.monotonic() - self._pulsed_at > self._heartbeat * 1.2:
                await self._pulse()

    async def _pulse(self) -> None:
        self._pulsed_at = time.monotonic()
        await _each(self._viewers, Subscriber.pulse)

    async def _render(self, shown: _Shown) -> None:
        rendered: int | None = None
        async with self._watching() as snapshots:
            async for snapshot in snapshots:
                if rendered != snapshot.generation:
                    before = shown.editions.number
                    rendered = await self._draw(shown)
                    viewers = len(shown.viewers) if shown.editions.number != before else 0
                    await asyncio.sleep(self._rest(viewers))

    def _rest(self, viewers: int) -> float:
        """Return how long a topic rests after ``viewers`` viewers were notified."""
        cost = sum(shown.cost for shown in self._shown.values())
        # All are counted if any is notified: they share one processor.
        each = len(self._viewers) * _EACH if viewers else 0.0
        return min(_LONGEST, max(cost * _SHARE, each))

    async def _draw(self, shown: _Shown) -> int | None:
        """Publish the topic as of now; return the generation it is valid for."""
        generation = self._server.snapshot.generation
        bound, fresh, read_at = True, False, shown.read_at
        try:
            result, context = await shown.topic.build()
            read_at = result.read_at
            began = time.perf_counter()
            new = shown.editions.publish(cut(shown.topic.lay_out(result, context)))
            shown.cost = time.perf_counter() - began
        except NotFoundError:
            new = shown.editions.end()
        except UpstreamUnavailableError as error:
            if self._server.snapshot.fault is not None:
                return None
            new, bound = self._say(shown, 503, error), False
        except Exception as error:  # one broken page must not end the stream of others
            log.exception("live page failed", page=shown.topic.address.partition("?")[0])
            new = self._say(shown, 500, error)
        else:
            bound = fresh = result.generation_bound
        shown.good_for = None
        if new:
            await _each(shown.viewers, lambda viewer: viewer.tell(shown.editions))
        # Set only after everyone was notified.
        shown.read_at, shown.good_for = read_at, generation if fresh else None
        return generation if bound else None

    def _say(self, shown: _Shown, status: int, error: Exception) -> bool:
        """Publish that a topic cannot be shown: older content must not be taken for newer."""
        fault = error if isinstance(error, UpstreamUnavailableError) else None
        return shown.editions.publish(cut(shown.topic.lay_out_error(status, fault)))

    def _watching(self) -> contextlib.aclosing[AsyncGenerator[Snapshot, None]]:
        # Closed with its task, so that the sampler knows when there are no viewers.
        return contextlib.aclosing(self._server.watch())

    def _tick(self, wanted: Iterable[Hashable]) -> bytes:
        """Return the tick as of now for viewers of these topics."""
        older = self._older(wanted)
        if older:
            return self._made_tick(older)
        # Made once for all who are notified at about the same time.
        made_at, frame = self._ticked
        now = time.monotonic()
        if not frame or now - made_at > _SAME_TICK:
            frame = self._made_tick({})
            self._ticked = (now, frame)
        return frame

    def _older(self, wanted: Iterable[Hashable]) -> dict[str, float | None]:
        """Return by address the read times of the topics that are older than the snapshot.

        It is ``None`` for one that was not rendered yet: its age stays as it was.
        """
        checked = self._server.snapshot.checked_at or 0.0
        shown = [topic for key in wanted if (topic := self._shown.get(key)) is not None]
        read = {one.topic.address: self._read_at(one) for one in shown}
        return {address: at for address, at in read.items() if at is None or at < checked}

    def _read_at(self, shown: _Shown) -> float | None:
        snapshot = self._server.snapshot
        same = shown.good_for == snapshot.generation and snapshot.fault is None
        if same and not self._server.silent and snapshot.checked_at is not None:
            shown.read_at = snapshot.checked_at
        return shown.read_at

    def _made_tick(self, older: Mapping[str, float | None]) -> bytes:
        snapshot = self._server.snapshot
        data = {
            "server": self._server.name,
            "checked_at": snapshot.checked_at,
            "age": snapshot.age(self._clock()),
            "fault": None if snapshot.fault is None else fault_shape(snapshot.fault),
            "older": older,
        }
        return event("tick", data)


async def _each(viewers: Iterable[Subscriber], do: Callable[[Subscriber], None]) -> None:
    """Do something to each current viewer, and yield to other tasks after every few."""
    for number, viewer in enumerate(list(viewers), start=1):
        do(viewer)
        if number % _BATCH == 0:
            await asyncio.sleep(0)

"""The search index of one server: filled piece by piece, then kept current by repeated walks.

It reads what a ``Scanner`` returns, on separate threads, and never requests more than the
scanner has to give. The index of a server that is gone is kept; it ages and reports its age.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

import apsw
import structlog

from glasshouse.model.audience import EVERYTHING, Audience
from glasshouse.model.errors import GlasshouseError, NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.search_result import Coverage, SearchResult, UnsearchedList
from glasshouse.model.server import ServerState
from glasshouse.monitor.index_pace import SetScan, Step
from glasshouse.monitor.index_search import SearchPass
from glasshouse.monitor.index_store import BEYOND, IndexedEntry, IndexStore
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.upstream.reader import UnlistedError
from glasshouse.upstream.scan import MOST_RUNNING, ScanChunk, ScanCursor, Scanner, token_of

log = structlog.get_logger()

T = TypeVar("T")

_RUNNING = 4
_FIRST_QUEUE = 16
_PAUSE = 1.0
"""Seconds between checks for something to do."""
_SAME = 2.0
"""Seconds by which the time of a queue's next job may differ: it is recomputed each time."""
_ADD = 400
"""Entries added at once at most; a search waits no longer than that takes."""
_LONG_PAUSE = 30.0
"""Seconds before an index that failed is built again."""
_SECONDS = 0.5
"""How long one search may take, in seconds."""
_UNWATCHED = 6.0
"""The factor by which reading slows down while no one is viewing."""


class IndexFailedError(UpstreamUnavailableError):
    """The index cannot be kept: its disk is full, or fails."""

    code = "index_unavailable"
    remedy = "Free up space where SQLite keeps temporary files, /var/tmp or SQLITE_TMPDIR."


class _Head(NamedTuple):
    """The head of a list: when it was read or confirmed, its state then, and how much was read.

    ``mark`` is the list's size and the time of its next job; ``cut`` means that there may be more.
    """

    read_at: float
    mark: tuple[int, float]
    read: int
    cut: bool


class Observed(Protocol):
    """What is known about the server, and whether anyone is viewing it."""

    @property
    def snapshot(self) -> Snapshot:
        """The last state that was read."""

    @property
    def watched(self) -> bool:
        """Whether anyone is viewing."""

    @property
    def confirmed_at(self) -> float:
        """When that state was last known to be current, by ``time.monotonic``."""


class Index:
    """Everything on one server that can be searched at once."""

    def __init__(self, name: str, scanner: Scanner, sampler: Observed) -> None:
        """Index what ``scanner`` returns; ``sampler`` knows the server's state and its viewers."""
        self.audiences: Callable[[], tuple[Audience, ...]] = lambda: (EVERYTHING,)
        """Who searches it; a change rebuilds it. Others can search too, entry by entry."""
        self._kept_for: tuple[Audience, ...] = ()
        self._name = name
        self._scanner = scanner
        self._sampler = sampler
        self._store: IndexStore | None = None
        self._thread = ThreadPoolExecutor(1, "index")
        self._adding = Step(_ADD)
        self._forget_all()
        self._fault = ""

    async def run(self) -> None:
        """Fill it and keep it current until cancelled."""
        try:
            pause = 0.0
            while True:
                await asyncio.sleep(pause)
                pause = await self._worked()
        finally:
            await self._close()

    async def _worked(self) -> float:
        """Do a piece of work; return after how many seconds there is more."""
        try:
            if self._store is not None and self.audiences() != self._kept_for:
                await self._begin_anew()
            more = await self._step()
        except IndexFailedError as error:
            # What is left of it may be incomplete.
            await self._begin_anew()
            self._tell(error.detail)
            return _LONG_PAUSE
        except GlasshouseError as error:
            # The server's own state reports it too; here it is logged only once.
            self._tell(error.detail)
            return _PAUSE
        except Exception:
            # Whatever the error is, an index that is gone for good would be worse.
            log.exception("index failed", server=self._name)
            await self._begin_anew()
            return _LONG_PAUSE
        self._fault = ""
        return 0.0 if more else _PAUSE

    def _tell(self, detail: str) -> None:
        if detail != self._fault:
            log.warning("index waits", server=self._name, detail=detail)
        self._fault = detail

    async def _begin_anew(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop_store)
        self._forget_all()

    def _forget_all(self) -> None:
        self._walks = [SetScan(name) for name in JobSet]
        self._lists: dict[str, int] = {}
        self._next_list = _FIRST_QUEUE
        self._heads: dict[str, _Head] = {}
        self._listed_at: float | None = None

    async def search(self, wanted: JobQuery, *, start: int | None, per_page: int) -> SearchResult:
        """Return the matching entries, starting at ``start``, latest first.

        Raises:
            UpstreamUnavailableError: entries are read from the server, which is unavailable.
        """
        looking = SearchPass(wanted, start, per_page, _SECONDS)
        # In pieces: between two of them others have their turn.
        while await self._do(partial(looking.candidates, held=not self._scanner.keeps)):
            while some := looking.next():
                jobs = await self._loaded(some)
                await self._do(
                    lambda _, some=some, jobs=jobs: looking.look(some, jobs)  # type: ignore[misc]
                )
        return looking.found(self.coverage())

    async def having(self, jid: str) -> list[StoredJob]:
        """Return the entries with this id where entries are held; also pass them to the reader."""
        if self._scanner.keeps:
            return []
        some = await self._do(
            lambda store: store.candidates(None, low=0, high=BEYOND, most=100, exactly=jid)
        )
        jobs = [known.spot.job for known in some if known.spot.job is not None]
        self._scanner.note(jobs)
        return jobs

    def coverage(self) -> Coverage:
        """Return how much of the server is known, and how old the oldest part of it is."""
        state = self._sampler.snapshot.state
        # Counts from the other thread, each of them consistent.
        sizes = {} if self._store is None else dict(self._store.sizes)
        in_sets = sum(sizes.get(walk.number, 0) for walk in self._walks)
        indexed = in_sets + sum(head.read for head in self._heads.values())
        if state is None:
            return Coverage(indexed, indexed, None)
        sets = state.sets
        all_sets = sets.retries + sets.scheduled + sets.dead
        total = state.enqueued + all_sets + sets.working
        # The list of queues was last known then: a new queue is not in the index yet.
        ages = [self._listed_at, *(walk.whole_at for walk in self._walks)]
        heads = [head.read_at for head in self._heads.values()]
        oldest = min((at for at in (*ages, *heads) if at is not None), default=None)
        known = oldest is not None and None not in ages
        return Coverage(
            min(indexed, total),
            total,
            time.monotonic() - oldest if known and oldest else None,
            beyond=self._beyond(state),
            sets_whole=in_sets >= all_sets,
        )

    def _beyond(self, state: ServerState) -> tuple[UnsearchedList, ...]:
        """Return which parts of the queues, and of the running jobs, were not read."""
        sizes = {queue.name: queue.size for queue in state.queues} | {"": state.sets.working}
        beyond = (UnsearchedList(name, self._unread(name, size)) for name, size in sizes.items())
        return tuple(
            sorted(
                (one for one in beyond if one.entries), key=lambda one: (-one.entries, one.queue)
            )
        )

    def _unread(self, name: str, size: int) -> int:
        """Return how many entries of a list of this size lie beyond what was read of it."""
        head = self._heads.get(name)
        if head is None:
            return size
        # Entries added since a list was read to its end are not beyond: the age accounts for them.
        return max(0, size - head.read) if head.cut else 0

    # -- filling it ------------------------------------------------------------------

    async def _step(self) -> bool:
        """Do a piece of work; return whether there is more to be done at once."""
        snapshot = self._sampler.snapshot
        if snapshot.state is None or snapshot.fault is not None:
            return False
        state, now = snapshot.state, time.monotonic()
        seen = self._sampler.confirmed_at
        due = [
            walk for walk in self._walks if walk.due(now, self._patience(self._scanner.unhurried))
        ]
        faults: list[GlasshouseError] = []
        # A part that cannot be read does not keep the others from being read.
        for work in (
            partial(self._ends, state, now),
            partial(self._queues, state, now, seen),
            *(partial(self._walk, walk) for walk in due),
        ):
            try:
                await work()
            except GlasshouseError as error:
                faults.append(error)
        if faults:
            raise faults[0]
        return any(walk.began_at is not None for walk in due)

    async def _walk(self, walk: SetScan) -> None:
        """Continue the walk through a set by one chunk."""
        now = time.monotonic()
        if walk.began_at is None:
            walk.began_at, walk.start, walk.before = now, None, None
        began_at = walk.began_at
        stretch = await self._scanner.stretch(walk.name, walk.start)
        await self._take(walk, stretch, walk.before)
        walk.start = stretch.following
        walk.before = stretch.high if stretch.high is not None else walk.before
        if stretch.following is None:
            walk.whole_at, walk.began_at, walk.ended_at = began_at, None, time.monotonic()
            walk.round += 1

    async def _ends(self, state: ServerState, now: float) -> None:
        """Read both ends of the sets that have changed: most new entries appear there."""
        sizes = {
            JobSet.RETRIES: state.sets.retries,
            JobSet.SCHEDULED: state.sets.scheduled,
            JobSet.DEAD: state.sets.dead,
        }
        for walk in self._walks:
            size = sizes[walk.name]
            if (
                walk.known == size
                or walk.whole_at is None
                or now - walk.looked_at < self._patience(self._scanner.heads)
            ):
                continue
            walk.looked_at = now
            highest = await self._do(lambda store, of=walk.number: store.highest(of))  # type: ignore[misc]
            for start in dict.fromkeys((None, self._scanner.end(size, highest))):
                await self._take(walk, await self._scanner.stretch(walk.name, start), None)
            walk.known = size

    async def _queues(self, state: ServerState, now: float, seen: float) -> None:
        """Read the heads of the longest queues, and the running jobs, where something changed.

        ``state`` is as of ``seen``.
        """
        longest = heapq.nlargest(self._scanner.queues, state.queues, key=lambda queue: queue.size)
        wanted = {queue.name: queue for queue in longest if queue.size}
        for name in [name for name in self._heads if name and name not in wanted]:
            del self._heads[name]
            await self._drop(self._lists.pop(name))
        for queue in wanted.values():
            mark = (queue.size, queue.oldest_at or 0.0)
            if not self._fresh(queue.name, mark, now, seen):
                try:
                    jobs = await self._scanner.queue_head(queue.name)
                except UnlistedError:
                    # It exists, and all of it is beyond what can be read.
                    continue
                except NotFoundError:
                    jobs = ()
                await self._replace(queue.name, jobs)
                cut = len(jobs) >= self._scanner.head
                self._heads[queue.name] = _Head(now, mark, len(jobs), cut)
        mark = (state.sets.working, now if state.sets.working else 0.0)
        if not self._fresh("", mark, now, seen):
            jobs = await self._scanner.running()
            await self._replace("", jobs)
            self._heads[""] = _Head(now, mark, len(jobs), len(jobs) >= MOST_RUNNING)
        self._listed_at = seen

    def _patience(self, seconds: float) -> float:
        """Return for how long something is fresh enough: longer while no one is viewing."""
        return seconds if self._sampler.watched else seconds * _UNWATCHED

    def _fresh(self, name: str, mark: tuple[int, float], now: float, seen: float) -> bool:
        """Return whether the head of a list is fresh enough, or cannot have changed."""
        if name not in self._heads:
            return False
        head = self._heads[name]
        if now - head.read_at < self._patience(self._scanner.heads):
            return True
        size, oldest = head.mark
        unchanged = size == mark[0] and abs(oldest - mark[1]) < _SAME
        if unchanged:
            # Compared with what was read, however often it was checked since.
            self._heads[name] = head._replace(read_at=max(head.read_at, seen))
        return unchanged

    async def _take(self, walk: SetScan, stretch: ScanChunk, before: float | None) -> None:
        """Update a part of the index with what was read of it."""
        number, keeps = walk.number, self._scanner.keeps
        new = await self._do(lambda store: store.compare(number, stretch, before, walk.round))
        at, step = 0, self._adding
        while at < len(new):
            some = new[at : at + step.count]
            at += len(some)
            loaded = await self._scanner.load(some) if keeps else {}
            pairs = [(spot, job) for spot in some
                     if (job := spot.job or loaded.get(spot.token)) is not None]  # fmt: skip
            await self._do(
                lambda store, pairs=pairs: store.add(  # type: ignore[misc]
                    number, pairs, walk.round, hold=not keeps
                )
            )
            step.after(job for _, job in pairs)

    async def _replace(self, name: str, jobs: Sequence[StoredJob]) -> None:
        if name not in self._lists:
            self._lists[name] = self._next_list if name else _RUNNING
            self._next_list += 1
        number = self._lists[name]
        # One job may be in a queue twice; in a search that counts as one.
        unique = {token_of(job.payload): job for job in jobs}
        spots = [ScanCursor(0.0, token) for token in unique]
        await self._do(lambda store: store.replace(number, list(unique.values()), spots))

    async def _drop(self, number: int) -> None:
        await self._do(lambda store: store.drop(number))

    async def _loaded(self, some: Sequence[IndexedEntry]) -> list[StoredJob | None]:
        """Return the entries themselves; those that are gone meanwhile are ``None``."""
        wanted = [known.spot for known in some if known.spot.job is None]
        loaded = await self._scanner.load(wanted) if wanted else {}
        return [known.spot.job or loaded.get(known.spot.token) for known in some]

    async def _do(self, work: Callable[[IndexStore], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._on, work)

    def _on(self, work: Callable[[IndexStore], T]) -> T:
        if self._store is None:
            self._kept_for = self.audiences()
            self._store = IndexStore(self._kept_for)
        try:
            return work(self._store)
        except apsw.Error as error:
            raise IndexFailedError(f"The index cannot be written: {error}.") from error

    def _drop_store(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()

    async def _close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._drop_store)
        self._thread.shutdown()
        await self._scanner.close()

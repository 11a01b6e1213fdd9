"""Operating the embedded server: reads go to its database, changes to its control socket."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import apsw
import msgspec

from glasshouse.engine.acts import (
    Act,
    CallOff,
    ChangeJobs,
    Configure,
    Flush,
    KeptJob,
    PushJob,
    PutBack,
    SetPaused,
    Signal,
)
from glasshouse.engine.attachment import Attachment, RefusedError
from glasshouse.engine.schema import STATE_NUMBERS
from glasshouse.model import name_patterns
from glasshouse.model.errors import (
    InvalidError,
    NotFoundError,
    StoreError,
    UpstreamUnavailableError,
)
from glasshouse.model.job import JobSet, JobState, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.upstream.embedded_db import ReadThread
from glasshouse.upstream.embedded_lists import COLUMNS, number_in, stored, told_apart
from glasshouse.upstream.operator import (
    CHUNK,
    CHUNK_BYTES,
    Change,
    ChangeResult,
    DeletedJob,
    Entry,
    FrozenJobs,
    Groups,
    Selection,
)
from glasshouse.wire.lenient import storable
from glasshouse.wire.masking import masked
from glasshouse.wire.matching import matches, moment_and_error

T = TypeVar("T")

_CONNECTIONS = 16
_PATIENCE = 20.0
_SAMPLES, _MOST_NAMES = 10, 200
_NUMBERS = 400
_IN = "state = ? AND state > 1"
_pack = msgspec.msgpack.Encoder().encode
_KEPT = "id, state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at, payload"
_unpack_kept = msgspec.msgpack.Decoder(KeptJob).decode


class EmbeddedOperator:
    """An ``Operator`` of the engine that runs on a data folder of this machine."""

    def __init__(self, data: Path) -> None:
        """Operate what runs on ``data``; nothing is opened before the first request."""
        self._reads = ReadThread(data, "read-operator")
        self._free = [Attachment(data, patience=_PATIENCE) for _ in range(_CONNECTIONS)]
        self._all = tuple(self._free)
        self._turn = asyncio.Semaphore(_CONNECTIONS)
        self._settled: asyncio.Task[None] | None = None
        self._settling: asyncio.Task[None] | None = None

    async def freeze(self, wanted: Selection) -> FrozenJobs:
        """Return the selected jobs, as of now."""
        await self._settle()
        return await self._reads.run(lambda db: _frozen(db, wanted))

    async def kept(self, entries: Sequence[Entry]) -> list[DeletedJob]:
        """Return the jobs that still are as named, complete."""
        await self._settle()
        return await self._reads.run(lambda db: _kept(db, entries))

    async def samples(self, entries: Sequence[Entry]) -> tuple[StoredJob, ...]:
        """Return the jobs that still are as named, as readers see them."""
        await self._settle()
        return await self._reads.run(lambda db: _samples(db, entries))

    async def same(self, entries: Sequence[Entry]) -> set[int]:
        """Return the numbers of those that still are as named."""
        await self._settle()
        return await self._reads.run(lambda db: _same(db, entries))

    async def change(self, act: str, step: int, change: Change, named: list[Entry]) -> ChangeResult:
        """Change the jobs that are as named."""
        entries = [(entry.number, entry.state, entry.score) for entry in named]
        return await self._act(ChangeJobs(id=act, step=step, change=change, entries=entries))

    async def flush(self, act: str, step: int) -> ChangeResult:
        """Clear queues, counters and the log, if no job is left."""
        return await self._act(Flush(id=act, step=step))

    async def put_back(self, act: str, step: int, jobs: Sequence[DeletedJob]) -> ChangeResult:
        """Put deleted jobs back."""
        whole = [_unpack_kept(job.body) for job in jobs]
        return await self._act(PutBack(id=act, step=step, jobs=whole))

    async def pause(self, act: str, queue: str, *, paused: bool) -> ChangeResult:
        """Pause or resume a queue."""
        return await self._act(SetPaused(id=act, queue=queue, paused=paused))

    async def push(self, act: str, job: str) -> ChangeResult:
        """Push a job."""
        return await self._act(PushJob(id=act, job=job))

    async def signal(
        self, act: str, state: Literal["quiet", "terminate"], worker: str
    ) -> ChangeResult:
        """Signal a worker, or all of them."""
        return await self._act(Signal(state, None if worker == "*" else worker, id=act))

    async def configure(self, act: str, changes: Mapping[str, float]) -> ChangeResult:
        """Set run-time parameters."""
        await self._ask(Configure(dict(changes), id=act))
        return ChangeResult()

    async def paused(self, queue: str) -> bool | None:
        """Return whether a queue is paused."""
        await self._settle()

        def read(db: apsw.Connection) -> bool | None:
            row = db.execute("SELECT paused FROM queue WHERE name = ?", (queue,)).fetchone()
            return None if row is None else bool(row[0])

        return await self._reads.run(read)

    async def call_off(self, act: str, step: int) -> ChangeResult | None:
        """Return the result of a change, or make sure that it is never done."""
        result = await self._ask(CallOff(id=act, step=step))
        return None if result is None else msgspec.convert(result, ChangeResult)

    async def close(self) -> None:
        """Close the database and connections."""
        await self._reads.close()
        for attachment in self._all:
            await attachment.close()

    async def _act(self, act: Act) -> ChangeResult:
        return msgspec.convert(await self._ask(act), ChangeResult)

    async def _settle(self) -> None:
        """Return once the database has what was acknowledged before; callers share the wait."""
        if self._settling is None:
            self._settling = asyncio.create_task(self._settle_next(self._settled))
        await asyncio.shield(self._settling)

    async def _settle_next(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait((before,))
        # Whoever comes from now on may know of something that this one does not see.
        self._settled, self._settling = self._settling, None
        async with self._turn:
            attachment = self._free.pop()
            try:
                await attachment.settle()
            finally:
                self._free.append(attachment)

    async def _ask(self, act: Act) -> Any:
        async with self._turn:
            attachment = self._free.pop()
            try:
                return await attachment.ask(act)
            except RefusedError as error:
                raise _refused(error) from error
            except StoreError as error:
                raise UpstreamUnavailableError(error.detail, remedy=error.remedy) from error
            finally:
                self._free.append(attachment)


def _refused(error: RefusedError) -> Exception:
    if error.code == "not_found":
        return NotFoundError(error.detail, remedy=error.remedy)
    if error.code.startswith("invalid"):
        return InvalidError(error.detail, remedy=error.remedy)
    return UpstreamUnavailableError(error.detail, remedy=error.remedy)


# -- on the reading thread ------------------------------------------------------


class _Gathering:
    """What is known about the jobs found so far."""

    def __init__(self, wanted: Selection) -> None:
        self._wanted = wanted
        self.chunks: list[bytes] = []
        self.count = self.size = 0
        self.samples: list[StoredJob] = []
        self.names: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
        self.times: list[float] = []
        self.queues: dict[str, None] = {}
        self._chunk: list[Entry] = []
        self._chunk_bytes = 0

    def add(self, number: int, score: float, job: StoredJob) -> None:
        if len(self._chunk) == CHUNK or self._chunk_bytes + len(job.payload) > CHUNK_BYTES:
            self._close()
        state = STATE_NUMBERS[job.state]
        self._chunk.append(Entry(number, state, score, job.jid, job.queue))
        self._chunk_bytes += len(job.payload)
        self.count += 1
        self.queues[job.queue] = None
        self.size += len(job.payload)
        reported = self._wanted.told
        if reported is None or name_patterns.within(reported, job.queue):
            self._tell(job)

    def _tell(self, job: StoredJob) -> None:
        """Include a job among those about which details are reported."""
        if len(self.samples) < _SAMPLES:
            self.samples.append(job)
        at, errtype = moment_and_error(job)
        if errtype and self._wanted.hidden:
            _, errtype = moment_and_error(masked(job, self._wanted.hidden))
        names = (job.queue, job.jobtype, storable(errtype or ""))
        for counter, name in zip(self.names, names, strict=True):
            if name and (name in counter or len(counter) < _MOST_NAMES):
                counter[name] += 1
        if at is not None:
            self.times = [min(at, *self.times), max(at, *self.times)] if self.times else [at, at]

    def _close(self) -> None:
        if self._chunk:
            self.chunks.append(_pack(self._chunk))
        self._chunk, self._chunk_bytes = [], 0

    def frozen(self) -> FrozenJobs:
        self._close()
        queues, jobtypes, errors = (dict(counter.most_common()) for counter in self.names)
        oldest, newest = self.times or (None, None)
        return FrozenJobs(
            chunks=tuple(self.chunks),
            count=self.count,
            size=self.size,
            groups=Groups(queues=queues, jobtypes=jobtypes, errors=errors),
            oldest=oldest,
            newest=newest,
            samples=tuple(self.samples),
            queues=tuple(self.queues),
            told=self._wanted.told,
            hidden=self._wanted.hidden,
        )


class _Named:
    """The entries that keys name; all entries without ``keys``."""

    def __init__(self, keys: Sequence[str] | None) -> None:
        self._plain = None if keys is None else frozenset(keys)
        numbered = map(number_in, keys or ())
        self._numbered = {(key, number) for key, number in numbered if number is not None}

    def has(self, number: int, job: StoredJob) -> bool:
        if self._plain is None:
            return True
        return job.key in self._plain or (job.key, number) in self._numbered


def _frozen(db: apsw.Connection, wanted: Selection) -> FrozenJobs:
    gathering, named = _Gathering(wanted), _Named(wanted.keys)
    for number, job, score in _rows(db, wanted):
        if named.has(number, job) and _meant(wanted, job):
            gathering.add(number, score, job)
    return gathering.frozen()


def _rows(db: apsw.Connection, wanted: Selection) -> Iterator[tuple[int, StoredJob, float]]:
    if wanted.everything:
        yield from _all_rows(db)
        return
    where, values = _where(wanted)
    ids = wanted.jids
    if ids is None and wanted.keys is not None:
        ids = [key.partition("|")[2] for key in wanted.keys]
    for part in [()] if ids is None else _parts(list(dict.fromkeys(ids))):
        named = f" AND jid IN ({', '.join('?' * len(part))})" if part else ""
        query = f"SELECT {COLUMNS} FROM job WHERE {where}{named} ORDER BY score, id"
        for row in db.execute(query, (*values, *part)):
            yield row[0], stored(*row[1:]), row[2]


def _all_rows(db: apsw.Connection) -> Iterator[tuple[int, StoredJob, float]]:
    """Yield every job: the first ones are put back last, and are then ahead of the others."""
    parts: list[tuple[str, tuple[int | str, ...]]] = [(_IN, (STATE_NUMBERS[JobState.WORKING],))]
    for (name,) in db.execute("SELECT name FROM queue ORDER BY name").fetchall():
        parts.append(_where(Selection(queue=str(name))))
    parts += [_where(Selection(set=name)) for name in JobSet]
    for where, values in parts:
        query = f"SELECT {COLUMNS} FROM job WHERE {where} ORDER BY score, id"
        for row in db.execute(query, values):
            yield row[0], stored(*row[1:]), row[2]


def _where(wanted: Selection) -> tuple[str, tuple[int | str, ...]]:
    if wanted.queue is not None:
        return "state = 1 AND queue = ?", (wanted.queue,)
    assert wanted.set is not None
    return _IN, (STATE_NUMBERS[JobState(wanted.set.value)],)


def _parts(ids: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(ids), _NUMBERS):
        yield ids[start : start + _NUMBERS]


def _meant(wanted: Selection, job: StoredJob) -> bool:
    if wanted.shown is not None and not name_patterns.within(wanted.shown, job.queue):
        return False
    query: JobQuery | None = wanted.query
    return query is None or matches(query, job)


def _kept(db: apsw.Connection, entries: Sequence[Entry]) -> list[DeletedJob]:
    jobs: dict[int, DeletedJob] = {}
    for number, row in _numbered(db, _KEPT, entries):
        job = KeptJob(*row)
        entry = Entry(number, job.state, job.score, job.jid, job.queue)
        jobs[number] = DeletedJob(entry, job.jobtype, _pack(job))
    return [jobs[entry.number] for entry in entries if entry.number in jobs]


def _samples(db: apsw.Connection, entries: Sequence[Entry]) -> tuple[StoredJob, ...]:
    jobs = {number: stored(*row[1:]) for number, row in _numbered(db, COLUMNS, entries)}
    there = [(one.number, jobs[one.number]) for one in entries if one.number in jobs]
    return tuple(told_apart(db, there))


def _same(db: apsw.Connection, entries: Sequence[Entry]) -> set[int]:
    return {number for number, _ in _numbered(db, "id, state, score", entries)}


def _numbered(
    db: apsw.Connection, columns: str, entries: Sequence[Entry]
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield the rows of those that still are as named."""
    named = {entry.number: (entry.state, entry.score) for entry in entries}
    for part in _parts(list(named)):
        marks = ", ".join("?" * len(part))
        for row in db.execute(f"SELECT {columns} FROM job WHERE id IN ({marks})", part):
            if named[row[0]] == (row[1], row[2]):
                yield row[0], row

"""The write side of a server, as the control uses it: jobs frozen by name, and changes by id.

Invariant: a change is done once for its id and step, however often it is requested. Every
caller gets the result of the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from glasshouse.model.job import JobSet, StoredJob
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.redaction import Redaction

Change = Literal["delete", "kill", "retry", "forget"]

CHUNK = 500
CHUNK_BYTES = 4 << 20


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One job, named unambiguously: number, state and score."""

    number: int
    state: int
    score: float
    jid: str
    queue: str


class DeletedJob(msgspec.Struct, frozen=True):
    """Everything needed to put a deleted job back; ``body`` is the adapter's own."""

    entry: Entry
    jobtype: str
    body: bytes


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are selected: of a queue, or of a set; by ids, by keys, by what they are, or all.

    ``everything`` means all jobs of the server, including those that run.
    Only jobs of queues that are ``shown`` are selected: globs, ``None`` for all. Apart from their
    number, only jobs of queues that are ``told`` (likewise) are reported on, and nothing reported
    contains anything that is ``hidden``.
    """

    queue: str | None = None
    set: JobSet | None = None
    everything: bool = False
    jids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    query: JobQuery | None = None
    shown: tuple[str, ...] | None = None
    told: tuple[str, ...] | None = None
    hidden: tuple[Redaction, ...] = ()


class Groups(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs by queue, type and error type, most first; some hundred names at most."""

    queues: dict[str, int]
    jobtypes: dict[str, int]
    errors: dict[str, int]


class FrozenJobs(msgspec.Struct, frozen=True, kw_only=True):
    """Jobs as they were at one moment; each of ``chunks`` is a list of entries (MessagePack).

    ``queues`` are all queues that they belong to. ``oldest`` and ``newest`` are Unix seconds:
    when the jobs failed, were enqueued or are due. These, ``groups`` and ``samples`` cover only
    queues that are ``told`` and contain nothing that is ``hidden``, as the selection specified.
    """

    chunks: tuple[bytes, ...] = ()
    count: int = 0
    size: int = 0
    groups: Groups = Groups(queues={}, jobtypes={}, errors={})
    oldest: float | None = None
    newest: float | None = None
    samples: tuple[StoredJob, ...] = ()
    queues: tuple[str, ...] = ()
    told: tuple[str, ...] | None = None
    hidden: tuple[Redaction, ...] = ()


class ChangeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a change; ``left`` are numbers of jobs that were not as named.

    ``known`` says whether the target exists at all.
    """

    left: tuple[int, ...] = ()
    known: bool = True
    jid: str = ""
    told: int = 0


class Operator(Protocol):
    """Every method may raise ``UpstreamUnavailableError``: it is then unknown what was done."""

    async def freeze(self, wanted: Selection) -> FrozenJobs:
        """Return the selected jobs, as of now."""
        ...

    async def kept(self, entries: Sequence[Entry]) -> list[DeletedJob]:
        """Return the jobs that still are as named, with all that is needed to put them back."""
        ...

    async def samples(self, entries: Sequence[Entry]) -> tuple[StoredJob, ...]:
        """Return the jobs that still are as named, as readers see them."""
        ...

    async def same(self, entries: Sequence[Entry]) -> set[int]:
        """Return the numbers of those that still are as named."""
        ...

    async def change(self, act: str, step: int, change: Change, named: list[Entry]) -> ChangeResult:
        """Change the jobs that are as named; only ``forget`` touches those that run."""
        ...

    async def flush(self, act: str, step: int) -> ChangeResult:
        """Clear queues, counters and the log, if no job is left: ``known`` reports that."""
        ...

    async def put_back(self, act: str, step: int, jobs: Sequence[DeletedJob]) -> ChangeResult:
        """Put deleted jobs back; ``left`` are those that already exist."""
        ...

    async def pause(self, act: str, queue: str, *, paused: bool) -> ChangeResult:
        """Pause or resume a queue."""
        ...

    async def push(self, act: str, job: str) -> ChangeResult:
        """Push a job; raises ``InvalidError`` when it is not a valid one."""
        ...

    async def signal(
        self, act: str, state: Literal["quiet", "terminate"], worker: str
    ) -> ChangeResult:
        """Signal a worker, or ``*``; raises ``NotFoundError`` when there is no such worker."""
        ...

    async def configure(self, act: str, changes: Mapping[str, float]) -> ChangeResult:
        """Set run-time parameters; raises ``InvalidError``."""
        ...

    async def paused(self, queue: str) -> bool | None:
        """Return whether a queue is paused; ``None`` when there is no such queue."""
        ...

    async def call_off(self, act: str, step: int) -> ChangeResult | None:
        """Return the result of a change, or ``None``: then it was not done and never will be."""
        ...

    async def close(self) -> None:
        """Release what is held."""
        ...

"""The result of an operation, and the part of a preview that is stored with it."""

from __future__ import annotations

import msgspec

from glasshouse.storage.operations import RunningOperation
from glasshouse.upstream.operator import FrozenJobs


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The operation as far as it is known; ``ended_at`` is ``None`` while it runs."""

    running: RunningOperation
    moved: tuple[str, ...] = ()


def result_of(running: RunningOperation) -> Result:
    """Return the outcome of an operation, as far as it is recorded."""
    return Result(running=running, moved=tuple(msgspec.json.decode(running.examples)))


def without_jobs(frozen: FrozenJobs) -> FrozenJobs:
    """Return what is stored of a preview apart from its jobs: no payload."""
    return msgspec.structs.replace(frozen, chunks=(), samples=())

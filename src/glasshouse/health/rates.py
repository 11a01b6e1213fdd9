"""Rates computed from the samples that the sampler keeps; ``None`` where unknown."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model.server import Worker
from glasshouse.monitor.snapshot import Sample

STALE_BEAT = 30.0

SHORT = 10.0
MINUTE = 60.0
_LEAST = 2.0


class RecentRates(msgspec.Struct, frozen=True, kw_only=True):
    """What happened over the last ``span`` seconds; ``None`` is unknown."""

    span: float
    processed: int
    failed: int
    died: int | None
    commands: int | None

    @property
    def processed_rate(self) -> float:
        """Executions that ended per second."""
        return self.processed / self.span

    @property
    def failed_rate(self) -> float:
        """Those of them that failed, per second."""
        return self.failed / self.span

    @property
    def command_rate(self) -> float | None:
        """Commands per second."""
        return None if self.commands is None else self.commands / self.span


def recent(samples: Sequence[Sample], within: float) -> RecentRates | None:
    """Return what happened in about the last ``within`` seconds that the samples cover.

    When a total shrinks (the server was restarted), everything before that is
    ignored.
    """
    if not samples:
        return None
    last = first = samples[-1]
    for sample in reversed(samples):
        backwards = sample.at > first.at or sample.processed > first.processed
        if backwards or last.at - sample.at > within + 1 or _restarted(sample, first):
            break
        first = sample
    span = last.at - first.at
    if span < _LEAST:
        return None
    return RecentRates(
        span=span,
        processed=last.processed - first.processed,
        failed=max(0, last.failures - first.failures),
        died=_grown(first.dead, last.dead),
        commands=_grown(first.commands, last.commands),
    )


def _restarted(before: Sample, after: Sample) -> bool:
    return (before.commands or 0) > (after.commands or 0)


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else max(0, after - before)


def is_stale(worker: Worker, now: float) -> bool:
    """Return whether a worker has not been heard from for more than 30 s."""
    return worker.last_beat is not None and now - worker.last_beat > STALE_BEAT

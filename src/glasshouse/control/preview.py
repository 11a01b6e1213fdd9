"""What is confirmed: how much would be changed of what, and what could be undone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from glasshouse.control.requester import Requester
from glasshouse.control.selection import told_to
from glasshouse.model.access import Decision
from glasshouse.model.job import StoredJob
from glasshouse.model.redaction import Redaction
from glasshouse.model.request import NAMES, OperationRequest, Undo
from glasshouse.model.retention import Bounds
from glasshouse.upstream.operator import FrozenJobs, Groups
from glasshouse.wire.masking import masked


class ShownPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A preview, as its viewer may see it.

    ``lost`` is how many of ``count`` jobs the trash would not keep. ``decision`` is the current
    decision about it. ``samples`` contain nothing that the viewer may not see.
    """

    preview: str
    order: OperationRequest
    count: int | None
    groups: Groups
    oldest: float | None
    newest: float | None
    samples: tuple[StoredJob, ...]
    lost: int
    undo: bool
    decision: Decision


async def shown_to(
    preview: str,
    requester: Requester,
    order: OperationRequest,
    frozen: FrozenJobs | None,
    decision: Decision,
    bounds: Bounds,
) -> ShownPreview:
    """Return a preview without anything that ``requester`` may not see."""
    jobs, visibility = frozen or FrozenJobs(), requester.visibility
    undo = NAMES[order.operation].undo is Undo.TRASH
    seen = [job for job in jobs.samples if visibility.shows(job.queue)]
    # What was gathered for other eyes, before a role changed, cannot be separated again.
    fits = (jobs.told, jobs.hidden) == (told_to(requester), visibility.hidden)
    return ShownPreview(
        preview=preview,
        order=order,
        count=None if frozen is None else frozen.count,
        groups=_seen(jobs.groups, requester, fits=fits),
        oldest=jobs.oldest if fits else None,
        newest=jobs.newest if fits else None,
        samples=await asyncio.to_thread(_masked, seen, visibility.hidden),
        lost=max(0, jobs.count - bounds.most) if undo else 0,
        undo=undo,
        decision=decision,
    )


def _masked(jobs: Iterable[StoredJob], hidden: tuple[Redaction, ...]) -> tuple[StoredJob, ...]:
    return tuple(masked(job, hidden) for job in jobs)


def _seen(groups: Groups, requester: Requester, *, fits: bool) -> Groups:
    """Return the groups without queues that may not be seen."""
    shown = {
        name: count for name, count in groups.queues.items() if requester.visibility.shows(name)
    }
    if not fits:
        return Groups(queues=shown, jobtypes={}, errors={})
    return msgspec.structs.replace(groups, queues=shown)

"""Which queues a request is about: for the decision, its record, and who may read that."""

from __future__ import annotations

import json

from glasshouse.ledger import subject
from glasshouse.model.request import NAMES, OperationRequest
from glasshouse.storage.operations import RunningOperation
from glasshouse.upstream.operator import FrozenJobs
from glasshouse.wire.jobs import parse_job

Queues = tuple[str, ...] | None
"""Queues by their names; ``None``: it may be any queue of the server."""


def concerned(order: OperationRequest, frozen: FrozenJobs | None) -> Queues:
    """Return the queues that a request with these jobs is about.

    Raises:
        JobError: it pushes something that is not a job.
    """
    if order.queue is not None:
        return (order.queue,)
    if order.job is not None:
        return (parse_job(order.job.encode("utf-8", "surrogatepass")).queue,)
    if frozen is not None and frozen.queues and not NAMES[order.operation].whole:
        return frozen.queues
    return None


def deciding(queues: Queues) -> tuple[str | None, ...]:
    """Return the queues that decide an operation; ``None`` in it stands for the whole server."""
    return queues or (None,)


def written(queues: Queues) -> str:
    """Return queues as an operation stores them, however many; empty for any."""
    return "" if queues is None else json.dumps(queues, separators=(",", ":"))


def queues_of(running: RunningOperation) -> Queues:
    """Return the queues that an operation is about, as it stores them."""
    return subject.read(running.queues)

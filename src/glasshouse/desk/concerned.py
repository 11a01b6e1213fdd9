"""Which queues an order is about: for the decision, for its record, and for who may read that."""

from __future__ import annotations

from glasshouse.model.order import NAMES, Order
from glasshouse.upstream.operator import Frozen
from glasshouse.wire.jobs import parse_job


def concerned(order: Order, frozen: Frozen | None) -> tuple[str, ...] | None:
    """Return the queues that an order with these jobs is about; ``None``: it may be any.

    Raises:
        JobError: it pushes what is no job.
    """
    if order.queue is not None:
        return (order.queue,)
    if order.job is not None:
        return (parse_job(order.job.encode("utf-8", "surrogatepass")).queue,)
    if frozen is not None and frozen.queues and not NAMES[order.operation].whole:
        return frozen.queues
    return None

"""What was confirmed: exactly the request that a preview showed, with everything required."""

from __future__ import annotations

import hashlib

from glasshouse.control.refusals import PreviewStaleError
from glasshouse.control.requester import Requester
from glasshouse.model.access import Decision
from glasshouse.model.errors import InvalidError
from glasshouse.model.request import NAMES, OperationRequest, Undo
from glasshouse.model.retention import Bounds
from glasshouse.storage.operations import RunningOperation
from glasshouse.upstream.operator import FrozenJobs


def order_digest(order: OperationRequest, server: str, preview: str) -> str:
    """Return what identifies a request on a server, without revealing what it names.

    The preview's id is part of it, so that equal requests look different.
    """
    content = b"\0".join((preview.encode(), server.encode(), order.canonical()))
    return hashlib.sha256(content).hexdigest()


def check_same(
    running: RunningOperation, order: OperationRequest, requester: Requester, server: str
) -> None:
    """Check that an operation is exactly the one being confirmed, by the same person.

    Raises:
        PreviewStaleError: it is a different one.
    """
    same = running.order_digest == order_digest(order, server, running.id)
    if running.actor != requester.who.name or not same:
        raise PreviewStaleError("This preview was used for something else.")


def check_agreement(
    order: OperationRequest, decision: Decision, frozen: FrozenJobs | None, bounds: Bounds
) -> None:
    """Check that a request states everything that is required with it.

    Raises:
        InvalidError: it lacks a reason, or does not accept that some of it cannot be restored.
    """
    if decision.needs_reason and not order.reason.strip():
        raise InvalidError(
            f"Your role requires a reason for {order.operation}.",
            remedy="Give a reason in a few words.",
        )
    lost = 0 if frozen is None else frozen.count - bounds.most
    if lost > 0 and NAMES[order.operation].undo is Undo.TRASH and not order.lossy:
        raise InvalidError(
            f"The trash keeps {bounds.most:,} jobs: {lost:,} of these cannot be restored.",
            remedy='Choose fewer, or accept the loss: "lossy": true.',
        )

"""``/api/v1/me``: the viewer, what they may see and do, and why not more."""

from __future__ import annotations

from msgspec import UNSET

from glasshouse.model.access import Outcome
from glasshouse.model.operation import Operation
from glasshouse.web.presentation import permissions
from glasshouse.web.request.context import PageContext
from glasshouse.web.request.viewer import Viewer
from glasshouse.web.shapes.responses import MayShape, MeServerShape, MeShape, SeeShape


def told_of(context: PageContext) -> MeShape:
    """Return everything to report about the viewer."""
    viewer, person = context.viewer, context.viewer.person
    circumstances = viewer.context
    return MeShape(
        signed_in=viewer.signed_in,
        name=viewer.actor.name or UNSET,
        how=UNSET if person is None else person.how.value,
        roles=list(viewer.actor.roles),
        address=UNSET if circumstances.address is None else str(circumstances.address),
        factor_age=UNSET
        if circumstances.factor_age is None
        else round(circumstances.factor_age, 1),
        servers=[_server(viewer, name) for name in context.monitor.names],
    )


def _server(viewer: Viewer, name: str) -> MeServerShape:
    visibility = viewer.sees(name)
    return MeServerShape(
        server=name,
        see=SeeShape(
            queues=list(visibility.queues),
            hidden=len(visibility.hidden),
            audit=visibility.audit,
            trash=visibility.trash,
            payload=visibility.payload,
        ),
        may=[_may(viewer, operation, name) for operation in Operation],
    )


def _may(viewer: Viewer, operation: Operation, server: str) -> MayShape:
    decision = permissions.best(viewer, operation, server)
    return MayShape(
        operation=operation.value,
        outcome=decision.outcome.value,
        why=decision.why.value,
        detail=permissions.why(viewer, decision, "en"),
        role=decision.role or UNSET,
        reason_needed=decision.outcome is not Outcome.DENY and decision.needs_reason,
    )

"""The viewer in the form that the control and the ledger use."""

from __future__ import annotations

from glasshouse.control.requester import Requester
from glasshouse.ledger.record import Subject
from glasshouse.model.access import Outcome
from glasshouse.model.operation import Operation
from glasshouse.web.request.viewer import Viewer


def who_of(viewer: Viewer) -> Subject:
    """Return a viewer as the ledger names people."""
    age, person = viewer.context.factor_age, viewer.person
    return Subject(
        name=viewer.actor.name,
        roles=viewer.actor.roles,
        address=str(viewer.context.address or ""),
        how="" if person is None else person.how.value,
        factor_age=None if age is None else int(age),
    )


def powers_of(viewer: Viewer, server: str) -> frozenset[str]:
    """Return the operations that a viewer might do, before any second factor is considered."""
    if not viewer.signed_in:
        return frozenset()
    requester = requester_of(viewer, server)
    return frozenset(
        operation.value
        for operation in Operation
        if requester.best(operation, server).outcome is not Outcome.DENY
    )


def requester_of(viewer: Viewer, server: str) -> Requester:
    """Return a viewer as the requester that the control accepts."""
    roles = viewer.rules.roles
    held = [roles[name] for name in viewer.actor.roles if name in roles]
    return Requester(
        who=who_of(viewer),
        visibility=viewer.sees(server),
        decide=viewer.may,
        globs=tuple(dict.fromkeys(queue for role in held for queue in role.queues)),
        guarded=viewer.rules.guarded(),
    )

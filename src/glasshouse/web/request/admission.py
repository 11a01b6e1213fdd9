"""Who is admitted at all: anyone with a role, even if only that of a stranger."""

from __future__ import annotations

from glasshouse.model.errors import DeniedError
from glasshouse.monitor.view import MonitorView
from glasshouse.web.request.refusals import SignInNeededError
from glasshouse.web.request.viewer import Viewer


def strange(viewer: Viewer) -> bool:
    """Return whether a viewer sees nothing before signing in."""
    return not viewer.actor.roles and not viewer.signed_in


def admit(viewer: Viewer) -> None:
    """Admit a viewer who has a role.

    Raises:
        SignInNeededError: strangers have no role here.
        DeniedError: this person was not given a role.
    """
    if strange(viewer):
        raise SignInNeededError("Sign in to see anything here.")
    if not viewer.actor.roles:
        raise DeniedError(
            f"You are signed in as {viewer.label[:80]}, but have no role.",
            remedy="Ask whoever runs this console to give you a role.",
        )


def sees_audit(viewer: Viewer, monitor: MonitorView) -> bool:
    """Return whether a viewer of ``monitor`` may see the audit ledger."""
    return viewer.signed_in and monitor.audit

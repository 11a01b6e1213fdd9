"""Who gets in at all: whoever has a role, be it that of a stranger."""

from __future__ import annotations

from glasshouse.model.errors import DeniedError
from glasshouse.monitor.view import MonitorView
from glasshouse.web.request.refusals import SignInNeededError
from glasshouse.web.request.viewer import Viewer


def strange(viewer: Viewer) -> bool:
    """Return whether somebody sees nothing before signing in."""
    return not viewer.actor.roles and not viewer.signed_in


def admit(viewer: Viewer) -> None:
    """Let somebody in who has a role.

    Raises:
        SignInNeededError: strangers have none here.
        DeniedError: nobody gave one to this person.
    """
    if strange(viewer):
        raise SignInNeededError("Sign in to see anything here.")
    if not viewer.actor.roles:
        raise DeniedError(
            f"You are signed in as {viewer.label[:80]}, but have no role.",
            remedy="Ask whoever runs this console to give you a role.",
        )


def sees_audit(viewer: Viewer, monitor: MonitorView) -> bool:
    """Return whether somebody, who sees ``monitor``, sees the audit ledger."""
    return viewer.signed_in and monitor.audit

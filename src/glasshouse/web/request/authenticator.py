"""The gate: identifies the viewer once for each request, before anything is looked up."""

from __future__ import annotations

from typing import Protocol

from starlette.types import Scope

from glasshouse.model.access import Context
from glasshouse.policy.rules import Rules
from glasshouse.web.http.network import socket_address
from glasshouse.web.request.viewer import Viewer


class Gate(Protocol):
    """Identifies the viewer."""

    @property
    def rules(self) -> Rules:
        """The rules in force now."""
        ...

    async def viewer(self, scope: Scope) -> Viewer:
        """Return who sent a request that passed the guard."""
        ...

    async def again(self, viewer: Viewer) -> Viewer:
        """Return the current viewer for one who was admitted a while ago."""
        ...


class OpenGate:
    """Knows no one by name: everyone is a stranger."""

    def __init__(self, rules: Rules) -> None:
        """Admit everyone under ``rules``."""
        self.rules = rules

    async def viewer(self, scope: Scope) -> Viewer:
        """Return a stranger."""
        address = socket_address((scope.get("client") or ("",))[0])
        return self._stranger(Context(address=address))

    async def again(self, viewer: Viewer) -> Viewer:
        """Return a stranger."""
        return self._stranger(viewer.context)

    def _stranger(self, context: Context) -> Viewer:
        return Viewer(rules=self.rules, actor=self.rules.stranger(), context=context)

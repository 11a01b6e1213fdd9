"""Everything that handles people, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glasshouse.web.auth.departures import Departures
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.factors import Factors
from glasshouse.web.auth.limits import Limits
from glasshouse.web.auth.passwords import File, Passwords
from glasshouse.web.auth.recording import Recording
from glasshouse.web.auth.sessions import Sessions
from glasshouse.web.auth.tokens import Tokens
from glasshouse.web.request.rules import Access

if TYPE_CHECKING:
    # Its libraries are loaded only if there is a provider.
    from glasshouse.integrations.oidc import Oidc


class People:
    """Sessions, passwords, second factors and tokens over one database."""

    def __init__(
        self,
        tools: AuthDependencies,
        access: Access,
        file: File | None = None,
        oidc: Oidc | None = None,
    ) -> None:
        """Put it together; ``access`` may be replaced at run time."""
        self.tools = tools
        self.oidc = oidc
        self.access = access
        self.limits = Limits(tools)
        self.recording = Recording(tools)
        self.sessions = Sessions(tools)
        self.leavers: Departures | None = None
        if file is not None:
            forget = self.sessions.forget
            self.leavers = Departures(tools.database, self.recording, file, forget)
        self.passwords = Passwords(tools, self.limits, self.recording, file, self.leavers)
        self.factors = Factors(tools, self.limits, self.recording)
        self.tokens = Tokens(tools, self.limits)

    async def close(self) -> None:
        """Release everything."""
        if self.oidc is not None:
            await self.oidc.close()
        self.tools.close()

"""Everything that knows people, put together."""

from __future__ import annotations

from glasshouse.links.oidc import Oidc
from glasshouse.web.people.access import Access
from glasshouse.web.people.factors import Factors
from glasshouse.web.people.leavers import Leavers
from glasshouse.web.people.limits import Limits
from glasshouse.web.people.passwords import File, Passwords
from glasshouse.web.people.recording import Recording
from glasshouse.web.people.sessions import Sessions
from glasshouse.web.people.tokens import Tokens
from glasshouse.web.people.tools import Tools


class People:
    """Sessions, passwords, second factors and tokens over one database."""

    def __init__(
        self, tools: Tools, access: Access, file: File | None = None, oidc: Oidc | None = None
    ) -> None:
        """Put it together; ``access`` may be replaced while it runs."""
        self.tools = tools
        self.oidc = oidc
        self.access = access
        self.limits = Limits(tools)
        self.recording = Recording(tools)
        self.sessions = Sessions(tools)
        self.leavers: Leavers | None = None
        if file is not None:
            forget = self.sessions.forget
            self.leavers = Leavers(tools.database, self.recording, file, forget)
        self.passwords = Passwords(tools, self.limits, self.recording, file, self.leavers)
        self.factors = Factors(tools, self.limits, self.recording)
        self.tokens = Tokens(tools, self.limits)

    async def close(self) -> None:
        """Let go of everything."""
        if self.oidc is not None:
            await self.oidc.close()
        self.tools.close()

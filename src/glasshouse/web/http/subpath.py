"""The console below a path of its host: removed from requests, added to redirects.

A proxy may remove the path itself or leave it: both are understood.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class SubPath:
    """Serves ``app`` below ``base``, a path without a trailing slash."""

    def __init__(self, app: ASGIApp, base: str) -> None:
        """Wrap ``app``."""
        self._app = app
        self._base = base
        self._raw = base.encode("ascii")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on without the path; the start page is found without a slash too."""
        raw: bytes = scope["raw_path"]
        if raw == self._raw:
            raw += b"/"
        if raw.startswith(self._raw + b"/"):
            path = raw[len(self._raw) :]
            scope = {**scope, "raw_path": path, "path": path.decode("latin-1")}

        async def placed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("location", "").startswith("/"):
                    headers["location"] = self._base + headers["location"]
            await send(message)

        await self._app(scope, receive, placed)

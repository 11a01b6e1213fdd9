"""Security headers: one list, on every response, whatever produced it.

Also the only place that decides what may be cached.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "worker-src 'self'; "
    "manifest-src 'self'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "frame-ancestors 'none'"
)

SECURITY_HEADERS: dict[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

NOT_KEPT = "no-store"
REVALIDATED = "no-cache"
IMMUTABLE = "public, max-age=31536000, immutable"


class SecurityHeaders:
    """Adds ``SECURITY_HEADERS`` to each response; ``no-store`` unless the response differs."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the response's headers."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message["headers"])
            await send(message)

        await self._app(scope, receive, complete)


_OURS = tuple((name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items())
_NAMES = frozenset(name for name, _ in _OURS)
_CACHE = b"cache-control"


def _completed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a response's headers (names in lower case, as in ASGI) with ours."""
    kept = [header for header in headers if header[0] not in _NAMES]
    if not any(name == _CACHE for name, _ in kept):
        kept.append((_CACHE, NOT_KEPT.encode()))
    return [*kept, *_OURS]

"""Live streams of an application in this process, read until they have told what was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp

from tests.steady import LONG


async def streamed(app: ASGIApp, topics: Sequence[str], cookie: str = "") -> bytes:
    """Return what a stream of these pages says until each was told whole."""
    said, enough = bytearray(), asyncio.Event()

    async def receive() -> dict[str, str]:
        await enough.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        said.extend(message.get("body", b""))
        if said.count(b"event: fragment") >= len(topics):
            enough.set()

    scope = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "raw_path": b"/main/live",
        "query_string": "&".join(f"topic={quote(topic, safe='')}" for topic in topics).encode(),
        "headers": [(b"host", b"house"), *([(b"cookie", cookie.encode())] if cookie else [])],
        "client": ("127.0.0.1", 4000),
    }
    async with asyncio.timeout(LONG):
        await app(scope, receive, send)
    return bytes(said)

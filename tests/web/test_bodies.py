"""Bodies of requests: what is read of them, and what becomes of clients that have gone."""

from __future__ import annotations

import pytest
from starlette.types import Message

from glasshouse.web.http import bodies


async def test_a_connection_that_was_closed_is_a_client_that_is_gone() -> None:
    async def receive() -> Message:
        raise RuntimeError("Cannot call write() after write_eof()")

    with pytest.raises(bodies.ClientGoneError):
        await bodies.read(receive)


async def test_a_body_is_read_to_its_end() -> None:
    parts = [b"one ", b"two"]

    async def receive() -> Message:
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    assert await bodies.read(receive) == b"one two"

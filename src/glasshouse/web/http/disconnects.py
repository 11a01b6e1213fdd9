"""Work for a client that may leave: it ends when no one waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.types import Receive

T = TypeVar("T")


async def while_waited_for(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """Return the result of ``work``; cancel it and return ``None`` when the client leaves first.

    For requests without a body: whatever arrives meanwhile is discarded.
    """
    doing = asyncio.create_task(work)
    leaving = asyncio.create_task(_until_gone(receive))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        return await doing if doing.done() else None
    finally:
        for task in (doing, leaving):
            task.cancel()
        # No part of it continues after the answer.
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

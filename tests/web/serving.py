"""A console served on a free port of loopback by the real uvicorn, in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from glasshouse.web.app import Application
from glasshouse.web.serve import serve


@contextlib.asynccontextmanager
async def serving(app: Application) -> AsyncIterator[int]:
    """Serve while the block runs; yield the port."""
    ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(app, host="127.0.0.1", port=0, on_ready=lambda _, port: ready.set_result(port))
    )
    try:
        yield await asyncio.wait_for(ready, 60)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, 60)

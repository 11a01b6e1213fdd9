"""When a process ends: on a signal, or when the parent whose pipe it holds is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

_LAST_WORD_SECONDS = 4.0


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def stop_when_stdin_closes(stop: asyncio.Event) -> None:
    """Set ``stop`` at the end of standard input: the parent has ended, for whatever reason."""
    loop = asyncio.get_running_loop()
    descriptor = sys.stdin.fileno()

    def readable() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            stop.set()

    loop.add_reader(descriptor, readable)


async def run_until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` until it ends or ``stop`` is set; then cancel it and wait a little.

    Raises:
        whatever ``work`` raised before the stop.
    """
    task = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
    finally:
        stopped.cancel()
        task.cancel()
        await asyncio.wait({task}, timeout=_LAST_WORD_SECONDS)

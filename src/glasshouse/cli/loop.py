"""The event loop of servers: uvloop, which leaves more of a core to the work itself."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

_TURN = 0.001
"""Seconds for which a thread may keep the loop waiting; Python's own five would be felt."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Return what ``work`` returns, run on a loop of its own."""
    sys.setswitchinterval(_TURN)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)

"""Child processes: started from this Python, ready when they report it, never left behind.

A child holds the read end of a pipe as its standard input and ends when that
closes, so it does not outlive its parent even when the parent is killed. It
has its own session: a Ctrl-C in the terminal reaches only the parent, which
stops its children in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence

import structlog

from glasshouse.app.announce import say
from glasshouse.model.errors import GlasshouseError

log = structlog.get_logger()

_STOP_SECONDS = 0.8
_RESTART_SECONDS = 2.0


class ChildError(GlasshouseError):
    """A child process ended before it was ready. ``told``: it has reported why itself."""

    code = "child"

    def __init__(self, detail: str, *, told: bool) -> None:
        """Store whether the child has already reported why."""
        super().__init__(detail, remedy="Its messages stand above.")
        self.told = told


class Child:
    """One child process that runs one of our commands, restarted when it dies."""

    def __init__(self, name: str, arguments: Sequence[str], *, without: Sequence[str] = ()) -> None:
        """Describe the child; ``arguments`` follow ``python -m glasshouse``.

        It gets our environment, except the variables ``without``.
        """
        self.name = name
        self._without = frozenset(without)
        self._arguments = [*arguments, "--until-stdin-closes"]
        self._process: Process | None = None

    async def start(self) -> dict[str, object]:
        """Start it and return its ready line.

        Raises:
            ChildError: it ended before it was ready.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "glasshouse",
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,
            env={name: value for name, value in os.environ.items() if name not in self._without},
        )
        self._process = process
        while process.stdout is not None and (line := await process.stdout.readline()):
            ready = _ready(line)
            if ready is not None:
                return ready
        code = await process.wait()
        raise ChildError(f"The {self.name} ended with {code} before it was ready.", told=code > 0)

    async def keep(self, arguments: Sequence[str] | None = None) -> None:
        """Restart it whenever it ends, until cancelled, with ``arguments`` if given."""
        if arguments is not None:
            self._arguments = [*arguments, "--until-stdin-closes"]
        while self._process is not None:
            code = await self._process.wait()
            say(f"The {self.name} ended unexpectedly ({code}); starting it again.")
            await asyncio.sleep(_RESTART_SECONDS)
            with contextlib.suppress(ChildError):
                await self.start()

    async def stop(self) -> None:
        """Terminate it, and kill it if it has not ended within 0.8 s."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            log.warning("child did not stop in time", child=self.name, pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def _ready(line: bytes) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("event") == "ready" else None

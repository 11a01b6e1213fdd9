"""Worker programs of real clients as processes of their own, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import BinaryIO

from scripts.node import find_node
from tests.steady import LONG

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NPM_CLIENT = HERE / "node_modules/faktory-worker"


def command(client: str) -> list[str]:
    """Return how to start the worker program of a client library."""
    if client == "faktory-worker":
        return [str(find_node().binary), str(HERE / "work_faktory_worker.mjs")]
    return [sys.executable, "-m", f"tests.peers.work_{client}"]


class Program:
    """A running worker program; it and its children are one process group."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process, self._folder = process, folder

    def crash(self) -> None:
        """Kill it and its children, as a machine would that loses power."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    @property
    def done(self) -> list[str]:
        """What its jobs have noted down."""
        path = self._folder / "done"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    @property
    def held(self) -> bool:
        """Whether a job is being held."""
        return (self._folder / "held").exists()

    def release(self) -> None:
        """Let jobs that are being held come to their end."""
        (self._folder / "release").touch()

    async def ended(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        return await asyncio.wait_for(self.process.wait(), LONG)


def _log(folder: Path) -> BinaryIO:
    folder.mkdir(exist_ok=True)
    return (folder / "log").open("ab")


@contextlib.asynccontextmanager
async def working(
    client: str, url: str, wid: str, folder: Path, **environment: str
) -> AsyncIterator[Program]:
    """Run the worker program of ``client`` while the block runs; ``folder`` takes its marks."""
    with _log(folder) as log:
        process = await asyncio.create_subprocess_exec(
            *command(client),
            url,
            wid,
            str(folder),
            cwd=ROOT,
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    program = Program(process, folder)
    try:
        yield program
    except BaseException:
        print((folder / "log").read_text("utf-8", errors="replace"))
        raise
    finally:
        program.crash()
        await process.wait()


async def until(holds: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    """Wait until ``holds`` says so; a fact of another process can only be asked for again."""
    deadline = time.monotonic() + LONG
    while True:
        answer = holds()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert time.monotonic() < deadline, "it never came to hold"
        await asyncio.sleep(0.01)

"""The engine as a process of its own, for tests of what only a process can meet."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from tests.steady import LONG

from .peer import Peer, Running

_PATIENT = """
from glasshouse.cli import main
from glasshouse.engine import run, session, waiting
{} = 3600.0
main()
"""
_ENGINE = ["engine", "--listen", "127.0.0.1:0", "--data"]


def patient(*bounds: str) -> list[str]:
    """Return a `glasshouse` for which these bounds of its modules are an hour."""
    return [sys.executable, "-c", _PATIENT.format(" = ".join(bounds))]


GLASSHOUSE = [sys.executable, "-m", "glasshouse"]
COMMAND = [*GLASSHOUSE, *_ENGINE]
PATIENT = [*patient("session.LAST_WORDS_WITHIN", "waiting.FETCH_WAITS"), *_ENGINE]
"""One that waits an hour for whoever it waits for."""


class EngineProcess(Running):
    """An engine that has said it is ready; its log goes to a file beside the test's folders."""

    def __init__(self, data: Path, log: Path, command: Sequence[str] = COMMAND) -> None:
        self.log = log
        with log.open("w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                [*command, str(data)], stdout=subprocess.PIPE, stderr=errors, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.process.stdout.close()
        assert line, f"exit {self.process.wait(LONG)}: {self.told()}"
        super().__init__(data, int(json.loads(line)["faktory"].rpartition(":")[2]), None)

    def told(self) -> str:
        """Return what it wrote to stderr so far."""
        return self.log.read_text(encoding="utf-8")

    async def ended(self, seconds: float = LONG) -> int:
        """Return its exit code once it has ended."""
        return await asyncio.to_thread(self.process.wait, seconds)

    async def terminate(self) -> int:
        """Ask it to end; return its exit code."""
        self.process.terminate()
        return await self.ended()


@contextlib.asynccontextmanager
async def process(
    data: Path, log: Path, command: Sequence[str] = COMMAND
) -> AsyncIterator[EngineProcess]:
    """Run an engine process while the block runs; whatever happens, none is left behind."""
    engine = await asyncio.to_thread(EngineProcess, data, log, command)
    try:
        yield engine
    finally:
        await engine.close()
        if engine.process.poll() is None:
            engine.process.kill()
            engine.process.wait(LONG)


def refused_start(data: Path) -> str:
    """Start an engine that must not start; return its one line on stderr."""
    done = subprocess.run(
        [*COMMAND, str(data)], capture_output=True, text=True, timeout=LONG, check=False
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


async def push_until_refused(peer: Peer, prefix: str, acknowledged: set[str]) -> str:
    """Push larger jobs until one is refused; return the answer."""
    number = 0
    while True:
        number += 1
        jid = f"{prefix}-{number:06}"
        job = json.dumps({"jid": jid, "jobtype": "T", "args": ["x" * 2000]})
        answer = await peer.ask(f"PUSH {job}")
        if answer != "+OK":
            return str(answer)
        acknowledged.add(jid)

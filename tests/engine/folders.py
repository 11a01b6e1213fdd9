"""Data folders with jobs in every state, for tests that look at what an engine left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from glasshouse.engine import schema
from tests.steady import LONG

from .peer import running

# Pushes into a folder and dies as if killed: half is in the database's log, half in the journal.
_KILLED = """
import asyncio, os, sys
from pathlib import Path
from glasshouse.engine import schema
from glasshouse.engine.run import run_engine

async def main():
    stop, kept = asyncio.Event(), []
    def ready(host, port):
        # A task that nobody keeps may be collected while it waits for its reader.
        kept.append(asyncio.get_running_loop().create_task(push(port)))
    await run_engine(data=Path(sys.argv[1]), host="127.0.0.1", port=0, password=None,
                     on_ready=ready, stop=stop)

def followed():
    db = schema.open_reader(Path(sys.argv[1]))
    try:
        return db.execute("SELECT count(*) FROM job WHERE jid LIKE 'killed-%'").get
    finally:
        db.close()

async def push(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b'HELLO {"v":2}\\r\\n')
    await reader.readline()
    jobs = int(sys.argv[2])
    for number in range(jobs):
        if number == jobs // 2:
            while followed() < number:
                await asyncio.sleep(0.001)
        writer.write(b'PUSH {"jid":"killed-%05d","jobtype":"T","args":[]}\\r\\n' % number)
        assert await reader.readline() == b"+OK\\r\\n"
    os._exit(0)

asyncio.run(main())
"""


async def fill(folder: Path) -> None:
    """Leave five jobs, one in each state, two queues and two finished executions."""
    async with running(folder) as engine:
        peer = await engine.peer(wid="worker-1")
        await peer.push("job-dead-1", retry=-1)
        assert await peer.fetch() is not None
        assert await peer.ask('FAIL {"jid":"job-dead-1"}') == "+OK"
        await peer.push("job-retry-1")
        assert await peer.fetch() is not None
        assert await peer.ask('FAIL {"jid":"job-retry-1"}') == "+OK"
        await peer.push("job-working-1")
        assert await peer.fetch() is not None
        await peer.push("job-later-1", at="2999-01-01T00:00:00Z")
        await peer.push("job-waits-1")
        await peer.push("job-waits-2", queue="other")


def killed(folder: Path, jobs: int) -> None:
    """Let an engine take ``jobs`` pushes on ``folder`` and die without closing."""
    subprocess.run(
        [sys.executable, "-c", _KILLED, str(folder), str(jobs)], check=True, timeout=LONG
    )
    assert (folder / f"{schema.FILE}-wal").stat().st_size > 0


def tamper(folder: Path, statement: str) -> None:
    """Change the database behind the engine's back."""
    db = schema.open_writer(folder)
    try:
        db.execute(statement)
    finally:
        db.close()


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return each file's bytes and time of change."""
    return {
        entry.name: (Path(entry.path).read_bytes(), entry.stat().st_mtime_ns)
        for entry in os.scandir(folder)
        if entry.is_file()
    }

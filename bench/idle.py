"""Two thousand connected idle workers: memory, and their share of a processor.

Each asks for work again and again, as Faktory's workers do (a FETCH that finds
nothing is answered after two seconds), and sends a BEAT each 15 seconds.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from bench import servers
from bench.load import Client, Load

WORKERS = 2_000
SECONDS = 20.0
BEAT = 15.0


class Idle(Client):
    """A worker without work; ``load.pushed`` counts those that have been welcomed."""

    beat_at = 0.0

    def next(self, line: bytes, body: bytes | None) -> None:
        """Ask for work, or send the BEAT that is due."""
        wid = b"idle-%d" % self.number
        if line.startswith(b"+HI"):
            return self.send(b'HELLO {"v":2,"wid":"%s"}\r\n' % wid)
        now = time.monotonic()
        if not self.beat_at:
            self.load.pushed += 1
            self.beat_at = now + BEAT * self.number / WORKERS
        elif now > self.beat_at:
            self.beat_at = now + BEAT
            return self.send(b'BEAT {"wid":"%s"}\r\n' % wid)
        return self.send(b"FETCH default critical\r\n")


async def _workers(port: int) -> None:
    """Connect them all, say so, and stay until killed."""
    loop, load = asyncio.get_running_loop(), Load(0)
    for number in range(WORKERS):
        await loop.create_connection(
            lambda number=number: Idle(load, number),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    while load.pushed < WORKERS:  # noqa: ASYNC110 - ten clients a millisecond need no more
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    await load.finished


async def measure() -> list[dict[str, object]]:
    """Measure an engine's memory and processor time."""
    with tempfile.TemporaryDirectory() as folder:
        async with servers.engine(Path(folder) / "data") as server:
            workers = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.idle", str(server.port)),
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                assert workers.stdout is not None
                assert await asyncio.wait_for(workers.stdout.readline(), 60) == b"ready\n"
                cpu, begun = server.cpu_seconds(), time.perf_counter()
                await asyncio.sleep(SECONDS)
                share = (server.cpu_seconds() - cpu) / (time.perf_counter() - begun)
                memory = server.rss_mb()
            finally:
                workers.kill()
                await workers.wait()
    return [
        {"name": "2,000 idle workers: memory", "value": round(memory), "unit": "MB",
         "goal": "< 150"},
        {"name": "2,000 idle workers: share of a processor", "value": round(share * 100, 1),
         "unit": "%", "goal": "< 5"},
    ]  # fmt: skip


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_workers(int(sys.argv[1])))

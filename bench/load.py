"""A load of FWP clients in a process of its own: ``python -m bench.load PORT CONNECTIONS JOBS``.

Half of the connections push, half fetch and acknowledge; one job in a hundred
fails; five queues. Prints jobs per second, from the first push to the last
acknowledgement. Plain protocols without a client library: its cost stays apart.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import cast

import uvloop

_JID = re.compile(rb'"jid":"([^"]+)"').search
_HELLO = b'HELLO {"v":2,"wid":"%s"}\r\n'


class Load:
    """What all connections share."""

    def __init__(self, jobs: int) -> None:
        """Push and finish ``jobs``."""
        self.jobs = jobs
        self.pushed = 0
        self.done = 0
        self.finished: asyncio.Future[float] = asyncio.get_running_loop().create_future()


class Client(asyncio.Protocol):
    """One connection that answers each reply with the next command."""

    def __init__(self, load: Load, number: int) -> None:
        """Take part in ``load``."""
        self.load, self.number = load, number
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the greeting."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one but does not say so

    def data_received(self, data: bytes) -> None:
        """Take every reply that is complete."""
        self.buffer += data
        while True:
            line, end, rest = self.buffer.partition(b"\r\n")
            if not end:
                return
            body: bytes | None = None
            if line.startswith(b"$") and line != b"$-1":
                size = int(line[1:])
                if len(rest) < size + 2:
                    return
                body, rest = rest[:size], rest[size + 2 :]
            self.buffer = rest
            if line.startswith(b"-"):
                raise SystemExit(line.decode())
            self.next(line, body)

    def send(self, command: bytes) -> None:
        """Write one command."""
        if self.transport is not None:
            self.transport.write(command)

    def next(self, line: bytes, body: bytes | None) -> None:
        """Answer one reply."""
        raise NotImplementedError


class Pusher(Client):
    """Pushes until the load's jobs are all pushed."""

    def next(self, line: bytes, body: bytes | None) -> None:
        """Push the next job."""
        if line.startswith(b"+HI"):
            return self.send(_HELLO % b"")
        if self.load.pushed < self.load.jobs:
            self.load.pushed += 1
            n = self.load.pushed
            self.send(
                b'PUSH {"jid":"load-%010d","jobtype":"Bench","queue":"q%d",'
                b'"args":[%d,"some text",{"a":1}]}\r\n' % (n, n % 5, n)
            )
        return None


class Worker(Client):
    """Fetches and acknowledges until the load is done."""

    def next(self, line: bytes, body: bytes | None) -> None:
        """Finish the job that came, or fetch the next."""
        if line.startswith(b"+HI"):
            return self.send(_HELLO % (b"w%d" % self.number))
        if body is None:
            return self.send(b"FETCH q0 q1 q2 q3 q4\r\n")
        found = _JID(body)
        assert found is not None
        self.load.done += 1
        verb = b"FAIL" if self.load.done % 100 == 0 else b"ACK"
        self.send(b'%s {"jid":"%s"}\r\n' % (verb, found[1]))
        if self.load.done == self.load.jobs:
            self.load.finished.set_result(time.perf_counter())
        return None


async def run(port: int, connections: int, jobs: int) -> float:
    """Return jobs per second."""
    loop, load = asyncio.get_running_loop(), Load(jobs)
    start = time.perf_counter()
    for number in range(connections):
        kind = Pusher if number % 2 else Worker
        await loop.create_connection(
            lambda kind=kind, number=number: kind(load, number),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
    return jobs / (await load.finished - start)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(run(*map(int, sys.argv[1:4]))))

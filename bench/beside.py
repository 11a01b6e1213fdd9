"""The same page of a real Faktory twice, in one run: its own through nginx, and the console's.

``FAKTORY`` names its binary. nginx stands before Faktory as its maintainer advises for a
view of everybody's: every POST is refused. Sixteen connections ask for the first page of
retries, 25 rows, again and again; the two take turns. Then a thousand streams of the
console on mixed pages, with everything that Faktory is asked counted. Without a binary
the console is measured over the embedded server, and the names of the rows say so.

Asking is a process of its own: ``python -m bench.beside PORT PATH SECONDS``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple, cast

import uvloop

from bench import servers, streams
from bench.fwp import Client
from bench.servers import Server
from tests.ports import free_port

CONNECTIONS = 16
RETRIES = 200
SECONDS = 5.0
ROUNDS = 3
WATCHED = 20.0
_NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
_CONF = """
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off;
events {{ worker_connections 256; }}
http {{
  access_log {folder}/access.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream faktory {{ server 127.0.0.1:{web}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      limit_except GET {{ deny all; }}
      proxy_pass http://faktory; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""


class Asked(NamedTuple):
    """What sixteen connections got: pages a second, and milliseconds of the slowest percent."""

    rate: float
    p99: float


class _Asking(asyncio.Protocol):
    """One connection: asks again as soon as a page is whole."""

    def __init__(self, request: bytes, until: float) -> None:
        self._request, self._until = request, until
        self._got, self._begun = b"", 0.0
        self.took: list[float] = []
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not _whole(self._got):
            return
        assert self._got.startswith(b"HTTP/1.1 200 "), self._got[:200]
        self.took.append((time.perf_counter() - self._begun) * 1000)
        if time.perf_counter() < self._until:
            self._ask()
        else:
            self._transport.close()
            self.ended.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(exc or ConnectionError("closed in the middle"))

    def _ask(self) -> None:
        self._got, self._begun = b"", time.perf_counter()
        self._transport.write(self._request)


def _whole(got: bytes) -> bool:
    head, end, body = got.partition(b"\r\n\r\n")
    if not end:
        return False
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length) if length else body.endswith(b"0\r\n\r\n")


async def _ask(port: int, path: str, seconds: float) -> Asked:
    """Ask on sixteen connections."""
    loop = asyncio.get_running_loop()
    # Packed, as every browser asks for it.
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept-Encoding: gzip\r\n\r\n"
    begun = time.perf_counter()
    asking = [_Asking(request.encode(), begun + seconds) for _ in range(CONNECTIONS)]
    for one in asking:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(one.ended for one in asking))
    took = sorted(ms for one in asking for ms in one.took)
    return Asked(len(took) / (time.perf_counter() - begun), took[int(len(took) * 0.99)])


async def _asked(port: int, path: str) -> Asked:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.beside", str(port), path, str(SECONDS)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return Asked(*json.loads(out))


@contextlib.asynccontextmanager
async def _nginx(web: str, folder: Path) -> AsyncIterator[int]:
    """Run nginx before a Web UI; yield its port."""
    assert _NGINX is not None
    port, conf = free_port(), folder / "nginx.conf"
    conf.write_text(_CONF.format(folder=folder, web=web.rpartition(":")[2], port=port))
    process = await asyncio.create_subprocess_exec(
        _NGINX, "-p", str(folder), "-c", str(conf), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await servers.until_it_listens(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _fill(port: int) -> None:
    client = await Client.connect(port, wid="bench-worker")
    for number in range(RETRIES):
        jid = f"retry-{number:06}"
        await client.push(jid, queue="q1", args=[{"order_id": number, "to": "a@example.com"}])
        await client.ask("FETCH q1")
        failure = {"jid": jid, "errtype": "Net::Timeout", "message": "no answer in 5 s",
                   "backtrace": ["app/mail.rb:12:in `send'"] * 8}  # fmt: skip
        await client.ask(f"FAIL {json.dumps(failure)}")
    for number in range(40):
        await client.push(f"wait-{number:06}", queue=f"q{number % streams.QUEUES}", args=[number])
    client.close()


async def measure() -> list[dict[str, object]]:
    """Measure both, or the console alone where there is no Faktory."""
    binary = os.environ.get("FAKTORY", "")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not binary or _NGINX is None:
            return await _alone(folder)
        async with servers.faktory(binary) as faktory, _nginx(faktory.url, folder) as port:
            await _fill(faktory.port)
            async with _Counting(faktory.port).running() as counting:
                named = ("--server", f"tcp://127.0.0.1:{counting.port}")
                web = ("--web", f"http://127.0.0.1:{port}")
                async with servers.serving(*named, *web) as console:
                    rows = await _beside(port, console)
                    log = folder / "access.log"
                    return rows + await _watched(console, faktory, counting, log)


async def _beside(nginx: int, console: Server) -> list[dict[str, object]]:
    theirs, ours = [], []
    for _ in range(ROUNDS):
        theirs.append(await _asked(nginx, "/retries"))
        ours.append(await _asked(console.port, "/main/retries"))
    their, our = _median(theirs), _median(ours)
    return [
        {"name": "retries through nginx: rate", "value": round(their.rate), "unit": "pages/s"},
        {"name": "retries in the console: rate", "value": round(our.rate), "unit": "pages/s"},
        {"name": "the console's rate against nginx and Faktory",
         "value": round(our.rate / their.rate, 2), "unit": "ratio", "goal": "> 5"},
        {"name": "retries through nginx: 99th percentile", "value": round(their.p99, 1),
         "unit": "ms"},
        {"name": "retries in the console: 99th percentile", "value": round(our.p99, 1),
         "unit": "ms"},
        {"name": "the console's 99th percentile against nginx and Faktory",
         "value": round(our.p99 / their.p99, 2), "unit": "ratio", "goal": "< 0.2"},
    ]  # fmt: skip


def _median(rounds: list[Asked]) -> Asked:
    middle = len(rounds) // 2
    return Asked(
        sorted(one.rate for one in rounds)[middle], sorted(one.p99 for one in rounds)[middle]
    )


async def _alone(folder: Path) -> list[dict[str, object]]:
    data = folder / "data"
    async with servers.engine(data) as engine, servers.console(data) as console:
        await _fill(engine.port)
        asked = await _asked(console.port, "/main/retries")
    return [
        {"name": "embedded server, no FAKTORY or nginx: retries", "value": round(asked.rate),
         "unit": "pages/s"},
        {"name": "embedded server, no FAKTORY or nginx: 99th percentile",
         "value": round(asked.p99, 1), "unit": "ms"},
    ]  # fmt: skip


async def _watched(
    console: Server, faktory: Server, counting: _Counting, log: Path
) -> list[dict[str, object]]:
    """A thousand streams on mixed pages while jobs move: what they cost the console and Faktory."""
    work = asyncio.create_task(streams.move_jobs(faktory.port))
    async with streams.viewers(console.port) as viewers:
        await streams.begin(viewers, settle=streams.SETTLE)
        before = counting.asked + _lines(log)
        cpu, begun = console.cpu_seconds(), time.time()
        await asyncio.sleep(WATCHED)
        took = time.time() - begun
        cores = (console.cpu_seconds() - cpu) / took
        asked = counting.asked + _lines(log) - before
        peak = console.peak_mb()
    failed = work.done() and work.exception()
    work.cancel()
    assert not failed, failed
    name = f"{streams.STREAMS:,} streams over a real Faktory"
    return [
        {"name": f"{name}: asked of it", "value": round(asked / took, 1), "unit": "/s",
         "goal": "< 10"},
        {"name": f"{name}: processor", "value": round(cores, 2), "unit": "cores", "goal": "< 1"},
        {"name": f"{name}: memory", "value": round(peak), "unit": "MB", "goal": "< 300"},
    ]  # fmt: skip


class _Counting:
    """Stands between the console and Faktory's command port, and counts what is asked."""

    def __init__(self, target: int) -> None:
        """Lead to the port ``target`` of this machine."""
        self._target = target
        self.asked = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[_Counting]:
        """Listen on a free port while the block runs."""
        server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.create_task(_pass_on(back, writer))
        while data := await reader.read(1 << 16):
            self.asked += data.count(b"\r\n")
            forth.write(data)
        answers.cancel()
        forth.close()
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)


def _lines(log: Path) -> int:
    return len(log.read_text().splitlines())


if __name__ == "__main__":
    print(json.dumps(uvloop.run(_ask(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))))

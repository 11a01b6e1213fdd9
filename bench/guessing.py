"""Searches of a stranger: do they take longer for a right guess, and do they end in time?

Jobs have tokens that are hidden; guesses at them, right and wrong by turns, are timed
over HTTP. What is told is how often a right one took longer than a wrong one: half of
the times when nothing can be learnt. Then jobs with arguments of megabytes are searched.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bench import answers, servers
from bench.lists import _Engine

JOBS, GUESSES = 40, 1000
LARGE, MEGABYTES = 60, 4
ADDRESSES = {
    "in a list": "/api/v1/servers/main/sets/scheduled/jobs?q=",
    "in all lists": "/api/v1/servers/main/search?q=",
}


def _job(number: int, token: str) -> dict[str, object]:
    due = datetime.now(UTC) + timedelta(days=1, seconds=number)
    return {
        "jid": f"guess-{number:06}", "jobtype": "Bench", "queue": "mail",
        "at": due.isoformat().replace("+00:00", "Z"),
        "args": [{"token": token, "order": number, "note": "some text about it"}],
        "custom": {"copy": f"token={token}"},
    }  # fmt: skip


async def measure() -> list[dict[str, object]]:
    """Measure guessing at hidden values, and searching large arguments."""
    rows: list[dict[str, object]] = []
    tokens = [secrets.token_hex(12) for _ in range(JOBS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        async with servers.engine(folder) as engine, servers.console(folder) as console:
            client = await _Engine.connect(engine.port)
            for number, token in enumerate(tokens):
                await client.ask(b"PUSH " + msgspec.json.encode(_job(number, token)))
            await _indexed(console.port)
            for label, address in ADDRESSES.items():
                rows.append(_row(label, await _slower(console.port, address, tokens)))
            for number in range(LARGE):
                job = _job(10**6 + number, "x") | {"args": ["hay \u00fc" * (MEGABYTES << 17)]}
                await client.ask(b"PUSH " + msgspec.json.encode(job))
            client.close()
            rows += await _large(console.port)
    return rows


async def _indexed(port: int) -> None:
    """Wait until the index knows the jobs; asked from outside, as a page asks."""
    while b"guess-" not in (await _timed(port, "/api/v1/servers/main/search?q=order"))[1]:  # noqa: ASYNC110
        await asyncio.sleep(0.2)


async def _slower(port: int, address: str, tokens: list[str]) -> float:
    """Return how often a right guess took longer than a wrong one."""
    chance = secrets.SystemRandom()
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(GUESSES):
        # A part of a token, another one each time: nothing is told from memory.
        at = number % 4
        right = tokens[number % len(tokens)][at : at + 12 + number // len(tokens) % 8]
        for is_right in chance.sample((True, False), 2):
            text = right if is_right else secrets.token_hex(12)[: len(right)]
            seconds, body = await _timed(port, address + text)
            assert b"guess-" not in body
            took[is_right].append(seconds)
    wrong = sorted(took[False])
    return sum(bisect_left(wrong, one) for one in took[True]) / len(wrong) / len(took[True])


async def _timed(port: int, address: str) -> tuple[float, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {address} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        begun = time.perf_counter()
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length))
        took = time.perf_counter() - begun
    finally:
        # Who gives up leaves.
        writer.close()
    assert head.startswith(b"HTTP/1.1 200"), head
    return took, body


async def _large(port: int) -> list[dict[str, object]]:
    address = "/api/v1/servers/main/sets/scheduled/jobs?q="
    alone = [(await _timed(port, f"{address}needle{n}"))[0] for n in range(5)]
    many = [asyncio.create_task(_timed(port, f"{address}needle-{n}")) for n in range(40)]
    await asyncio.sleep(0.2)
    for task in many:
        task.cancel()
    await asyncio.gather(*many, return_exceptions=True)
    after, _ = await _timed(port, f"{address}another")
    rank = answers.rank(alone, 0.5)
    return [
        {"name": f"search through jobs of {MEGABYTES} MB, median", "value": round(1000 * rank),
         "unit": "ms", "goal": "< 1200"},
        {"name": "the next one, when 40 have asked and left", "value": round(1000 * after),
         "unit": "ms", "goal": "< 2400"},
    ]  # fmt: skip


def _row(label: str, share: float) -> dict[str, object]:
    return {"name": f"a right guess {label} took longer than a wrong one in",
            "value": round(100 * share, 1), "unit": "% of pairs", "goal": "47 to 53"}  # fmt: skip

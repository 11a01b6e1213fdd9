"""How long a console takes to answer, asked by one who waits for each answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


def rank(took: list[float], share: float) -> float:
    """Return the time that a share of all took at the most."""
    ordered = sorted(took)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def times(port: int, path: str | Callable[[int], str], count: int) -> list[float]:
    """Return how many milliseconds each answer took, in order of length.

    Answers are packed as browsers ask for them; ``path`` is the address, or gives that of each.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for number in range(count):
        address = path if isinstance(path, str) else path(number)
        request = f"GET {address} HTTP/1.1\r\nHost: localhost:{port}\r\n"
        request += "Accept-Encoding: gzip\r\n\r\n"
        begun = time.perf_counter()
        writer.write(request.encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        took.append((time.perf_counter() - begun) * 1000)
        assert head.startswith(b"HTTP/1.1 200"), head
        # A viewer that looks ten times a second: nothing piles up.
        await asyncio.sleep(0.02)
    writer.close()
    return sorted(took)

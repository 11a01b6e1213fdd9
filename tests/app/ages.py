"""Looks at a console from outside that tell whether something claims to be fresher than it is.

A driver puts numbered jobs into a queue that nobody works on, and notes when each was there.
Whatever the console says then, with the age that it says of itself, must hold every job that
was there before that.
"""

from __future__ import annotations

import asyncio
import bisect
import collections
import contextlib
import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from glasshouse.web.probes import READY_AGE

QUEUE = "numbered"
SET = "retries"
API = "/api/v1/servers/main/"
LIVE = f"/main/queues/{QUEUE}?order=reverse"
# What is said in tenths of a second may be rounded by as much.
ROUNDING = 0.05
_CHECKED = re.compile(r'id="indicator" data-state="[a-z]*" data-checked-at="([0-9.]+)"')
_NUMBER = re.compile(r"numbered-([0-9]{7})")


class Known:
    """How many numbered jobs were there at any moment."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def add(self) -> None:
        """One more is there since now."""
        self.times.append(time.time())

    def least(self, moment: float) -> int:
        """Return how many jobs had been there by ``moment`` (Unix seconds)."""
        return bisect.bisect_right(self.times, moment)


class Sample(msgspec.Struct, frozen=True):
    """One answer: how many of the numbered jobs it shows, and as of when it says that is.

    ``age`` is in seconds before it was asked for.
    """

    count: int
    age: float


Look = Callable[[httpx.AsyncClient], Awaitable[Sample | None]]


def job_id(number: int) -> str:
    """Return the id of a numbered job, from 1."""
    return f"numbered-{number:07}"


def newest(text: str) -> int:
    """Return the highest number in a text, 0 when there is none."""
    return max((int(found) for found in _NUMBER.findall(text)), default=0)


def _counted(listed: Mapping[str, Any]) -> Sample | None:
    count = listed.get("total", listed.get("looked_at"))
    return None if count is None else Sample(count, listed["age"])


def _of_queue(listed: Mapping[str, Any]) -> Sample | None:
    sizes = [item["size"] for item in listed["items"] if item["name"] == QUEUE]
    return Sample(sizes[0] if sizes else 0, listed["age"]) if "age" in listed else None


def _of_set(listed: Mapping[str, Any]) -> Sample | None:
    return Sample(listed[SET], listed["age"]) if SET in listed and "age" in listed else None


def _newest_found(listed: Mapping[str, Any]) -> Sample | None:
    if "age" not in listed:
        return None
    return Sample(newest(json.dumps(listed["items"])), listed["age"])


def answer(path: str, read: Callable[[Mapping[str, Any]], Sample | None]) -> Look:
    """Return a look at an answer of the API."""

    async def look(client: httpx.AsyncClient) -> Sample | None:
        told = await client.get(path)
        return read(told.json()) if told.status_code == 200 else None

    return look


def page(path: str) -> Look:
    """Return a look at a page that lists the newest jobs first."""

    async def look(client: httpx.AsyncClient) -> Sample | None:
        asked = time.time()
        told = await client.get(path)
        checked = _CHECKED.search(told.text)
        if told.status_code != 200 or checked is None or not newest(told.text):
            return None
        return Sample(newest(told.text), asked - float(checked[1]))

    return look


async def _ready(client: httpx.AsyncClient) -> Sample | None:
    """``/readyz`` says yes while everything is known that was there half a minute ago."""
    told = await client.get("/readyz")
    if told.status_code != 200:
        return None
    shown = await LOOKS["queues"](client)
    return None if shown is None else Sample(shown.count, max(shown.age, READY_AGE))


LOOKS: dict[str, Look] = {
    "list": answer(f"{API}queues/{QUEUE}/jobs?per_page=1", _counted),
    "newest": answer(f"{API}queues/{QUEUE}/jobs?order=reverse", _newest_found),
    "filtered": answer(f"{API}queues/{QUEUE}/jobs?q=type:Test&order=reverse", _newest_found),
    "queues": answer(f"{API}queues", _of_queue),
    "page": page(LIVE),
    "filtered page": page(f"{LIVE}&q=type:Test"),
}
READY: dict[str, Look] = {"ready": _ready}
# Where all of what is looked for is in the index.
SEARCH: dict[str, Look] = {
    "search": answer(f"{API}search?q=type:Test", _newest_found),
    "search page": page("/main/search?q=type:Test"),
}
SETS: dict[str, Look] = {
    "set": answer(f"{API}sets/{SET}/jobs?per_page=1", _counted),
    "set newest": answer(f"{API}sets/{SET}/jobs?order=reverse", _newest_found),
    "set page": page(f"/main/{SET}?order=reverse"),
    "state": answer(f"{API}state", _of_set),
}


class Samples:
    """What was wrong, and how often each was looked at."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self.wrong: list[str] = []
        self.counts: dict[str, int] = collections.Counter()

    def take(self, name: str, sample: Sample | None, asked: float) -> None:
        """Hold what was told for a question at ``asked`` (Unix seconds) against what was there."""
        if sample is None:
            return
        self.counts[name] += 1
        moment = asked - sample.age - ROUNDING
        least = self._known.least(moment)
        if sample.count < least:
            behind = moment - self._known.times[sample.count]
            self.wrong.append(f"{name}: {sample.count} of {least}, {behind:.2f} s staler")

    async def look(
        self,
        client: httpx.AsyncClient,
        looks: Mapping[str, Look],
        until: Callable[[], bool],
    ) -> None:
        """Look at everything in turn."""
        while not until():
            for name, look in looks.items():
                asked = time.time()
                self.take(name, await look(client), asked)
            await asyncio.sleep(0.02)

    async def follow(self, client: httpx.AsyncClient, topic: str) -> None:
        """Follow a live page for ever, from the start whenever its stream ends."""
        while True:
            with contextlib.suppress(httpx.HTTPError):
                await self._follow(client, topic)
            await asyncio.sleep(0.1)

    async def _follow(self, client: httpx.AsyncClient, topic: str) -> None:
        """Hold what a page shows against the age that its ticks say, until its stream ends."""
        shown = 0
        async with client.stream("GET", f"/main/live?topic={quote(topic, safe='')}") as stream:
            said = ""
            async for line in stream.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    said = value
                elif name == "data" and said == "tick":
                    told = json.loads(value)
                    at = told["older"].get(topic, told["checked_at"])
                    if shown and at is not None:
                        now = time.time()
                        self.take("live", Sample(shown, now - at), now)
                elif name == "data":
                    shown = max(shown, newest(value))

    def summary(self) -> str:
        """Return how often each was looked at, and how often it was wrong."""
        wrong = collections.Counter(line.partition(":")[0] for line in self.wrong)
        return f"{sum(self.counts.values())} samples: {dict(self.counts)}; wrong: {dict(wrong)}"

    def saw(self, names: Iterable[str]) -> bool:
        """Return whether each of these was looked at."""
        return set(self.counts) >= set(names)

"""A real Faktory that stands still, with its Redis: pages are answered all the same, soon."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from glasshouse.upstream import breaker
from tests.steady import stated, tries

from .conftest import Faktory
from .test_console import console


@contextlib.contextmanager
def standing_still(pid: int) -> Iterator[None]:
    """Stop a Faktory that the tests started, and what it started."""
    # Whichever thread of it started them.
    told = [(task / "children").read_text(encoding="ascii").split() for task in _tasks(pid)]
    family = [pid, *(int(child) for children in told for child in children)]
    for one in family:
        os.kill(one, signal.SIGSTOP)
    while not all(map(_stands, family)):
        time.sleep(0.01)
    try:
        yield
    finally:
        for one in family:
            os.kill(one, signal.SIGCONT)


def _tasks(pid: int) -> Iterator[Path]:
    return Path(f"/proc/{pid}/task").iterdir()


def _stands(pid: int) -> bool:
    said = [(task / "stat").read_text(encoding="ascii").rpartition(")")[2] for task in _tasks(pid)]
    return all(one.split()[0] == "T" for one in said)


async def twenty_queues(faktory: Faktory) -> list[str]:
    """Make them, and return where they are shown."""
    peer = await faktory.peer()
    for number in range(20):
        job = {"jid": f"job-{number:05}", "jobtype": "T", "args": [], "queue": f"q{number}"}
        assert await peer.ask(f"PUSH {json.dumps(job)}") == "+OK"
    return [f"/main/queues/q{number}" for number in range(20)]


@pytest.mark.parametrize("how", ["ports", "redis"])
async def test_pages_that_nobody_has_seen_are_answered_in_under_two_seconds(
    faktory: Faktory, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "SILENCE", stated(breaker, "SILENCE"))
    seen, *unseen = await twenty_queues(faktory)
    async with console(faktory, how) as client:
        assert (await client.get(seen)).status_code == 200
        with standing_still(faktory.pid):
            for took in tries(2.0):
                began = time.monotonic()
                answers = await asyncio.gather(*map(client.get, unseen))
                took(time.monotonic() - began)
                assert {answer.status_code for answer in answers} == {503}
            assert "job-00000" in (await client.get(seen)).text
        async with asyncio.timeout(60):
            while (await client.get(unseen[0])).status_code != 200:
                await asyncio.sleep(0.05)

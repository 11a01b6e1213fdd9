"""A search says what it did not look at, and offers the lists that hold it."""

from __future__ import annotations

import asyncio
import json
from html import unescape
from pathlib import Path
from typing import Any

from glasshouse.model.search_result import UnsearchedList
from glasshouse.monitor.view import ServerView
from glasshouse.policy.visibility import Visibility
from tests.engine.peer import Peer
from tests.steady import LONG

from .whole import Whole, whole

API = "/api/v1/servers/main/search"
EVERYTHING = {"complete": True, "unsearched": []}


async def fill(peer: Peer, queue: str, count: int) -> None:
    """Push jobs that are numbered within the queue."""
    jobs = [
        {"jid": f"of-{queue}-{number:05}", "jobtype": "Count", "queue": queue, "args": [number]}
        for number in range(count)
    ]
    assert await peer.ask("PUSHB " + json.dumps(jobs)) == b"{}"


async def searched(home: Whole, words: str, **until: Any) -> dict[str, Any]:
    """Return the answer to a search as soon as it says all of this."""
    async with asyncio.timeout(LONG):
        while True:
            answer = await home.browser.get(API, params={"q": words})
            told: dict[str, Any] = answer.json()
            if until.items() <= told.items():
                return told
            await asyncio.sleep(0.05)


async def test_a_job_further_down_than_the_index_is_not_said_to_be_absent(tmp_path: Path) -> None:
    async with whole(tmp_path) as home:
        peer = await home.engine.peer()
        for queue in ("bulk", "bulky", "."):
            await fill(peer, queue, 1250 if queue == "bulky" else 1200)
        await fill(peer, "short", 5)
        beyond = [{"queue": "bulky", "jobs": 250}, {"queue": ".", "jobs": 200},
                  {"queue": "bulk", "jobs": 200}]  # fmt: skip
        told = await searched(home, "jid:of-bulk-01100", unsearched=beyond)
        assert told["items"] == []
        assert told["complete"] is False
        assert (told["indexed"], told["of"]) == (3005, 3655)
        page = unescape((await home.browser.get("/main/search?q=jid:of-bulk-01100")).text)
        assert "No matching jobs on this server." not in page
        assert "Nothing found in the part searched." in page
        # Each list that was not searched is offered, with the same words.
        href = page.partition('<li><a href="/main/queues/bulk?')[2].partition('"')[0]
        assert "of-bulk-01100" in (await home.get(f"/main/queues/bulk?{href}")).text
        dots = page.partition('<li><a href="/main/queues/?name=.&')[2].partition('"')[0]
        listed = await home.get(f"/main/queues/?name=.&{dots}")
        assert listed.status_code == 200
        assert "jid:of-bulk-01100" in unescape(listed.text)


async def test_a_queue_that_was_read_to_its_end_is_searched_as_a_whole(tmp_path: Path) -> None:
    async with whole(tmp_path) as home:
        peer = await home.engine.peer()
        await fill(peer, "short", 5)
        await searched(home, "jid:of-short-00004", indexed=5, **EVERYTHING)
        page = await home.browser.get("/main/search?q=nowhere")
        assert "No matching jobs on this server." in page.text
        assert 'id="unsearched"' not in page.text


async def test_many_entries_of_one_time_are_all_found(tmp_path: Path) -> None:
    # Two of these have the same CRC-32: entries are told apart by more than that.
    async with whole(tmp_path) as home:
        peer = await home.engine.peer()
        for jid in ("plumless", "buckeroo"):
            await peer.push(jid, queue="q")
        told = await searched(home, "queue:q", indexed=2)
        assert len(told["items"]) == 2


async def test_a_queue_that_may_not_be_seen_is_not_named(tmp_path: Path) -> None:
    async with whole(tmp_path) as home:
        peer = await home.engine.peer()
        await fill(peer, "secret", 1001)
        await fill(peer, "open", 1002)
        await searched(
            home, "x", unsearched=[{"queue": "open", "jobs": 2}, {"queue": "secret", "jobs": 1}]
        )
        view = ServerView(home.server, Visibility(queues=("open",)))
        told = view.coverage()
        assert told is not None
        assert told.beyond == (UnsearchedList("open", 2),)

"""Entries that share an id: each is named by a key of its own, and acted on alone."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.web.presentation.rows import job_rows
from tests.control.shop import Shop, shop
from tests.steady import LONG

from .test_operations import API, agree, ask, seen

LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


async def push(shop: Shop, *args: int, **more: Any) -> None:
    """Push a job with the same id as often as there are arguments for it."""
    client = await shop.engine.peer()
    for arg in args:
        await client.push("the-same-id", queue="mail", args=[arg], **more)
    client.close()


async def items(client: httpx.AsyncClient, path: str, count: int) -> list[dict[str, Any]]:
    """Return a list as soon as it has so many items: lists are read in turns."""
    async with asyncio.timeout(LONG):
        while len(found := (await client.get(f"{API}/{path}")).json()["items"]) != count:
            await asyncio.sleep(0.02)
    return list(found)


async def delete(client: httpx.AsyncClient, **order: Any) -> dict[str, Any]:
    answer = await client.post(API + "/operations", json={"reason": "one of two", **order})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def boxes(page: str) -> list[str]:
    found = re.findall(r'type="checkbox" form="acts" name="keys" value="([^"]+)"', page)
    return [html.unescape(value) for value in found]


async def test_of_two_queued_entries_with_one_id_one_is_deleted(open_shop: Shop) -> None:
    await push(open_shop, 1, 2, 3)
    async with open_shop.signed_in() as client:
        page = await seen(client, "/main/queues/mail", ">[3]<")
        told = await items(client, "queues/mail/jobs", 3)
        assert len({item["key"] for item in told}) == 3
        assert boxes(page) == [item["key"] for item in told]
        asked = {"operation": "queue.delete_jobs", "queue": "mail", "keys": [told[1]["key"]]}
        shown = await ask(client, **asked)
        assert "1 job" in shown.text
        assert "[2]" in shown.text
        done = await delete(client, **asked)
        assert (done["jobs"], done["of"]) == (1, 1)
        gone = await client.post(API + "/operations", json={"reason": "again", **asked})
        left = await items(client, "queues/mail/jobs", 2)
    assert gone.status_code == 404
    assert [item["args"] for item in left] == [[1], [3]]


async def test_on_the_page_of_an_id_each_entry_has_buttons_of_its_own(open_shop: Shop) -> None:
    await push(open_shop, 1, 2)
    async with open_shop.signed_in() as client:
        page = await seen(client, "/main/jobs/the-same-id", 'id="entry-2"')
        keys = re.findall(r'type="hidden" name="keys" value="([^"]+)"', page)
        assert len(set(keys)) == 2
        shown = await ask(
            client, operation="queue.delete_jobs", queue="mail", keys=html.unescape(keys[1])
        )
        await agree(client, shown, reason="the second")
        left = await items(client, "queues/mail/jobs", 1)
    assert [item["args"] for item in left] == [[1]]


async def test_entries_of_a_set_with_one_time_and_one_id_are_told_apart(open_shop: Shop) -> None:
    await push(open_shop, 1, 2, at=LATER)
    client = await open_shop.engine.peer()
    await client.push("another-id", queue="mail", args=[3], at=LATER)
    client.close()
    async with open_shop.signed_in() as browser:
        page = await seen(browser, "/main/scheduled", ">[3]<")
        found = await seen(browser, "/main/scheduled?q=jid:the-same-id", ">[2]<")
        words = await seen(browser, "/main/scheduled?q=the-same-id", ">[2]<")
        told = await items(browser, "sets/scheduled/jobs", 3)
        assert sorted(boxes(page)) == sorted(item["key"] for item in told)
        assert boxes(found) == boxes(words) == [item["key"] for item in told[:2]]
        assert len({item["key"] for item in told}) == 3
        # Who has no like is named as Faktory's own pages do.
        assert told[2]["key"] == f"{LATER}|another-id"
        rows = re.findall(r'<tr id="([^"]+)"', page)
        assert len(set(rows)) == len(rows) == 3
        asked = {"operation": "job.delete", "set": "scheduled", "keys": [told[0]["key"]]}
        assert (await delete(browser, **asked))["of"] == 1
        left = await items(browser, "sets/scheduled/jobs", 2)
    assert sorted(item["args"][0] for item in left) == [2, 3]


def test_rows_that_a_server_does_not_tell_apart_have_an_id_each() -> None:
    job = StoredJob(
        state=JobState.ENQUEUED, jid="the-same-id", jobtype="Test", queue="mail", payload=b"{}"
    )
    page = JobPage(items=(job, job), total=2, page=1, per_page=25, read_at=0.0)
    first, second = job_rows(page, "main", 0.0, "en")
    assert first.row != second.row

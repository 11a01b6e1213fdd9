"""The history of a server, as a page and as JSON: every day is there, and adds up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest

from glasshouse.model.history import Day, History
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import create_app

from .fakes import ASSETS, FAST, NOW, FakeReader


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    server = ServerMonitor("main", FakeReader(), clock=lambda: NOW, pace=FAST)
    monitor = Monitor({"main": server})
    app = create_app(monitor, clock=lambda: NOW, assets=ASSETS)
    transport = httpx.ASGITransport(app)
    async with (
        monitor.running(),
        httpx.AsyncClient(transport=transport, base_url="http://h") as made,
    ):
        yield made
        app.close()


async def test_every_day_is_drawn_and_what_ran_is_listed(client: httpx.AsyncClient) -> None:
    page = unescape((await client.get("/main/history")).text)
    assert page.count("<g><title>") == 30
    # 10 × (1 + … + 29), a tenth of it failed.
    assert ">4,350<" in page
    assert ">435<" in page
    assert ">10 %<" in page
    assert "2026-12-17: 290 processed, 29 failed" in page
    assert page.count('<tr id="day-') == 29
    assert page.index('id="day-2027-01-14"') < page.index('id="day-2027-01-13"')
    assert "UTC days" in page


@pytest.mark.parametrize(
    ("lived", "average", "over"), [(1, 70, "on 1 day"), (4, 25, "over 4 days")]
)
async def test_the_average_is_of_the_days_since_something_ran(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, lived: int, average: int, over: str
) -> None:
    today = datetime.fromtimestamp(NOW, UTC).date()
    days = tuple(
        Day(today - timedelta(days=back), {0: 70, 3: 30}.get(back, 0) * (back < lived), 0)
        for back in range(29, -1, -1)
    )

    async def told(_self: FakeReader, _days: int) -> History:
        return History(days=days, read_at=NOW, utc=True)

    monkeypatch.setattr(FakeReader, "history", told)
    page = (await client.get("/main/history")).text
    assert f'<span class="value">{average}</span><span class="dim tnote">{over}</span>' in page


async def test_more_days_can_be_looked_at_and_no_other_number(client: httpx.AsyncClient) -> None:
    page = (await client.get("/main/history?days=180")).text
    assert page.count("<g><title>") == 180
    for wrong in ("7", "-1", "31", "x"):
        assert (await client.get(f"/main/history?days={wrong}")).status_code == 400


async def test_the_api_tells_the_same_newest_first(client: httpx.AsyncClient) -> None:
    told = (await client.get("/api/v1/servers/main/history?days=90")).json()
    assert told["total"] == len(told["items"]) == 90
    assert told["items"][0] == {"day": "2027-01-15", "processed": 0, "failed": 0}
    assert told["items"][2] == {"day": "2027-01-13", "processed": 20, "failed": 2}
    assert told["zone"] == "UTC"


async def test_it_speaks_chinese(client: httpx.AsyncClient) -> None:
    page = (await client.get("/main/history", headers={"accept-language": "zh"})).text
    assert "平均每天处理" in page

"""The language of an answer: what was chosen on a page, else what the browser asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.datastructures import Headers

from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.web.app import create_app
from glasshouse.web.text.locale import COOKIE, locale_of

from .fakes import ASSETS, FAST, NOW, FakeReader


@pytest.mark.parametrize(
    ("asked", "cookie", "answered"),
    [
        ("", "", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("sv, fr", "", "en"),
        ("de-AT, en;q=0.5", "", "de"),
        ("en", f"{COOKIE}=zh-CN", "zh-CN"),
        ("zh", f"other=1; {COOKIE}=en; more=2", "en"),
        ("zh", f"{COOKIE}=klingon", "zh-CN"),
        ("", f"{COOKIE}=<script>; {COOKIE}=zh-CN", "zh-CN"),
    ],
)
def test_what_was_chosen_counts_before_what_is_asked_for(
    asked: str, cookie: str, answered: str
) -> None:
    assert locale_of(Headers({"accept-language": asked, "cookie": cookie})) == answered


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    monitor = Monitor({"main": ServerMonitor("main", FakeReader(), clock=lambda: NOW, pace=FAST)})
    app = create_app(monitor, clock=lambda: NOW, assets=ASSETS)
    transport = httpx.ASGITransport(app)
    async with (
        monitor.running(),
        httpx.AsyncClient(transport=transport, base_url="http://h") as made,
    ):
        yield made
        app.close()


async def test_a_page_offers_the_other_languages_and_is_kept_by_none_for_both(
    client: httpx.AsyncClient,
) -> None:
    english = await client.get("/main/queues")
    chinese = await client.get("/main/queues", headers={"cookie": f"{COOKIE}=zh-CN"})
    assert '<option value="zh-CN" lang="zh-CN" title="中文">中文</option>' in english.text
    assert '<option value="en" lang="en" selected title="English">EN</option>' in english.text
    assert '<option value="zh-CN" lang="zh-CN" selected title="中文">中文</option>' in chinese.text
    assert '<html lang="zh-CN"' in chinese.text
    assert "cookie" in english.headers["vary"]
    assert english.headers["etag"] != chinese.headers["etag"]


async def test_an_error_is_told_in_the_language_that_was_chosen(
    client: httpx.AsyncClient,
) -> None:
    chosen = {"cookie": f"{COOKIE}=zh-CN"}
    assert "没有这个页面。" in (await client.get("/main/nowhere", headers=chosen)).text
    wrong = (await client.get("/main/retries?page=0", headers=chosen)).text
    assert "不是 1 到 10000000 之间的整数" in wrong
    assert "whole number" not in wrong

"""Who a page is for: an open one never turns into a stranger's, and one about an error knows it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.control.shop import Shop, shop
from tests.web.people.home import BASE, Home, living, sign_in

from .test_operations import seen

ERRORS = {
    "/nowhere": 404, "/main/nowhere": 404, "/operations/none": 404, "/main/jobs/gone-gone": 404,
    "/other/dead": 404, "/main/queues/%ff": 400, "/main/dead?page=0": 400, "/main/dead?from=x": 400,
    "/audit?event=x": 400, "/main/dead?q=%ff": 400,
}  # fmt: skip


@pytest.fixture
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


def mark(page: str) -> str:
    found = re.search(r'data-as="([^"]*)"', page)
    assert found is not None
    return found[1]


async def heard(client: httpx.AsyncClient, path: str) -> list[tuple[str, Any]]:
    """Return the first events of a stream, up to one that says what a page is, or who asks."""
    found: list[tuple[str, Any]] = []
    async with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        name = ""
        async for line in answer.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, msgspec.json.decode(line.removeprefix("data: "))))
                if name in {"fragment", "other"}:
                    break
    return found


@pytest.mark.parametrize("anonymous", ["viewer", None])
async def test_a_page_of_somebody_is_told_nothing_as_soon_as_another_asks(
    tmp_path: Path, anonymous: str | None
) -> None:
    async with (
        shop(tmp_path, anonymous=anonymous) as made,
        made.signed_in() as ops,
        httpx.AsyncClient(base_url=made.url, timeout=60) as stranger,
    ):
        await made.fill("secret", 1)
        theirs = mark((await ops.get("/main")).text)
        stream = f"/main/live?topic=/main/queues&as={theirs}"
        assert (await heard(ops, stream))[-1][0] == "fragment"
        assert await heard(stranger, stream) == [("other", {"person": ""})]
        async with made.signed_in("helper", proven=False) as helper:
            assert await heard(helper, stream) == [("other", {"person": "helper"})]
            # A stranger's page is not told what somebody who signed in sees, either.
            assert await heard(helper, "/main/live?topic=/main&as=") == [
                ("other", {"person": "helper"})
            ]
        # Programs that follow a stream say nothing of whom they take it for.
        assert (await heard(ops, "/main/live?topic=/main"))[-1][0] == "fragment"


async def test_the_stream_of_a_session_that_was_ended_elsewhere_ends(open_shop: Shop) -> None:
    async with open_shop.signed_in() as here, open_shop.signed_in() as elsewhere:
        theirs = mark((await here.get("/main")).text)
        stream = f"/main/live?topic=/main&as={theirs}"
        async with here.stream("GET", stream) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            ended = await elsewhere.post("/account", data={"action": "sessions-end"})
            assert ended.status_code in {200, 303}
            async for _ in lines:
                pass
        assert await heard(here, stream) == [("other", {"person": ""})]


async def test_who_comes_with_a_session_that_has_ended_is_told_so(open_shop: Shop) -> None:
    # The scripts of every page know the sentence; the page says it itself.
    said = ">You were signed out.<"
    async with (
        open_shop.signed_in() as here,
        open_shop.signed_in() as elsewhere,
        httpx.AsyncClient(base_url=open_shop.url, timeout=60) as stranger,
    ):
        assert said not in (await here.get("/main/dead")).text
        await elsewhere.post("/account", data={"action": "sessions-end"})
        page = await seen(here, "/main/dead", said)
        assert 'href="/sign-in?next=%2Fmain%2Fdead"' in page.replace("&#x2f;", "/")
        assert said not in (await stranger.get("/main/dead")).text
        assert said in (await here.get("/main/dead")).text
        account = await here.get("/account", follow_redirects=True)
        assert said in account.text
        assert "/sign-in" in str(account.url)
        # Who signs out here knows it.
        await here.post("/sign-out")
        assert said not in (await here.get("/main/dead")).text


async def test_pages_about_errors_know_who_one_is_and_keep_the_navigation(
    open_shop: Shop,
) -> None:
    async with (
        open_shop.signed_in() as ops,
        httpx.AsyncClient(base_url=open_shop.url, timeout=60) as stranger,
    ):
        for path, status in ERRORS.items():
            for client, named in ((ops, True), (stranger, False)):
                answer = await client.get(path)
                if not named and answer.status_code == 303:
                    continue
                page = answer.text.replace("&#x2f;", "/")
                assert answer.status_code == status, path
                assert ('title="Your account' in page) is named, path
                assert ("<span>ops</span>" in page) is named, path
                assert ("/sign-in?next=" in page) is not named, path
                assert 'href="/main/queues"' in page, path
                assert ("Operator</a>" in page) is named, path


async def test_where_strangers_see_nothing_an_error_shows_them_no_server(tmp_path: Path) -> None:
    async with shop(tmp_path, anonymous=None) as made:
        async with httpx.AsyncClient(base_url=made.url, timeout=60) as stranger:
            for path in ("/nowhere", "/main/queues/%ff"):
                answer = await stranger.get(path)
                assert answer.status_code in {303, 400, 404}
                assert '/main/queues"' not in answer.text.replace("&#x2f;", "/")
        async with made.signed_in() as ops:
            answer = await ops.get("/nowhere")
            assert 'href="/main/queues"' in answer.text.replace("&#x2f;", "/")


async def test_a_wrong_password_is_tried_once_for_a_page_about_it(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        tried = await _tried(home, "/nowhere")
        assert tried == 1
        async with home.browser() as browser:
            await sign_in(browser, "ops")
            assert (await browser.get("/nowhere")).status_code == 404


async def _tried(home: Home, path: str) -> int:
    """Return how often a password was checked for one request with a wrong one."""
    checks = 0
    check = home.people.passwords.check_again

    async def counted(*args: Any) -> Any:
        nonlocal checks
        checks += 1
        return await check(*args)

    home.people.passwords.check_again = counted  # type: ignore[method-assign, assignment]
    wrong = httpx.BasicAuth("ops", "wrong")
    transport = httpx.ASGITransport(home.app, client=("127.0.0.1", 4000))
    async with httpx.AsyncClient(transport=transport, base_url=BASE, auth=wrong) as script:
        await script.get(path)
    return checks

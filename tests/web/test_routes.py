"""The route table: how paths find their row, and that nothing but looking is possible."""

from __future__ import annotations

import re

import httpx
import pytest

from glasshouse.model.errors import InvalidError
from glasshouse.monitor import monitor
from glasshouse.web.http.headers import SECURITY_HEADERS
from glasshouse.web.request import routes
from glasshouse.web.request.routes import ROUTES, Kind, Route
from tests.web.fakes import House

VALUES = {
    "server": "main",
    "queue": "mail",
    "jid": "mail0001",
    "set": "dead",
    "id": "0" * 32,
    "file": "app-1.js",
}
UNSAFE = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"]


def address(route: Route) -> str:
    path = re.sub(r"{(\w+)}", lambda found: VALUES[found[1]], route.pattern)
    needs = "&".join(f"{name}=mail" for name in route.needs)
    return f"{path}?{needs}" if needs else path


def client(house: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app, raise_app_exceptions=True), base_url="http://house"
    )


PERSONAL = (Kind.PERSON, Kind.CHANGE, Kind.VISIT)


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.kind in PERSONAL], ids=lambda r: r.pattern
)
async def test_what_is_about_a_person_takes_post_and_no_other_method(route: Route) -> None:
    house = House()
    allowed = "GET, HEAD, POST, OPTIONS" if route.posts else "GET, HEAD, OPTIONS"
    async with house.sampled(), client(house) as browser:
        for method in UNSAFE:
            answer = await browser.request(method, address(route))
            # This console knows nobody: there is nothing to be sent to.
            expected = 404 if method == "POST" and route.posts else 405
            assert answer.status_code == expected, method
        options = await browser.options(address(route))
        assert options.headers["allow"] == allowed
    assert house.reader.version == 0


@pytest.mark.parametrize(
    "route", [r for r in ROUTES if r.kind not in PERSONAL], ids=lambda r: r.pattern
)
async def test_each_route_only_shows(route: Route, monkeypatch: pytest.MonkeyPatch) -> None:
    # What was searched for is as old when it is asked for by GET as by HEAD.
    monkeypatch.setattr(monitor, "_SEARCHED", 1e12)
    monkeypatch.setattr(monitor, "_HISTORY", 1e12)
    house = House()
    async with house.sampled(), client(house) as browser:
        for method in UNSAFE:
            answer = await browser.request(method, address(route))
            assert answer.status_code == 405, method
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        options = await browser.options(address(route))
        assert (options.status_code, options.content) == (204, b"")
        assert options.headers["allow"] == "GET, HEAD, OPTIONS"
        asked = address(route) + _QUERY.get(route.name, "")
        head = await browser.head(asked)
        assert (head.status_code, head.content) == (200, b"")
        if route.kind is not Kind.LIVE:
            got = await browser.get(asked)
            assert got.content
            assert dict(got.headers) == dict(head.headers)
    assert house.reader.version == 0


_QUERY = {"live": "?topic=/main/queues", "search_listing": "?q=nothing"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/nowhere", 404),
        ("/main/", 308),
        ("/main/queues/", 308),
        ("/main/queues/none", 404),
        ("/main/jobs/boom", 500),
        ("/main/queues/mail?page=0", 400),
        ("/main/queues/mail?page=10000001", 400),
        ("/main/queues/mail?page=1&page=2", 400),
        ("/main/queues/mail?other=1&other=2", 200),
        ("/main/live", 400),
        ("/static/nothing.js", 404),
        ("/api/v1/nothing", 404),
        ("/readyz", 200),
    ],
)
async def test_every_status_carries_the_security_headers(path: str, status: int) -> None:
    house = House()
    async with house.sampled(), client(house) as browser:
        answer = await browser.get(path)
    assert answer.status_code == status
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert "cache-control" in answer.headers
    api = path.startswith("/api/")
    assert not api or answer.headers["content-type"] == "application/problem+json"


def test_an_encoded_slash_stays_inside_its_segment() -> None:
    found = routes.find(b"/main/queues/a%2Fb")
    assert found is not None
    assert (found.route.name, found.params["queue"]) == ("queue", "a/b")


def test_literal_segments_win_over_a_server_of_that_name() -> None:
    found = routes.find(b"/healthz")
    assert found is not None
    assert found.route.kind is Kind.PROBE
    ours = {"api", "static", "healthz", "readyz", "sign-in", "sign-out", "step-up", "account"}
    later = {"audit", "approvals", "operations", "metrics"}
    assert ours | later == routes.RESERVED_NAMES


def test_a_queue_named_by_dots_is_reached_by_query() -> None:
    found = routes.find(b"/main/queues/")
    assert found is not None
    assert (found.route.name, found.route.needs) == ("queue", ("name",))


def test_a_segment_that_is_not_utf8_is_invalid() -> None:
    with pytest.raises(InvalidError):
        routes.find(b"/main/queues/%ff")


async def test_a_page_known_to_the_browser_is_not_sent_again_and_packed_when_wanted() -> None:
    house = House()
    async with house.sampled(), client(house) as browser:
        first = await browser.get("/main/queues")
        again = await browser.get("/main/queues", headers={"If-None-Match": first.headers["etag"]})
        plain = await browser.get("/main/queues", headers={"Accept-Encoding": "gzip;q=0"})
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.text == first.text
    assert (again.status_code, again.content) == (304, b"")


async def test_built_files_are_kept_for_ever_and_only_named_ones_exist() -> None:
    house = House()
    async with client(house) as browser:
        answer = await browser.get("/static/app-1.js")
        missing = await browser.get("/static/manifest.json")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["content-encoding"] == "gzip"
    assert missing.status_code == 404

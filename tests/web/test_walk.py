"""Every page and every address of the API, over a server full of hostile jobs, by plain HTTP.

The server is an engine and a console on real sockets. What is walked comes from
the table of routes and from the links of the pages themselves.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from urllib.parse import quote, urldefrag

import httpx
import msgspec
import pytest
import pytest_asyncio

from glasshouse.model.job import Outcome
from glasshouse.web.request.routes import ROUTES, Kind, find
from glasshouse.web.text import format as fmt
from tests.browser.house import house
from tests.hostile import CASES, QUEUES, REFUSED, STATES, Case, push_corpus

pytestmark = pytest.mark.asyncio(loop_scope="module")
MOST = 2_000_000
LINKS = 1_500
"""Pages looked at, at most: a server's pages link to each other without end."""
TEMPLATES = resources.files("glasshouse.web") / "templates"
TAGS = {
    tag
    for item in TEMPLATES.iterdir()
    for tag in re.findall(r"<([a-z][a-z0-9]*)", item.read_text("utf-8"))
}
"""Elements that a template has: no other may be on a page."""
DEEP = next(case.args for case in CASES if case.name == "ten thousand deep")
JOB = re.compile(r"/api/v1/servers/main/jobs/[^/]+/stored\?entry=[0-9a-f]{24}")


class Seen(HTMLParser):
    """What a browser makes of a page: its links, its text, and whatever no template has."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.strange: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in TAGS or any(name.startswith("on") or name == "style" for name in given):
            self.strange.append(self.get_starttag_text() or tag)
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.strange.append("a script of its own")
        href = given.get("href")
        if href is not None and tag == "a":
            if not href.startswith(("/", "#")) or href.startswith("//"):
                self.strange.append(href)
            self.links.append(urldefrag(href).url)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a console over a server that holds the whole corpus."""
    now = time.time()  # no retry falls due while the tests take their time
    async with house(tmp_path_factory.mktemp("full"), lambda: now) as home:
        peer = await home.engine.peer(
            wid="<b onclick=x>\u202ew", hostname="<i>h\u0000", labels=["<u>", "\u200b", "L" * 300]
        )
        for line, why in REFUSED:
            answer = await peer.ask(b"PUSH " + line)
            assert isinstance(answer, str)
            assert answer.startswith("-ERR"), line[:80]
            assert why in answer
        await push_corpus(peer)
        assert await peer.ask("QUEUE PAUSE ..") == "+OK"
        async with httpx.AsyncClient(base_url=home.url, timeout=60) as client:
            yield client
        peer.close()


def escaped(path: str) -> str:
    """A path as it is sent: the client would take dots for steps."""
    return path.replace("/..", "/%2E%2E")


async def page_of(client: httpx.AsyncClient, path: str) -> Seen:
    answer = await client.get(escaped(path))
    assert answer.status_code == 200, path
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert len(answer.content) <= MOST, path
    seen = Seen(answer.text)
    assert seen.strange == [], path
    return seen


def starting_points() -> Iterator[str]:
    """An address of each page, and of each in the shapes that people ask for it in."""
    for route in (route for route in ROUTES if route.kind is Kind.PAGE):
        path = route.pattern.replace("{server}", "main")
        if "{queue}" in path:
            yield from (path.replace("{queue}", name) for name in QUEUES if name.strip("."))
        elif route.needs:
            yield from (f"{path}?name={name}" for name in QUEUES)
        elif "{jid}" in path:
            yield from (path.replace("{jid}", quote(jid, safe="")) for jid in jids())
        else:
            yield path
            for words in ("hostile", "type:Raw", "args:window.pwned", 'error:"<script>"'):
                if "q" in route.query:
                    yield f"{path}?q={quote(words)}"


def jids() -> Iterator[str]:
    # A lone surrogate cannot be in an address that is typed; its links are walked.
    yield from (case.jid for case in CASES if "\\u" not in case.jid)


async def test_every_page_is_whole_and_nothing_of_a_job_becomes_markup(
    client: httpx.AsyncClient,
) -> None:
    waiting = list(dict.fromkeys(starting_points()))
    known = set(waiting)
    kinds: set[str] = set()
    for path in waiting:
        match = find(path.partition("?")[0].encode())
        assert match is not None, path
        if match.route.kind is not Kind.PAGE:
            continue
        kinds.add(match.route.name)
        seen = await page_of(client, path)
        fresh = [link for link in seen.links if link and link not in known]
        if len(known) < LINKS:
            known.update(fresh)
            waiting += dict.fromkeys(fresh)
    assert kinds == {route.name for route in ROUTES if route.kind is Kind.PAGE}
    assert len(waiting) > 150


async def test_a_job_page_shows_what_is_stored_or_says_what_is_missing(
    client: httpx.AsyncClient,
) -> None:
    for case in (case for case in CASES if "\\u" not in case.jid):
        path = f"/main/jobs/{quote(case.jid, safe='')}"
        seen = await page_of(client, path)
        short = "Showing the beginning of" not in seen.text
        if short:
            shown = fmt.display_bytes(case.args, lines=True)
            assert re.sub(r"\s", "", shown) in re.sub(r"\s", "", seen.text), case.name
        # However much of it is shown, all of it is one link away.
        stored = {link for link in seen.links if JOB.fullmatch(link)}
        assert len(stored) == len(STATES) - 1, case.name
        for link in stored:
            answer = await client.get(link)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert case.args in answer.content, case.name
            assert b'"custom":' + case.custom in answer.content, case.name


async def test_a_list_says_how_much_it_left_out_of_arguments(client: httpx.AsyncClient) -> None:
    for path in ("/main/retries", "/main/scheduled", "/main/dead"):
        for case in CASES:
            words = f"{path}?q={quote(f'type:{case.jobtype}')}"
            if len(case.args) <= 640 or len(case.jobtype) > 100:
                continue
            seen = await page_of(client, words)
            assert fmt.size(len(case.args), "en") in seen.text, (path, case.name)


def plain(text: bytes) -> bytes:
    """Return JSON text without what some readers refuse: great depth, and lone surrogates."""
    return re.sub(rb"\\ud[89a-f][0-9a-f]{2}", b"?", text).replace(DEEP, b'["deep"]')


def read(body: bytes) -> dict[str, msgspec.Raw]:
    """Return the members of a JSON object, with their values as they are written."""
    return msgspec.json.decode(plain(body), type=dict[str, msgspec.Raw])


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, msgspec.Raw]]:
    """Return all items of a list of the API, page by page."""
    items: list[dict[str, msgspec.Raw]] = []
    for page in range(1, 100):
        answer = await client.get(path, params={"page": page, "per_page": 50})
        assert answer.status_code == 200, path
        found = read(answer.content)
        some = msgspec.json.decode(found["items"], type=list[dict[str, msgspec.Raw]])
        items += some
        if not some:
            return items
    raise AssertionError(path)


def _jid(item: dict[str, msgspec.Raw]) -> str:
    return str(msgspec.json.decode(item["jid"]))


def _exact(case: Case, item: dict[str, msgspec.Raw]) -> bool:
    """Whether an item has the case's arguments to the byte, but for what is no UTF-8."""
    sent = case.args.decode("utf-8", "replace").encode()
    return bytes(item["args"]) == plain(sent)


async def test_the_api_is_json_and_exact(client: httpx.AsyncClient) -> None:
    by_jid = {case.jid: case for case in CASES}
    for name in ("retries", "scheduled", "dead", "working"):
        items = await listed(client, f"/api/v1/servers/main/sets/{name}/jobs")
        assert len(items) == len(CASES), name
        for item in items:
            assert (name == "working") == ({"wid", "reserved_at", "expires_at"} <= item.keys())
            case = by_jid.get(_jid(item))
            if case is None:
                continue  # Its id is no Unicode.
            if "args" in item:
                assert _exact(case, item), case.name
            else:
                assert b'"args"' in bytes(item["omitted"])
                assert int(msgspec.json.decode(item["size"])) > len(case.args)
    for jid in jids():
        answer = await client.get(f"/api/v1/servers/main/jobs/{quote(jid, safe='')}")
        assert answer.status_code == 200
        found = read(answer.content)
        entries = msgspec.json.decode(found["items"], type=list[dict[str, msgspec.Raw]])
        assert len(entries) == len(STATES) - 1
        assert all(_exact(by_jid[jid], entry) for entry in entries), jid


async def test_every_address_of_the_api_answers_with_json(client: httpx.AsyncClient) -> None:
    walked: set[str] = set()
    for route in ROUTES:
        if route.kind not in {Kind.API, Kind.SCHEMA, Kind.PROBE}:
            continue
        for path in _filled(route.pattern):
            given = {"name": ".."} if route.needs else {}
            if route.name == "search_listing":
                given = {"q": "hostile"}
            answer = await client.get(escaped(path), params=given)
            assert answer.status_code == 200, path
            assert answer.headers["content-type"].startswith("application/json"), path
            read(answer.content)
        walked.add(route.name)
    ended = await listed(client, "/api/v1/servers/main/finished")
    outcomes = [msgspec.json.decode(item["outcome"]) for item in ended]
    for outcome in (Outcome.DONE, Outcome.RETRIED, Outcome.BURIED):
        assert outcomes.count(outcome.value) == len(CASES)
    assert walked >= {route.name for route in ROUTES if route.kind is Kind.API}


def _filled(pattern: str) -> list[str]:
    path = pattern.replace("{server}", "main")
    if "{queue}" in path:
        return [path.replace("{queue}", name) for name in QUEUES if name.strip(".")]
    if "{set}" in path:
        return [path.replace("{set}", name) for name in ("retries", "scheduled", "dead")]
    if "{jid}" in path:
        return [path.replace("{jid}", quote(jid, safe="")) for jid in jids()]
    return [path]


async def test_what_is_wrongly_asked_for_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    wrong = {
        "/main/jobs/%FF": 400,
        "/main/retries?page=%FF": 400,
        "/main/retries?page=-1": 400,
        "/main/queues/%3Cscript%3E": 404,
        "/main/jobs/%3Cscript%3Ealert(1)%3C%2Fscript%3E": 404,
        "/%3Cscript%3E": 404,
        "/main/jobs/" + "x" * 6000: 404,
    }
    async with house(tmp_path / "data") as home, httpx.AsyncClient(base_url=home.url) as client:
        for path, status in wrong.items():
            answer = await client.get(path)
            assert answer.status_code in {status, 414}, path
            seen = Seen(answer.text)
            assert seen.strange == [], path
            assert "Back to the overview" in seen.text

"""Everything that a console can be asked, asked about jobs that are odd.

What must hold: no answer is an error of ours, other jobs stay what they are, what is new is
seen, and nothing claims to be newer than it is.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterable, Sequence
from html import unescape
from typing import Any
from urllib.parse import quote

import httpx

from glasshouse.model import addresses
from glasshouse.web.http.guard import MAX_TARGET
from glasshouse.web.request.routes import ROUTES, Kind
from glasshouse.wire.jsontext import elements
from glasshouse.wire.payload import read_fields
from tests.engine.peer import Peer
from tests.odd import Odd
from tests.steady import LONG
from tests.web.streaming import streamed
from tests.web.whole import Whole

API = "/api/v1/servers/main"
FAR = b'"2999-01-01T00:00:00Z"'
SETS = ("retries", "scheduled", "dead")
WORDS = (
    "odd", "type:Odd", "before:9999-12-31", "after:0001-01-01", "before:now", "error:odd",
    "args.**:odd", "args.0:odd", "jid:odd*", "custom",
)  # fmt: skip
PLAIN = ("plain-waiting", "plain-scheduled", "plain-dead")
_TOPICS = 16
_LINK = re.compile(r'(?:href|action)="([^"]*)"')


async def plain_jobs(peer: Peer) -> None:
    """Put an ordinary job into each list."""
    await peer.push("plain-waiting", queue="plain", custom={"n": 1})
    await peer.push("plain-scheduled", at="2999-06-01T00:00:00Z")
    await peer.push("plain-dead", queue="dies", retry=-1)
    assert await peer.fetch("dies") is not None
    failed = b'FAIL {"jid":"plain-dead","errtype":"E","message":"no"}'
    assert await peer.ask(failed) == "+OK"


async def push(peer: Peer, odd: Odd) -> bool:
    """Put a job into every list that takes it; return whether the server takes it at all."""
    if await peer.ask(b"PUSH " + odd.line()) != "+OK":
        return False
    if "at" not in odd.members:
        await _pushed(peer, odd.line(at=FAR))
    for retry in (b"25", b"-1"):
        if await _held(peer, odd, retry=retry):
            failed = b'{"jid":%b,"errtype":"Odd","message":"odd","backtrace":["odd"]}'
            assert await peer.ask(b"FAIL " + failed % odd.members["jid"]) == "+OK", odd
    if await _held(peer, odd):
        assert await peer.ask(b'ACK {"jid":%b}' % odd.members["jid"]) == "+OK", odd
    await _held(peer, odd)
    return True


async def _held(peer: Peer, odd: Odd, **other: bytes) -> bool:
    await _pushed(peer, odd.line(at=b"", queue=b'"held"', **other))
    body = await peer.ask("FETCH held")
    assert isinstance(body, bytes), odd
    return True


async def _pushed(peer: Peer, line: bytes) -> None:
    assert await peer.ask(b"PUSH " + line) == "+OK", line[:200]


def fine(answer: httpx.Response) -> httpx.Response:
    """Fail unless an answer is what was asked for, and its links are such as can be followed."""
    assert answer.status_code < 400, (str(answer.url)[:300], answer.text[:500])
    if answer.headers.get("content-type", "").startswith("text/html"):
        longest = max(_LINK.findall(answer.text), key=len, default="")
        assert len(unescape(longest)) <= MAX_TARGET, (str(answer.url)[:300], longest[:300])
    return answer


async def items(site: Whole, path: str) -> list[dict[str, Any]]:
    """Return every item of a list of the API: ids, keys and states, as far as they can be read."""
    return (await _confirmed(site, path))[0]


async def _confirmed(site: Whole, path: str) -> tuple[list[dict[str, Any]], float]:
    """Return every item of a list, and the earliest moment (Unix seconds) that they are true of."""
    found: list[dict[str, Any]] = []
    moment = time.time()
    following = f"{API}{path}?per_page=50"
    while following:
        asked = time.time()
        told = parts(fine(await site.get(following)).content)
        moment = min(moment, asked - float(told["age"]))
        for element in elements(told["items"]):
            item = parts(element)
            known = {name: item[name] for name in ("jid", "key", "state") if name in item}
            found.append({name: json.loads(raw) for name, raw in known.items()})
        place = told.get("next")
        start = "" if place is None else quote(str(json.loads(place)))
        following = f"{API}{path}?per_page=50&from={start}" if start else ""
    return found, moment


def parts(body: bytes) -> dict[str, bytes]:
    """Return the text of each member of an answer: few parsers read what is in some."""
    return read_fields(body)


async def lists(site: Whole) -> None:
    """Look at every page, and every address of the API, that is of no job in particular."""
    queues = [str(queue.name) for queue in state_of(site).queues]
    for route in ROUTES:
        if route.kind in {Kind.STATIC, Kind.LIVE, Kind.CHANGE} or "{jid}" in route.pattern:
            continue
        if "oidc" in route.pattern or "{id}" in route.pattern:
            continue
        path = route.pattern.replace("{server}", "main")
        paths = [path.replace("{set}", name) for name in SETS] if "{set}" in path else [path]
        if "{queue}" in path:
            paths = [path.replace("{queue}", name) for name in queues if name.strip(".")]
        if route.needs:
            paths = [f"{path}?name={name}" for name in (".", "..") if name in queues]
        for one in paths:
            if route.name == "search_listing":
                continue
            fine(await site.get(one))
            if "page" in route.query:
                for page in ("2", "3", "9999999"):
                    fine(await site.get(f"{one}{'&' if '?' in one else '?'}page={page}"))


async def searches(site: Whole, words: Iterable[str] = WORDS) -> None:
    """Look for words wherever something can be looked for."""
    places = [f"{API}/search", "/main/search", "/main/queues/default", f"{API}/queues/default/jobs"]
    places += [f"/main/{name}" for name in SETS] + [f"{API}/sets/{name}/jobs" for name in SETS]
    for word in words:
        for place in places:
            fine(await site.get(f"{place}?q={quote(word)}"))


async def job(site: Whole, jid: str) -> list[bytes]:
    """Look at everything of one job that can have a page; return its stored bytes, by entry."""
    if not addresses.addressable(jid):
        return []
    name = addresses.job_segment(jid)
    page = fine(await site.get(f"/main/jobs/{name}")).text
    fine(await site.get(f"{API}/jobs/{name}"))
    links = re.findall(rf'href="({re.escape(API)}/jobs/[^"]+/stored\?entry=[0-9a-f]+)"',
                       page.replace("&#x2f;", "/"))  # fmt: skip
    found = [fine(await site.get(link)).content for link in dict.fromkeys(links)]
    told = {"reason": "to look"}
    answer = await site.browser.post(f"{API}/jobs/{name}/reveal", json=told)
    assert answer.status_code in {200, 404}, (jid[:80], answer.text[:300])
    return found


async def streams(site: Whole, topics: Sequence[str]) -> None:
    """Listen until every page has been told whole."""
    for start in range(0, len(topics), _TOPICS):
        some = topics[start : start + _TOPICS]
        said = await streamed(site.app, some, site.cookie)
        assert said.count(b"event: fragment") >= len(some), some
        assert b"Something went wrong" not in said, some


def state_of(site: Whole) -> Any:
    """Return the last known state of the server."""
    state = site.server.snapshot.state
    assert state is not None
    return state


async def agreed(site: Whole, **order: Any) -> dict[str, Any]:
    """Look at a preview, agree to it, and wait for its end; return what came of it."""
    shown = parts(fine(await site.post("/operations/preview", **order)).content)
    preview = json.loads(shown["preview"])
    fine(await site.get(f"/operations/{preview}"))
    fine(await site.post("/operations", **order, preview=preview))
    await site.control.settled()
    page = fine(await site.get(f"/operations/{preview}"))
    assert "Something went wrong" not in page.text
    told = fine(await site.get(f"/api/v1/operations/{preview}")).json()
    assert told["outcome"] == "done", told
    return dict(told)


async def deleted_and_back(site: Whole, name: str) -> None:
    """Delete every odd job of a set by its key, put all of them back, and delete them again."""
    before = await odd_ones(site, f"/sets/{name}/jobs")
    held = stored(site, name)
    keys = [str(item["key"]) for item in before]
    assert keys, name
    assert len({*keys}) == len(keys)
    order = {"operation": "job.delete", "set": name}
    told = await agreed(site, **order, keys=keys)
    assert told["moved"] == 0, told
    assert await odd_ones(site, f"/sets/{name}/jobs") == []
    fine(await site.get("/main/trash"))
    fine(await site.get(f"{API}/trash"))
    await agreed(site, operation="trash.restore", record=told["record"])
    assert await odd_ones(site, f"/sets/{name}/jobs") == before
    assert stored(site, name) == held
    await agreed(site, **order, query="type:Odd")
    await agreed(site, **order, keys=keys) if await odd_ones(site, f"/sets/{name}/jobs") else None
    assert await odd_ones(site, f"/sets/{name}/jobs") == []


async def odd_ones(site: Whole, path: str) -> list[dict[str, Any]]:
    """Return what a list has beside the ordinary jobs, as of now or later."""
    began = time.time()
    async with asyncio.timeout(LONG):
        while True:
            found, moment = await _confirmed(site, path)
            if moment >= began:
                return [item for item in found if item["jid"] not in PLAIN]
            await asyncio.sleep(0.01)


def stored(site: Whole, name: str) -> list[Any]:
    """Return the odd jobs of a set as the engine has them, whole."""
    numbers = {"scheduled": 2, "retries": 3, "dead": 4}
    question = ("SELECT score, queue, jid, jobtype, retry, reserve_for, payload FROM job"
                " WHERE state = ? AND jid NOT LIKE 'plain-%' ORDER BY score, id")  # fmt: skip
    return site.engine.stored(question, numbers[name])


async def others_are_as_they_were(site: Whole) -> None:
    """Fail unless the ordinary jobs are where and what they were."""
    for jid in PLAIN:
        told = fine(await site.get(f"{API}/jobs/{jid}")).json()
        assert [item["state"] for item in told["items"]] == [
            {"plain-waiting": "enqueued", "plain-scheduled": "scheduled"}.get(jid, "dead")
        ]
        assert fine(await site.get(f"/main/jobs/{jid}")).status_code == 200


async def what_is_new_is_seen(site: Whole, peer: Peer, number: int) -> float:
    """Push a job and return after how many seconds it is seen.

    Fails when an answer that lacks it claims to be of a later moment, by its age.
    """
    jid = f"fresh-{number:06}"
    await peer.push(jid, queue="fresh")
    pushed = time.time()
    async with asyncio.timeout(LONG):
        while True:
            asked = time.time()
            answer = await site.get(f"{API}/queues/fresh/jobs?page=1&order=reverse")
            if answer.status_code != httpx.codes.NOT_FOUND:
                told = fine(answer).json()
                if told["items"] and told["items"][0]["jid"] == jid:
                    break
                assert asked - told["age"] <= pushed + 0.001, (told["age"], asked - pushed)
            await asyncio.sleep(0.01)
    assert (await site.get("/readyz")).status_code == httpx.codes.OK
    return time.time() - pushed


PAGES = tuple(
    route.pattern.replace("{server}", "main")
    for route in ROUTES
    if route.kind is Kind.PAGE and "{" not in route.pattern.removeprefix("/{server}")
    and not route.needs
)  # fmt: skip
"""The address of each page that is of no queue or job in particular."""

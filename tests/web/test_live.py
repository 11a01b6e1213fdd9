"""The live stream: one rendering for all, bounded for the slow, ended in time."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.web import serve
from glasshouse.web.live import endpoint, hub
from glasshouse.web.live.fragments import cut
from glasshouse.web.live.stream import Subscriber, event
from glasshouse.web.live.versions import FragmentVersions
from tests.steady import LONG
from tests.web.fakes import FakeReader, House, stored
from tests.web.test_routes import client


class Broken:
    """Reads of a queue, which fail while there is an ``error``."""

    def __init__(self, reader: FakeReader, error: Exception | None) -> None:
        self.error = error
        self._read = reader.queue_jobs

    async def read(self, queue: str, query: ListQuery) -> JobPage:
        if self.error is not None:
            raise self.error
        return await self._read(queue, query)


class Stream:
    """One open event stream, driven through ASGI."""

    def __init__(self, house: House, query: str, address: str = "127.0.0.1") -> None:
        self.begun = asyncio.Event()
        self.status = 0
        self.ended = False
        self.events: list[tuple[str, Any]] = []
        self.open = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self._leave = asyncio.Event()
        scope = {
            "type": "http",
            "method": "GET",
            "http_version": "1.1",
            "raw_path": b"/main/live",
            "query_string": query.encode(),
            "headers": [(b"host", b"house")],
            "client": (address, 4000),
        }
        self.task = asyncio.create_task(house.app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        await self._leave.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        await self.gate.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.begun.set()
        self.ended = message.get("more_body") is False
        body = message.get("body", b"")
        for said in body.decode().split("\n\n"):
            if said.startswith("event: "):
                name, data = said.split("\n")
                self.events.append((name[7:], json.loads(data[6:])))

    async def leave(self) -> None:
        self._leave.set()
        self.gate.set()
        await asyncio.wait_for(self.task, LONG)

    def named(self, name: str) -> list[Any]:
        return [data for kind, data in self.events if kind == name]

    @property
    def pages(self) -> list[str]:
        """The whole of a page after each of its events."""
        pages: list[str] = []
        parts: dict[str, str] = {}
        between: list[str] = []
        for kind, data in self.events:
            if kind == "fragment":
                fresh = [piece for piece in data["pieces"] if not isinstance(piece, str)]
                parts = {piece[0]: piece[-1] if piece[1:] else parts[piece[0]] for piece in fresh}
                between = [piece for piece in data["pieces"] if isinstance(piece, str)]
            elif kind == "patch":
                parts |= dict(data["parts"])
            else:
                continue
            pages.append(
                "".join(a + b for a, b in zip(between, [*parts.values(), ""], strict=True))
            )
        return pages

    async def shows(self, text: str) -> None:
        """Wait until the page shows this."""
        async with asyncio.timeout(LONG):
            while not (self.pages and text in self.pages[-1]):
                await asyncio.sleep(0.005)

    async def until(self, name: str, count: int) -> list[Any]:
        async with asyncio.timeout(LONG):
            while len(self.named(name)) < count:
                await asyncio.sleep(0.005)
        return self.named(name)


QUEUE = "topic=/main/queues/mail"


async def test_two_subscribers_of_one_topic_share_each_rendering() -> None:
    house = House()
    async with house.sampled():
        one, two = Stream(house, QUEUE), Stream(house, QUEUE)
        assert await one.until("fragment", 1) == await two.until("fragment", 1)
        assert len(house.renderer.fragments) == 1
        house.reader.push(stored("mail0002"))
        assert (await one.until("fragment", 2))[1]["topic"] == "/main/queues/mail"
        await two.until("fragment", 2)
        assert "'total': '2'" in two.pages[1]
        assert len(house.renderer.fragments) == 2
        late = Stream(house, QUEUE)
        await late.until("fragment", 1)
        assert len(house.renderer.fragments) == 2
        for stream in (one, two, late):
            await stream.leave()
        hub = house.app.live.hubs["main"]
        assert hub.topics == 0


async def test_a_stalled_subscriber_holds_only_the_latest_of_each_topic() -> None:
    slow = Subscriber(lambda: event("tick", {}))
    main, busy = FragmentVersions("/main"), FragmentVersions("/main/busy")
    for number in range(1000):
        for topic in (main, busy):
            topic.publish(cut(b"<p>%d</p>" % number))
            slow.tell(topic)
        slow.pulse()
    assert slow.waiting == 2
    got = slow.events()
    said = (await anext(got)).decode()
    assert said.count("event: ") == 3
    assert said.count("<p>999</p>") == 2
    await got.aclose()


async def test_a_slow_client_skips_to_the_latest() -> None:
    house = House()
    async with house.sampled():
        stream, other = Stream(house, QUEUE), Stream(house, QUEUE)
        await stream.until("fragment", 1)
        stream.gate.clear()
        for number in range(20):
            house.reader.push(stored(f"more{number:04}"))
            await other.shows(f"'total': '{number + 2}'")
        before = len(stream.pages)
        stream.gate.set()
        await stream.shows("'total': '21'")
        assert len(stream.pages) - before <= 2
        assert len(other.pages) == 21
        await stream.leave()
        await other.leave()


async def test_ticks_go_on_and_tell_the_fault_while_the_last_fragment_stays() -> None:
    house = House()
    async with house.sampled():
        stream = Stream(house, QUEUE)
        await stream.until("fragment", 1)
        house.reader.gone = True
        async with asyncio.timeout(LONG):
            while stream.named("tick")[-1]["fault"] is None:
                await asyncio.sleep(0.005)
        seen = len(stream.named("tick"))
        await stream.until("tick", seen + 3)
        assert stream.named("tick")[-1]["fault"]["detail"] == "The server is gone."
        assert stream.named("gone") == []
        await stream.leave()


async def test_a_page_that_goes_is_said_and_may_come_back() -> None:
    house = House()
    async with house.sampled():
        stream = Stream(house, "topic=/main/queues/later")
        assert await stream.until("gone", 1) == [{"topic": "/main/queues/later"}]
        house.reader.push(stored("late0001", queue="later"))
        await stream.until("fragment", 1)
        assert "'total': '1'" in stream.pages[0]
        await stream.leave()


async def test_a_page_that_cannot_be_made_says_so_and_others_go_on() -> None:
    house = House()
    async with house.sampled():
        stream = Stream(house, f"topic=/main/jobs/boom&{QUEUE}")
        with capture_logs():
            await stream.until("fragment", 2)
        assert any("500 internal" in page for page in stream.pages)
        assert any("'total': '1'" in page for page in stream.pages)
        await stream.leave()


async def test_a_page_that_cannot_be_read_any_more_does_not_pass_for_fresh() -> None:
    house = House()
    async with house.sampled():
        stream = Stream(house, QUEUE)
        await stream.until("fragment", 1)
        broken = Broken(house.reader, UpstreamUnavailableError("The list is broken."))
        house.reader.queue_jobs = broken.read  # type: ignore[method-assign]
        house.server._lists = house.server._cache(lambda _: 1)
        house.reader.push(stored("mail0002"))
        await stream.shows("503 upstream_unavailable The list is broken.")
        assert stream.named("tick")[-1]["fault"] is None
        broken.error = None
        house.reader.push(stored("mail0003"))
        await stream.shows("'total': '3'")
        await stream.leave()


async def test_wrong_topics_are_refused() -> None:
    house = House()
    wrong = [
        *("", "lang=xx&topic=/main", "topic=", "topic=/main/live", "topic=/other/queues"),
        *("topic=/api/v1/me", "topic=//main", "topic=/main/../x", "topic=/main/queues/"),
        *("topic=/main/dead?page=0", "&".join(f"topic=/main/queues/q{n}" for n in range(17))),
    ]
    async with house.sampled(), client(house) as browser:
        for query in wrong:
            answer = await browser.get("/main/live?" + query)
            assert answer.status_code == 400, query
        assert (await browser.get("/none/live?topic=/main")).status_code == 404


async def test_stopping_the_server_ends_open_streams_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A request that goes on is not waited for any more by then: longer than this test waits.
    monkeypatch.setattr(serve, "GRACE_SECONDS", int(LONG * 10))
    house = House()
    async with httpx.AsyncClient(timeout=LONG) as browser:
        async with house.served() as port:
            url = f"http://127.0.0.1:{port}/main/live?{QUEUE}"
            request = browser.build_request("GET", url)
            answer = await browser.send(request, stream=True)
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 1000"
        # The server has ended here, and with it the stream that nobody has left.
        async for _ in lines:
            pass


class Person:
    """Somebody at an address, who opens streams of topics that nobody else looks at."""

    def __init__(self, house: House, address: str) -> None:
        self._house = house
        self._address = address
        self.streams: list[Stream] = []

    def open(self, *topics: str) -> Stream:
        query = "&".join(f"topic=/main/queues/{topic}" for topic in topics)
        stream = Stream(self._house, query, self._address)
        self.streams.append(stream)
        return stream

    def take(self, count: int) -> None:
        """Open so many streams of as many topics as one may have."""
        own = self._address.replace(":", "-")
        for _ in range(count):
            number = len(self.streams)
            self.open(*(f"{own}-{number}-{topic}" for topic in range(endpoint.MAX_TOPICS)))

    async def open_ones(self) -> int:
        """Return how many streams are open, once each has begun or was refused."""
        for stream in self.streams:
            await asyncio.wait_for(stream.begun.wait(), LONG)
        for _ in range(10):
            # Who was dismissed meanwhile is told so.
            await asyncio.sleep(0)
        return sum(stream.status == 200 and not stream.ended for stream in self.streams)

    async def leave(self) -> None:
        for stream in self.streams:
            await stream.leave()


async def test_who_takes_all_topics_makes_room_for_others() -> None:
    house = House()
    async with house.sampled():
        taker, other = Person(house, "192.0.2.1"), Person(house, "192.0.2.2")
        taker.take(hub.MAX_TOPICS // endpoint.MAX_TOPICS)
        assert await taker.open_ones() == 25
        taker.take(1)
        assert await taker.open_ones() == 25
        assert taker.streams[-1].status == 503
        other.open("a", "b", "c")
        assert await other.open_ones() == 1
        assert await taker.open_ones() == 24
        # What went is not had back at the cost of who has less.
        taker.take(2)
        assert await taker.open_ones() == 24
        assert await other.open_ones() == 1
        await other.streams[0].until("fragment", 0)
        # Two who want much have the half each, and the third still gets in.
        third = Person(house, "2001:db8::1")
        third.take(20)
        assert await third.open_ones() == 12
        assert await taker.open_ones() == 12
        assert await other.open_ones() == 1
        for person in (taker, other, third):
            await person.leave()
        assert house.app.live.hubs["main"].topics == 0


async def test_who_takes_all_streams_makes_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "MAX_SUBSCRIBERS", 6)
    house = House()
    async with house.sampled():
        taker, other = Person(house, "192.0.2.1"), Person(house, "192.0.2.2")
        for _ in range(7):
            taker.open("mail")
        assert await taker.open_ones() == 6
        for _ in range(4):
            other.open("mail")
        assert await other.open_ones() == 3
        assert await taker.open_ones() == 3
        for person in (taker, other):
            await person.leave()


async def test_what_many_look_at_together_is_nobodys_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "MAX_TOPICS", 4)
    house = House()
    async with house.sampled():
        one, two = Person(house, "192.0.2.1"), Person(house, "192.0.2.2")
        one.open("a", "b", "c", "d")
        two.open("a", "b", "c", "d")
        assert (await one.open_ones(), await two.open_ones()) == (1, 1)
        two.open("e")
        assert (await one.open_ones(), await two.open_ones()) == (1, 1)
        for person in (one, two):
            await person.leave()

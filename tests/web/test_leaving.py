"""A client that leaves ends the search that it asked for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from glasshouse.model.job import JobSet
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.rules import default_rules
from glasshouse.web.app import create_app
from glasshouse.web.http.disconnects import while_waited_for
from glasshouse.web.request.authenticator import OpenGate
from tests.steady import LONG
from tests.web.fakes import ASSETS, FAST, FakeReader


class Slow(FakeReader):
    """A reader whose searches do not end by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.ended = asyncio.Event(), asyncio.Event()

    async def set_jobs(self, name: JobSet, query: ListQuery) -> JobPage:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()
        raise AssertionError


async def test_a_search_whose_client_has_gone_is_not_gone_on_with() -> None:
    reader = Slow()
    monitor = Monitor({"main": ServerMonitor("main", reader, clock=lambda: 1.0, pace=FAST)})
    app = create_app(monitor, clock=lambda: 1.0, assets=ASSETS, gate=OpenGate(default_rules()))
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await reader.began.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "http_version": "1.1", "raw_path": b"/main/dead",
        "query_string": b"q=x", "headers": [(b"host", b"house")],
    }  # fmt: skip
    async with monitor.running(), asyncio.timeout(LONG):
        await app(scope, receive, send)
        await reader.ended.wait()
    assert sent == []


async def test_what_is_done_is_given_though_the_client_leaves_at_the_same_time() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def work() -> int:
        return 7

    assert await while_waited_for(receive, work()) in (7, None)


async def test_failures_come_out() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def work() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await while_waited_for(receive, work())

"""All queues by their address: sorted, filtered, paged, and nothing left out."""

from __future__ import annotations

import asyncio

import pytest

from glasshouse.model.errors import InvalidError
from glasshouse.model.server import Queue
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.web.pages.queues import queues
from glasshouse.web.presentation.rows import share, signed
from glasshouse.web.presentation.views import QueuesView
from glasshouse.web.request.context import PageContext

from .fakes import FakeReader, seen
from .states import NOW, snapshot

SHOP = (
    Queue(name="mailers", size=30, oldest_at=NOW - 5),
    Queue(name="Images", size=5, oldest_at=NOW - 50),
    Queue(name="reports", size=0),
    Queue(name="imports", size=90, paused=True),
)
BEFORE = {"mailers": 10, "Images": 25, "reports": 0, "imports": 90}


def shown(found: Snapshot, **query: str) -> QueuesView:
    server = ServerMonitor("main", FakeReader(), clock=lambda: NOW)
    server._sampler.snapshot = found
    monitor = seen(server)
    context = PageContext(
        monitor=monitor,
        server=monitor.server("main"),
        query=query,
        path="/main/queues",
        now=NOW,
    )
    view = asyncio.run(queues(context)).view
    assert isinstance(view, QueuesView)
    return view


def names(**query: str) -> list[str]:
    return [row.name for row in shown(snapshot(*SHOP, before=BEFORE), **query).queues]


def test_queues_are_sorted_as_asked_with_the_unknown_last() -> None:
    assert names() == ["Images", "imports", "mailers", "reports"]
    assert names(sort="size") == ["imports", "mailers", "Images", "reports"]
    assert names(sort="size", order="reverse") == ["reports", "Images", "mailers", "imports"]
    assert names(sort="growth") == ["mailers", "imports", "reports", "Images"]
    assert names(sort="latency") == ["Images", "mailers", "reports", "imports"]
    assert names(sort="latency", order="reverse") == ["reports", "mailers", "Images", "imports"]
    with pytest.raises(InvalidError, match="sorted by 'expires'"):
        names(sort="expires")


def test_the_head_that_is_sorted_by_says_so_and_turns_round() -> None:
    view = shown(snapshot(*SHOP), sort="size", q="s")
    heads = {column.name: column for column in view.columns}
    assert [column.sorted for column in view.columns] == ["", "descending", "", ""]
    assert heads["size"].href == "/main/queues?q=s&sort=size&order=reverse"
    assert heads["name"].href == "/main/queues?q=s"
    assert heads["growth"].href == "/main/queues?q=s&sort=growth"
    turned = shown(snapshot(*SHOP), order="reverse")
    assert turned.columns[0].sorted == "descending"
    assert turned.columns[0].href == "/main/queues"


def test_a_name_is_found_by_a_part_of_it_in_any_case_or_by_a_glob() -> None:
    assert names(q="im") == ["Images", "imports"]
    assert names(q="*s") == ["Images", "imports", "mailers", "reports"]
    assert names(q="I*s") == ["Images", "imports"]
    assert names(q="mages*") == []
    view = shown(snapshot(*SHOP), q="MAIL")
    assert view.outcome == "1 of 4 queues match."
    assert view.all_href == "/main/queues"


def test_every_queue_is_on_one_page_or_another() -> None:
    many = snapshot(*(Queue(name=f"q{n:04}", size=n) for n in range(2345)))
    seen = [
        row.name for page in range(1, 25) for row in shown(many, page=str(page), sort="size").queues
    ]
    assert seen == [f"q{n:04}" for n in reversed(range(2345))]
    view = shown(many, page="2", sort="size", q="q")
    assert view.pager.label == "101–200 of 2,345"
    assert view.pager.next == "/main/queues?q=q&sort=size&page=3"
    assert view.totals == "2,345 queues · 2,748,340 jobs waiting"
    assert shown(many, page="99").pager.past_end


def test_growth_and_share_are_said_and_what_is_not_known_is_not() -> None:
    rows = {row.name: row for row in shown(snapshot(*SHOP, before=BEFORE)).queues}
    assert (rows["mailers"].growth, rows["Images"].growth) == ("+20/min", "−20/min")
    assert (rows["reports"].growth, rows["mailers"].share) == ("0/min", "24 %")
    assert (rows["imports"].bar, rows["mailers"].bar) == (72, 24)
    assert {row.growth for row in shown(snapshot(*SHOP)).queues} == {""}
    assert shown(snapshot(*SHOP)).totals == "4 queues · 125 jobs waiting · 1 paused, holding 90"


def test_small_shares_and_changes_are_not_nothing() -> None:
    assert [share(*pair) for pair in ((0, 0), (0, 9), (1, 1000), (999, 1000))] == [
        "0 %", "0 %", "< 1 %", "100 %",
    ]  # fmt: skip
    assert [signed(value, "en") for value in (0.0, -0.04, 0.4, -9.95, 1234.5)] == [
        "0", "0", "+0.4", "−9.9", "+1,234",
    ]  # fmt: skip

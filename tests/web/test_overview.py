"""What the overview and the fleet say of a server: what is known, and nothing else."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from glasshouse.model.job import JobSet, Outcome
from glasshouse.model.server import Queue
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.monitor.snapshot import Fault, Sample, Snapshot
from glasshouse.web.pages.fleet import fleet
from glasshouse.web.pages.overview import overview
from glasshouse.web.pages.table import PAGES
from glasshouse.web.presentation.render import Renderer
from glasshouse.web.presentation.views import FleetView, OverviewView
from glasshouse.web.request.context import PageContext

from .fakes import FakeReader, ended, seen, stored
from .states import NOW, snapshot, worker

UNREAD = Snapshot(generation=0, pulse=0, state=None, checked_at=None, fault=None, samples=())
GONE = msgspec.structs.replace(UNREAD, fault=Fault(NOW, "It cannot be reached.", "Start it."))


def context_of(found: Snapshot, reader: FakeReader | None = None) -> PageContext:
    server = ServerMonitor("main", reader or FakeReader(), clock=lambda: NOW)
    server._sampler.snapshot = found
    monitor = seen(server)
    return PageContext(monitor=monitor, server=monitor.server("main"), path="/main", now=NOW)


def shown(found: Snapshot, reader: FakeReader | None = None) -> OverviewView:
    view = asyncio.run(overview(context_of(found, reader))).view
    assert isinstance(view, OverviewView)
    return view


def compared(found: Snapshot) -> FleetView:
    view = asyncio.run(fleet(context_of(found))).view
    assert isinstance(view, FleetView)
    return view


@pytest.mark.parametrize("name", ["overview", "queues", "busy", "fleet"])
@pytest.mark.parametrize(
    ("found", "said"),
    [(UNREAD, "Reading the server…"), (GONE, "No data from this server yet.")],
)
async def test_a_server_that_was_never_read_is_said_to_be_unknown(
    name: str, found: Snapshot, said: str
) -> None:
    context = context_of(found)
    html = Renderer({}).page(await PAGES[name](context), context).decode()
    assert f">{said}<" in html
    assert "Nothing. Jobs flow" not in html


def test_load_is_what_the_server_tells_and_a_rate_has_its_place_before_it_is_known() -> None:
    samples = (Sample(NOW - 10, 0, 0, 0, commands=100), Sample(NOW, 50, 5, 0, commands=400))
    told = snapshot(
        samples=samples,
        connections=1234,
        command_count=400,
        memory_mb=85,
        started_at=NOW - 3 * 3600 - 301,
    )
    assert {item.label: item.value for item in shown(told).load} == {
        "Uptime": "3 h 5 min",
        "Connections": "1,234",
        "Commands per second": "30.0",
        "Memory": "85.0 MiB",
    }
    assert shown(snapshot()).load == ()
    (early,) = shown(snapshot(command_count=7)).load
    assert (early.label, early.value) == ("Commands per second", "–")


def test_recent_failures_are_of_the_log_and_have_their_message_where_the_job_is_still_there() -> (
    None
):
    reader = FakeReader()
    reader.log = [ended(1, "gone", Outcome.BURIED), ended(2, "there", Outcome.RETRIED)]
    view = shown(snapshot(), reader)
    assert view.logged
    assert [(row.jid, row.errtype, row.outcome) for row in view.failures] == [
        ("there", "Timeout", "retried"),
        ("gone", "Timeout", "buried"),
    ]
    assert view.failures_href == "/main/finished?outcome=failed"


def test_a_server_without_a_log_shows_its_next_retries() -> None:
    reader = FakeReader()
    reader.log = None
    reader.sets[JobSet.RETRIES] = [
        stored("again", failure={"errtype": "CardError", "message": "no funds"})
    ]
    view = shown(snapshot(), reader)
    assert not view.logged
    assert [(row.errtype, row.message) for row in view.failures] == [("CardError", "no funds")]
    assert view.failures_href == "/main/retries"


def test_that_all_is_well_is_said_as_far_as_it_is_known() -> None:
    assert shown(snapshot()).calm == "Nothing. Jobs flow and workers respond."
    assert (
        shown(snapshot(workers=())).calm
        == "Nothing. No jobs are waiting and no workers are connected."
    )
    assert shown(snapshot(workers=None)).calm == "Nothing reported by this server."
    assert shown(snapshot(workers=None)).workers is None


def test_workers_that_need_a_look_come_first() -> None:
    every = tuple(worker(f"w{n:02}", pid=n) for n in range(14))
    silent = worker("w99", pid=99, last_beat=NOW - 45)
    view = shown(snapshot(workers=(*every, silent)))
    assert view.workers is not None
    assert [row.wid for row in view.workers[:2]] == ["w99", "w00"]
    assert view.more_workers == "5"


def test_the_fleet_says_the_gravest_of_a_server_and_how_much_more_there_is() -> None:
    paused = Queue(name="reports", size=3, paused=True)
    (server,) = compared(snapshot(Queue(name="mail", size=9), paused, workers=())).servers
    assert server.worst is not None
    assert server.worst.text == "Queue mail has jobs (9) and no worker is connected."
    assert server.wrong == "and 1 more"
    cells = {cell.label: cell.text for cell in server.cells}
    assert (cells["Enqueued"], cells["Workers"], cells["Processed per second"]) == ("12", "0", "")


def test_a_server_that_is_down_says_since_when_and_what_to_do_and_no_rates() -> None:
    samples = (Sample(NOW - 10, 0, 0, 0), Sample(NOW, 50, 5, 0))
    fault = Fault(NOW - 300, "It is gone.", "Start it.")
    view = compared(snapshot(samples=samples, fault=fault))
    (server,) = view.servers
    assert view.summary == "1 server · 1 unreachable"
    assert server.since is not None
    assert (server.since.relative, server.fault, server.remedy) == (
        "5 min ago", "It is gone.", "Start it.",
    )  # fmt: skip
    assert {cell.label: cell.text for cell in server.cells}["Processed per second"] == ""

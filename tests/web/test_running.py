"""What runs, by the worker that runs it; nothing that runs disappears."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from glasshouse.health.reservations import Reservation, reservation
from glasshouse.model.errors import InvalidError
from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.model.server import Worker, WorkerState
from glasshouse.monitor.monitor import ServerMonitor
from glasshouse.web.pages.busy import busy
from glasshouse.web.presentation.views import BusyView
from glasshouse.web.request.context import PageContext

from .fakes import FakeReader, seen
from .states import NOW, running, snapshot, worker


class Reader(FakeReader):
    def __init__(self, jobs: list[StoredJob]) -> None:
        super().__init__()
        self.jobs_running = sorted(jobs, key=lambda job: job.expires_at or 0)

    async def working_jobs(self, query: ListQuery) -> JobPage:
        start = (query.page - 1) * query.per_page
        return JobPage(
            items=tuple(self.jobs_running[start : start + query.per_page]),
            total=len(self.jobs_running),
            page=query.page,
            per_page=query.per_page,
            read_at=NOW,
        )


def shown(
    jobs: list[StoredJob],
    workers: tuple[Worker, ...] | None,
    most: dict[str, int] | None = None,
    **query: str,
) -> BusyView:
    server = ServerMonitor("main", Reader(jobs), clock=lambda: NOW)
    made = snapshot(workers=workers)
    server._sampler.snapshot = msgspec.structs.replace(made, most_running=most or {})
    monitor = seen(server)
    context = PageContext(
        monitor=monitor,
        server=monitor.server("main"),
        query=query,
        path="/main/busy",
        now=NOW,
    )
    view = asyncio.run(busy(context)).view
    assert isinstance(view, BusyView)
    return view


def test_jobs_stand_under_their_worker_and_workers_under_their_host() -> None:
    workers = (
        worker("b", hostname="zeta", rss_kb=2048),
        worker("a", hostname="alpha", rss_kb=1024, busy=2),
        worker("c", hostname="zeta", pid=3, state=WorkerState.QUIET, last_beat=NOW - 40),
    )
    view = shown([running("one", "a"), running("two", "a"), running("three", "b")], workers)
    assert [host.name for host in view.hosts] == ["alpha", "zeta"]
    alpha, zeta = view.hosts
    assert [run.jid for run in alpha.workers[0].runs] == ["one", "two"]
    assert [item.worker.wid for item in zeta.workers] == ["c", "b"]
    assert (zeta.count, zeta.busy, zeta.memory) == ("2 workers", "1 running", "2.0 MiB")
    assert (zeta.resting, zeta.silent) == ("1 quiet or terminating", "1 silent")
    assert [item.idle for item in zeta.workers] == [True, False]
    assert view.runs == ()
    assert view.totals == (
        "3 jobs running · 3 workers · 2 hosts · 3.0 MiB · 1 quiet or terminating · 1 silent"
    )


def test_a_worker_that_told_nothing_goes_by_its_id_and_no_host_is_counted() -> None:
    view = shown([running("one", "w-17")], (worker("w-17", hostname="", pid=None),))
    [host] = view.hosts
    assert (host.name, host.workers[0].worker.pid) == ("host unknown", "")
    assert host.workers[0].runs[0].held == "w-17"
    assert view.totals == "1 job running · 1 worker"


def test_jobs_stand_in_the_order_in_which_they_began_and_room_is_kept_for_others() -> None:
    jobs = [
        msgspec.structs.replace(running(jid, "w1", left=left), reserved_at=NOW - began)
        for jid, left, began in (("third", 10, 1), ("first", 20, 9), ("second", 30, 5))
    ]
    workers = (worker("w1", busy=3), worker("w2"), worker("w3"))
    view = shown(jobs, workers, {"w1": 5, "w2": 2, "w3": 1000})
    one, two, three = view.hosts[0].workers
    assert [run.jid for run in one.runs] == ["first", "second", "third"]
    assert [len(item.free) for item in (one, two, three)] == [2, 2, 25]
    (alone,) = shown([], (worker("w1"),)).hosts[0].workers
    assert len(alone.free) == 1


def test_a_job_whose_worker_is_gone_or_that_never_had_one_is_listed_apart() -> None:
    view = shown(
        [running("kept", "w1"), running("left", "gone"), running("own", None)], (worker("w1"),)
    )
    assert {run.jid: run.held for run in view.runs} == {
        "left": "its worker has disconnected",
        "own": "fetched by a client that is not a worker",
    }


def test_a_reservation_that_ends_soon_or_is_over_is_marked() -> None:
    jobs = [running("over", left=-1), running("soon", left=100), running("long", left=900)]
    view = shown(jobs, (worker("w1"),))
    marks = {run.jid: run.mark for run in view.hosts[0].workers[0].runs}
    assert marks == {"over": "reservation over", "soon": "expires soon", "long": ""}
    assert view.hosts[0].ending == "2 expiring soon"


@pytest.mark.parametrize(
    ("whole", "left", "stands"),
    [
        (1800, 179, Reservation.NEAR),
        (1800, 181, Reservation.HOLDS),
        (300, 59, Reservation.NEAR),
        (300, 61, Reservation.HOLDS),
        (60, 50, Reservation.HOLDS),
        (60, 14, Reservation.NEAR),
        (60, 0, Reservation.PAST),
    ],
)
def test_near_is_a_tenth_or_a_minute_and_of_a_short_one_a_quarter(
    whole: float, left: float, stands: Reservation
) -> None:
    assert reservation(running("j", left=left, whole=whole), NOW) is stands


def test_very_many_workers_and_jobs_are_paged_and_all_are_there() -> None:
    workers = tuple(
        worker(f"w{n:03}", hostname=f"app-{n // 40:02}", pid=n, busy=4) for n in range(250)
    )
    jobs = [running(f"j{n:04}", f"w{n % 250:03}", left=1000 + n) for n in range(1000)]
    pages = [shown(jobs, workers, page=str(number)) for number in (1, 2, 3)]
    wids = [item.worker.wid for page in pages for host in page.hosts for item in host.workers]
    assert wids == [item.wid for item in workers]
    assert pages[0].partly == (
        "Of 1,000 running jobs, the 100 whose reservations end first are shown under their workers."
    )
    assert not pages[0].hosts[0].unfolded
    assert pages[0].hosts[0].busy == "160 running"
    assert pages[0].hosts[-1].count == "20 of its 40 workers"
    assert pages[0].hosts[0].workers[0].missing == "3 more, by end of reservation"
    listed = [
        run.jid
        for number in range(1, 11)
        for run in shown(jobs, workers, sort="expires", page=str(number)).runs
    ]
    assert listed == [job.jid for job in jobs]
    assert shown(jobs, workers, sort="expires").runs[0].held == "app-00 · 0"


def test_a_server_that_does_not_tell_its_workers_still_lists_what_runs() -> None:
    view = shown([running("one")], None)
    assert not view.told
    assert [run.jid for run in view.runs] == ["one"]


def test_running_jobs_have_no_other_order() -> None:
    with pytest.raises(InvalidError, match="cannot be sorted by 'size'"):
        shown([], (), sort="size")

"""Running jobs under the workers that run them, and those whose worker is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from glasshouse.health import rates
from glasshouse.health.reservations import Reservation, reservation
from glasshouse.model import addresses
from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.model.server import Worker, WorkerState
from glasshouse.web.presentation import payload, rows
from glasshouse.web.presentation.slices import Slice
from glasshouse.web.presentation.views import ActBar, HostGroup, RunRow, WorkerRuns
from glasshouse.web.shapes import unreadable
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

OPEN = 30
"""With more workers than this, hosts are folded."""
PLACES = 25
"""The most simultaneous jobs of a worker for which space is reserved."""

MARKS = {Reservation.NEAR: "expires soon", Reservation.PAST: "reservation over"}
NOTHING: Mapping[str, int] = {}
_TYPE = 120
BarOf = Callable[[Worker], ActBar | None]


class Clocks(NamedTuple):
    """What times are shown by: now, the moment at which states are judged, and the language."""

    now: float
    seen: float
    locale: str

    def tell(self, at: float | None) -> fmt.Moment | None:
        """Return a time ready to lay out."""
        return None if at is None else fmt.moment(at, self.now, self.locale)


class RunningJobs(NamedTuple):
    """The jobs of a page: by the id of the worker that runs them, and the others.

    ``whole`` means that these are all that run; ``most`` is how many a worker recently ran at once.
    """

    by_worker: Mapping[str, tuple[RunRow, ...]]
    apart: tuple[RunRow, ...]
    whole: bool
    most: Mapping[str, int]

    def count(self, worker: Worker) -> int:
        """Return how many jobs a worker runs, according to the page if it has all of them."""
        known = len(self.by_worker.get(worker.wid, ()))
        return known if self.whole else max(known, worker.busy)


def grouped(
    page: JobPage,
    workers: Sequence[Worker],
    server: str,
    at: Clocks,
    most: Mapping[str, int] = NOTHING,
) -> RunningJobs:
    """Return the running jobs of a page under their workers, in the order in which they began.

    So a job keeps its place while it runs. ``most`` is how many a worker recently ran at once.
    """
    known = {worker.wid: worker for worker in workers}
    by_worker: dict[str, list[RunRow]] = defaultdict(list)
    apart: list[RunRow] = []
    for job in sorted(page.items, key=lambda one: (one.reserved_at or 0.0, one.jid)):
        worker = known.get(job.wid or "")
        row = _run(job, worker, server, at)
        (apart if worker is None else by_worker[worker.wid]).append(row)
    return RunningJobs(
        {wid: tuple(runs) for wid, runs in by_worker.items()},
        tuple(apart),
        whole=len(page.items) == page.total,
        most=most,
    )


def listed(page: JobPage, workers: Sequence[Worker], server: str, at: Clocks) -> tuple[RunRow, ...]:
    """Return the running jobs of a page in its order."""
    known = {worker.wid: worker for worker in workers}
    return tuple(_run(job, known.get(job.wid or ""), server, at) for job in page.items)


def hosts_of(
    part: Slice[Worker], every: Sequence[Worker], running: RunningJobs, at: Clocks, bar: BarOf
) -> tuple[HostGroup, ...]:
    """Return some of the workers in ``every``, ordered and grouped by host."""
    unfolded = len(every) <= OPEN
    whole: dict[str, list[Worker]] = defaultdict(list)
    for worker in every:
        whole[worker.hostname].append(worker)
    return tuple(
        _host(whole[name], list(shown), running, at, bar, unfolded=unfolded)
        for name, shown in groupby(part.items, key=lambda worker: worker.hostname)
    )


def _host(
    workers: list[Worker],
    shown: list[Worker],
    running: RunningJobs,
    at: Clocks,
    bar: BarOf,
    *,
    unfolded: bool,
) -> HostGroup:
    """Return a host: its totals cover all its ``workers``, of which some are ``shown``."""
    locale, name = at.locale, workers[0].hostname
    silent = sum(rates.is_stale(worker, at.seen) for worker in workers)
    resting = sum(worker.state is not WorkerState.RUNNING for worker in workers)
    ending = sum(bool(run.mark) for w in workers for run in running.by_worker.get(w.wid, ()))
    memory = sum(max(0, worker.rss_kb or 0) for worker in workers)
    busy = sum(map(running.count, workers))
    return HostGroup(
        row=rows.element_id("host", name),
        name=fmt.name(name) or t("host unknown", locale),
        unfolded=unfolded,
        workers=tuple(_worker(worker, running, at, bar) for worker in shown),
        count=_count(len(shown), len(workers), locale),
        busy=t("{n} running", locale, n=fmt.number(busy, locale)),
        memory=fmt.size(memory * 1024, locale) if memory else "",
        silent=t("{n} silent", locale, n=fmt.number(silent, locale)) if silent else "",
        resting=t("{n} quiet or terminating", locale, n=fmt.number(resting, locale))
        if resting
        else "",
        ending=t("{n} expiring soon", locale, n=fmt.number(ending, locale)) if ending else "",
    )


def _count(shown: int, total: int, locale: str) -> str:
    if shown < total:
        n, every = fmt.number(shown, locale), fmt.number(total, locale)
        return t("{n} of its {total} workers", locale, n=n, total=every)
    return fmt.counted(total, "1 worker", "{n} workers", locale)


def _worker(worker: Worker, running: RunningJobs, at: Clocks, bar: BarOf) -> WorkerRuns:
    runs = running.by_worker.get(worker.wid, ())
    count = running.count(worker)
    places = min(PLACES, max(1, running.most.get(worker.wid, 0)))
    missing = fmt.number(count - len(runs), at.locale) if count > len(runs) else ""
    return WorkerRuns(
        worker=rows.worker_row(worker, at.now, at.seen, at.locale),
        bar=bar(worker),
        idle=not count,
        runs=runs,
        free=(None,) * max(0, places - len(runs)),
        missing=t("{n} more, by end of reservation", at.locale, n=missing) if missing else "",
    )


def _run(job: StoredJob, worker: Worker | None, server: str, at: Clocks) -> RunRow:
    return unreadable.shown(lambda one: _made_run(one, worker, server, at), job, at.locale)


def _made_run(job: StoredJob, worker: Worker | None, server: str, at: Clocks) -> RunRow:
    mark = MARKS.get(reservation(job, at.seen), "")
    return RunRow(
        row=rows.row_id(job),
        jid=rows.jid_text(job.jid),
        href=addresses.job_href(server, job.jid),
        jobtype=fmt.cut(fmt.display_text(job.jobtype), _TYPE),
        queue=fmt.name(job.queue),
        queue_href=addresses.queue_href(server, job.queue),
        args=payload.preview(payload.fields(job.payload), job, at.locale),
        held=_held(job, worker, at.locale),
        worker=fmt.name(job.wid or ""),
        reserved=at.tell(job.reserved_at),
        expires=at.tell(job.expires_at),
        mark=t(mark, at.locale) if mark else "",
    )


def _held(job: StoredJob, worker: Worker | None, locale: str) -> str:
    """Return who runs a job, or why there is no one."""
    if worker is not None:
        return rows.worker_name(worker)
    if not job.wid:
        return t("fetched by a client that is not a worker", locale)
    return t("its worker has disconnected", locale)

"""Running jobs under the workers that run them, and those whose worker is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.model.server import Worker, WorkerState
from glasshouse.web import format as fmt
from glasshouse.web import payload, rows
from glasshouse.web.i18n import t
from glasshouse.web.reservations import Reservation, reservation
from glasshouse.web.views import HostGroup, RunRow, WorkerRuns

OPEN = 30
"""With more workers than this, hosts are folded."""

MARKS = {Reservation.NEAR: "ends soon", Reservation.PAST: "reservation over"}
_TYPE = 120


class Running(NamedTuple):
    """The jobs of a page: by the id of the worker that runs them, and the others.

    ``whole`` says that these are all that run.
    """

    by_worker: Mapping[str, tuple[RunRow, ...]]
    apart: tuple[RunRow, ...]
    whole: bool

    def count(self, worker: Worker) -> int:
        """Return how many jobs a worker runs, as of the page where that has all of them."""
        known = len(self.by_worker.get(worker.wid, ()))
        return known if self.whole else max(known, worker.busy)


def grouped(
    page: JobPage, workers: Sequence[Worker], server: str, now: float, seen: float, locale: str
) -> Running:
    """Return the running jobs of a page; ``seen`` is the moment that they are judged at."""
    connected = {worker.wid for worker in workers}
    by_worker: dict[str, list[RunRow]] = defaultdict(list)
    apart: list[RunRow] = []
    for job in page.items:
        there = job.wid is not None and job.wid in connected
        row = _run(job, server, now, seen, locale, there=there)
        if there and job.wid is not None:
            by_worker[job.wid].append(row)
        else:
            apart.append(row)
    return Running(
        {wid: tuple(runs) for wid, runs in by_worker.items()},
        tuple(apart),
        whole=len(page.items) == page.total,
    )


def hosts_of(
    workers: Sequence[Worker], running: Running, now: float, seen: float, locale: str
) -> tuple[HostGroup, ...]:
    """Return workers, ordered by host, under their hosts."""
    unfolded = len(workers) <= OPEN
    return tuple(
        _host(name, list(group), running, now, seen, locale, unfolded=unfolded)
        for name, group in groupby(workers, key=lambda worker: worker.hostname)
    )


def _host(
    name: str,
    workers: list[Worker],
    running: Running,
    now: float,
    seen: float,
    locale: str,
    *,
    unfolded: bool,
) -> HostGroup:
    silent = sum(rows.is_stale(worker, seen) for worker in workers)
    resting = sum(worker.state is not WorkerState.RUNNING for worker in workers)
    runs = [run for worker in workers for run in running.by_worker.get(worker.wid, ())]
    ending = sum(bool(run.mark) for run in runs)
    memory = [worker.rss_kb for worker in workers if worker.rss_kb is not None]
    return HostGroup(
        row=rows.element_id("host", name),
        name=fmt.display_text(name) or t("host not told", locale),
        unfolded=unfolded,
        workers=tuple(_worker(worker, running, now, seen, locale) for worker in workers),
        count=fmt.counted(len(workers), "1 worker", "{n} workers", locale),
        busy=t("{n} running", locale, n=fmt.number(sum(map(running.count, workers)))),
        memory=fmt.size(sum(map(abs, memory)) * 1024) if any(memory) else "",
        silent=t("{n} silent", locale, n=fmt.number(silent)) if silent else "",
        resting=t("{n} quiet or terminating", locale, n=fmt.number(resting)) if resting else "",
        ending=t("{n} near the end", locale, n=fmt.number(ending)) if ending else "",
    )


def _worker(worker: Worker, running: Running, now: float, seen: float, locale: str) -> WorkerRuns:
    runs = running.by_worker.get(worker.wid, ())
    count = running.count(worker)
    missing = count - len(runs)
    return WorkerRuns(
        worker=rows.worker_row(worker, now, seen, locale),
        idle=not count,
        runs=runs,
        missing=t("{n} more on other pages", locale, n=fmt.number(missing)) if missing > 0 else "",
    )


def _run(
    job: StoredJob, server: str, now: float, seen: float, locale: str, *, there: bool
) -> RunRow:
    mark = MARKS.get(reservation(job, seen), "")
    return RunRow(
        row=rows.row_id(job),
        jid=fmt.display_text(job.jid),
        href=rows.job_href(server, job.jid),
        jobtype=fmt.cut(fmt.display_text(job.jobtype), _TYPE),
        queue=fmt.display_text(job.queue),
        queue_href=rows.queue_href(server, job.queue),
        args=payload.preview(payload.fields(job.payload), job.payload),
        held=_held(job, locale, there=there),
        worker="" if not job.wid else fmt.display_text(job.wid),
        reserved=None if job.reserved_at is None else fmt.moment(job.reserved_at, now, locale),
        expires=None if job.expires_at is None else fmt.moment(job.expires_at, now, locale),
        mark=t(mark, locale) if mark else "",
    )


def _held(job: StoredJob, locale: str, *, there: bool) -> str:
    """Return why a job stands under no worker."""
    if there:
        return ""
    if not job.wid:
        return t("fetched by a client that is no worker", locale)
    return t("its worker is gone", locale)

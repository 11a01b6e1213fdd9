"""From the model to rows of a page: pure functions, one for each kind of row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from glasshouse.floor.snapshot import Sample
from glasshouse.model.finished import FinishedPage
from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.model.server import Queue, Worker
from glasshouse.web import format as fmt
from glasshouse.web import payload
from glasshouse.web.i18n import t
from glasshouse.web.views import Chart, JobRow, Pager, QueueRow, WorkerRow

PER_PAGE = 25
STALE_BEAT = 30.0
_WINDOW = 300.0
_BUCKET = 5.0
_MESSAGE = 240
_SHORTEST = 0.5
_LINE = 2


def queue_href(server: str, queue: str) -> str:
    """Return where a queue is shown; browsers would collapse ``.`` and ``..`` as a segment."""
    if queue in (".", ".."):
        return f"/{server}/queues/?name={queue}"
    return f"/{server}/queues/{fmt.segment(queue)}"


def job_href(server: str, jid: str) -> str:
    """Return where a job is shown."""
    return f"/{server}/jobs/{fmt.segment(jid)}"


def queue_row(queue: Queue, largest: int, server: str, now: float, locale: str) -> QueueRow:
    """Return a queue as a row; ``largest`` is the size of the largest queue beside it."""
    latency = queue.latency(now)
    return QueueRow(
        name=fmt.display_text(queue.name),
        href=queue_href(server, queue.name),
        size=fmt.number(queue.size),
        bar=round(100 * queue.size / largest) if largest else 0,
        oldest=None if queue.oldest_at is None else fmt.moment(queue.oldest_at, now, locale),
        latency="" if latency is None else fmt.duration(latency, locale),
        paused=queue.paused,
    )


def queue_rows(
    queues: Sequence[Queue], server: str, now: float, locale: str
) -> tuple[QueueRow, ...]:
    """Return queues as rows in the given order."""
    largest = max((queue.size for queue in queues), default=0)
    return tuple(queue_row(queue, largest, server, now, locale) for queue in queues)


def worker_row(worker: Worker, now: float, locale: str) -> WorkerRow:
    """Return a worker as a row; it is stale when it has not been heard for 30 s."""
    return WorkerRow(
        wid=fmt.display_text(worker.wid),
        hostname=fmt.display_text(worker.hostname),
        pid=str(worker.pid),
        labels=tuple(fmt.cut(fmt.display_text(label), 40) for label in worker.labels[:8]),
        memory="" if worker.rss_kb is None else fmt.size(max(0, worker.rss_kb) * 1024),
        state=worker.state.value,
        state_label=t("worker " + worker.state.value, locale),
        started=_moment(worker.started_at, now, locale),
        beat=_moment(worker.last_beat, now, locale),
        stale=is_stale(worker, now),
        busy=fmt.number(worker.busy),
    )


def is_stale(worker: Worker, now: float) -> bool:
    """Return whether a worker has not been heard for more than 30 s."""
    return worker.last_beat is not None and now - worker.last_beat > STALE_BEAT


def job_row(job: StoredJob, position: int | None, server: str, now: float, locale: str) -> JobRow:
    """Return a job as a row of any list."""
    members = payload.fields(job.payload)
    failure = payload.value(members.get("failure"))
    facts = failure if isinstance(failure, dict) else {"message": failure}
    return JobRow(
        row=row_id(job),
        position="" if position is None else fmt.number(position),
        jid=fmt.display_text(job.jid),
        href=job_href(server, job.jid),
        jobtype=fmt.cut(fmt.display_text(job.jobtype), 120),
        queue=fmt.display_text(job.queue),
        queue_href=queue_href(server, job.queue),
        args=payload.preview(members, job.payload),
        created=fmt.stored_moment(payload.value(members.get("created_at")), now, locale),
        enqueued=fmt.stored_moment(payload.value(members.get("enqueued_at")), now, locale),
        at=_moment(job.at, now, locale),
        failed=fmt.stored_moment(facts.get("failed_at"), now, locale),
        retries=retries(facts, members, locale),
        errtype=fmt.cut(payload.text_of(facts.get("errtype")), 120),
        message=fmt.cut(payload.text_of(facts.get("message")), _MESSAGE),
        worker="" if job.wid is None else fmt.display_text(job.wid),
        reserved=_moment(job.reserved_at, now, locale),
        expires=_moment(job.expires_at, now, locale),
    )


def retries(facts: dict[str, object], members: dict[str, bytes], locale: str) -> str:
    """Return how often a job was retried, of how many times; the count alone if that is unknown."""
    count, limit = facts.get("retry_count"), payload.value(members.get("retry"))
    if count is None:
        return ""
    text = fmt.cut(payload.text_of(count), 24)
    if isinstance(limit, int) and limit >= 0:
        return t("{n} of {limit}", locale, n=text, limit=fmt.number(limit))
    return text


def job_rows(page: JobPage, server: str, now: float, locale: str) -> tuple[JobRow, ...]:
    """Return a page of a list as rows, numbered through the whole list where that is known."""
    first = page.first
    return tuple(
        job_row(job, None if first is None else first + index, server, now, locale)
        for index, job in enumerate(page.items)
    )


def row_id(job: StoredJob) -> str:
    """Return an id for the row of an entry: the same in each look at a list."""
    entry = f"{job.state} {job.key or job.jid} {job.reserved_at or ''}"
    digest = hashlib.blake2b(entry.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"job-{digest.hexdigest()}"


def pager(
    page: JobPage | FinishedPage, href: str, locale: str, *, further: str | None = None
) -> Pager:
    """Return where ``page`` stands; ``href`` is the list's own path.

    ``further`` is the path for the pages after the first, when it is another.
    """
    beyond = href if further is None else further

    def to(number: int) -> str:
        return href if number == 1 else f"{beyond}{'&' if '?' in beyond else '?'}page={number}"

    first = (page.page - 1) * page.per_page + 1
    last = min(page.total, page.page * page.per_page)
    label = t(
        "{first}–{last} of {total}",
        locale,
        first=fmt.number(first),
        last=fmt.number(last),
        total=fmt.number(page.total),
    )
    later = page.page < page.pages
    return Pager(
        label=label if page.items else "",
        page=page.page,
        pages=page.pages,
        past_end=page.page > page.pages,
        first=to(1) if page.page > 1 else None,
        previous=to(min(page.page - 1, page.pages)) if page.page > 1 else None,
        next=to(page.page + 1) if later else None,
        last=to(page.pages) if later else None,
        last_href=to(page.pages),
    )


def beyond(total: int, shown: int) -> str:
    """Return how many of ``total`` are not on the page; empty when all are."""
    return fmt.number(total - shown) if total > shown else ""


def chart(samples: Sequence[Sample], now: float, locale: str) -> Chart:
    """Return processed and failed jobs per second over the last five minutes."""
    rates = _rates([sample for sample in samples if now - sample.at <= _WINDOW + _BUCKET])
    peak = max((max(done, failed) for _, done, failed in rates), default=0.0)
    top = _ceiling(peak)
    end = samples[-1].at if samples else now
    xs = [max(0.0, 600 - (end - at) * 600 / _WINDOW) for at, _, _ in rates]
    done = [(x, 118 - 112 * row[1] / top) for x, row in zip(xs, rates, strict=True)]
    bad = [(x, 118 - 112 * row[2] / top) for x, row in zip(xs, rates, strict=True)]
    line = _points(done)
    return Chart(
        processed=line,
        area=f"{done[0][0]:.1f},118 {line} {done[-1][0]:.1f},118" if done else "",
        failed=_points(bad),
        top=fmt.rate(top),
        middle=fmt.rate(top / 2),
        processed_now=fmt.rate(rates[-1][1]) if rates else "–",
        failed_now=fmt.rate(rates[-1][2]) if rates else "–",
        span=fmt.duration(_WINDOW, locale),
        empty=len(rates) < _LINE,
    )


def _rates(samples: Sequence[Sample]) -> list[tuple[float, float, float]]:
    """Return (time, processed per second, failed per second), averaged over about 5 s.

    A total that shrinks (the server was flushed or started anew) counts as 0.
    """
    rates: list[tuple[float, float, float]] = []
    if not samples:
        return rates
    before = samples[0]
    for sample in samples[1:]:
        span = sample.at - before.at
        if span < _BUCKET and sample is not samples[-1]:
            continue
        if span >= _SHORTEST:
            done = max(0, sample.processed - before.processed) / span
            rates.append((sample.at, done, max(0, sample.failures - before.failures) / span))
        before = sample
    return rates


def _ceiling(peak: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, 50 … at or above ``peak``."""
    step = 1.0
    while True:
        for factor in (1, 2, 5):
            if peak <= step * factor:
                return step * factor
        step *= 10


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _moment(at: float | None, now: float, locale: str) -> fmt.Moment | None:
    return None if at is None else fmt.moment(at, now, locale)

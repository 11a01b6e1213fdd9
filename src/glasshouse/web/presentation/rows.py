"""From the model to the rows of a page: pure functions, one for each kind of row."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence, Sized
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from glasshouse.health.rates import is_stale
from glasshouse.model import addresses
from glasshouse.model.addresses import job_href, queue_href
from glasshouse.model.job import StoredJob
from glasshouse.model.listing import JobPage
from glasshouse.model.server import Queue, Worker
from glasshouse.monitor.snapshot import Snapshot
from glasshouse.web.presentation import payload
from glasshouse.web.presentation.views import ActBar, FailureRow, JobRow, Pager, QueueRow, WorkerRow
from glasshouse.web.shapes import unreadable
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import t

Row = TypeVar("Row", JobRow, FailureRow)

PER_PAGE = 25
_MESSAGE = 240
_WHOLE = 10


class QueueTotals(NamedTuple):
    """What a queue's row shows in addition to its own data: totals of all queues."""

    total: int
    growth: Callable[[Queue], float | None]

    @classmethod
    def of(cls, snapshot: Snapshot) -> QueueTotals:
        """Return the totals for the queues of a server."""
        queues = () if snapshot.state is None else snapshot.state.queues
        return cls(sum(queue.size for queue in queues), snapshot.growth)


def jid_text(jid: str) -> str:
    """Return an id for a row: in full, so that it can be copied, if its job has a page."""
    return fmt.display_text(jid) if addresses.addressable(jid) else fmt.name(jid)


BarOf = Callable[[Queue], ActBar | None]


def _nothing(_queue: Queue) -> None:
    return None


def queue_row(
    queue: Queue, among: QueueTotals, server: str, now: float, locale: str, act: BarOf = _nothing
) -> QueueRow:
    """Return a queue as a row; ``among`` are the totals of the queues it is compared with."""
    latency = queue.latency(now)
    growth = among.growth(queue)
    return QueueRow(
        row=element_id("q", queue.name),
        name=fmt.name(queue.name),
        href=queue_href(server, queue.name),
        size=fmt.number(queue.size, locale),
        bar=_part(queue.size, among.total),
        oldest=None if queue.oldest_at is None else fmt.moment(queue.oldest_at, now, locale),
        latency="" if latency is None else fmt.duration(latency, locale),
        growth="" if growth is None else t("{n}/min", locale, n=signed(growth, locale)),
        share=share(queue.size, among.total),
        paused=queue.paused,
        act=act(queue),
    )


def queue_rows(
    queues: Sequence[Queue],
    snapshot: Snapshot,
    server: str,
    now: float,
    locale: str,
    act: BarOf = _nothing,
) -> tuple[QueueRow, ...]:
    """Return some of a server's queues as rows in the given order, with what may be done there."""
    among = QueueTotals.of(snapshot)
    return tuple(queue_row(queue, among, server, now, locale, act) for queue in queues)


def share(part: int, total: int) -> str:
    """Return a part of a total in percent; a nonzero part is never shown as zero."""
    if not part or not total:
        return "0 %"
    percent = 100 * part / total
    return "< 1 %" if percent < 1 else f"{percent:.0f} %"


def _part(part: int, total: int) -> int:
    """Return a part of a total in percent for a bar; a nonzero part is always visible."""
    return max(1, round(100 * part / total)) if part and total else 0


def signed(value: float, locale: str) -> str:
    """Return a change with its sign and with as many digits as are useful."""
    text = f"{abs(value):,.0f}" if abs(value) >= _WHOLE else f"{abs(value):.1f}"
    if not text.strip("0."):
        return "0"
    return f"{'+' if value > 0 else '−'}{fmt.separated(text, locale)}"


def worker_row(worker: Worker, now: float, seen: float, locale: str) -> WorkerRow:
    """Return a worker as a row; it is stale if it was not heard from for 30 s before ``seen``."""
    return WorkerRow(
        row=element_id("w", worker.wid),
        wid=fmt.name(worker.wid),
        hostname=fmt.name(worker.hostname),
        pid="" if worker.pid is None else str(worker.pid),
        labels=tuple(fmt.cut(fmt.display_text(label), 40) for label in worker.labels[:8]),
        memory=fmt.size(worker.rss_kb * 1024, locale)
        if worker.rss_kb and worker.rss_kb > 0
        else "",
        state=worker.state.value,
        state_label=t("worker " + worker.state.value, locale),
        started=_moment(worker.started_at, now, locale),
        beat=_moment(worker.last_beat, now, locale),
        stale=is_stale(worker, seen),
        busy=fmt.number(worker.busy, locale),
    )


def worker_name(worker: Worker) -> str:
    """Return the host and process of a worker as far as it reported them, else its id."""
    whole = worker.hostname and worker.pid is not None
    name = f"{worker.hostname} · {worker.pid}" if whole else worker.hostname or worker.wid
    return fmt.name(name)


def job_row(job: StoredJob, position: int | None, server: str, now: float, locale: str) -> JobRow:
    """Return a job as a row of any list."""
    return unreadable.shown(lambda one: _job_row(one, position, server, now, locale), job, locale)


def _job_row(job: StoredJob, position: int | None, server: str, now: float, locale: str) -> JobRow:
    members = payload.fields(job.payload)
    facts = payload.failure_of(members)
    return JobRow(
        row=row_id(job),
        position="" if position is None else fmt.number(position, locale),
        jid=jid_text(job.jid),
        href=job_href(server, job.jid),
        jobtype=fmt.cut(fmt.display_text(job.jobtype), 120),
        queue=fmt.name(job.queue),
        queue_href=queue_href(server, job.queue),
        args=payload.preview(members, job, locale),
        created=fmt.stored_moment(payload.value(members.get("created_at")), now, locale),
        enqueued=fmt.stored_moment(payload.value(members.get("enqueued_at")), now, locale),
        at=_moment(job.at, now, locale),
        failed=fmt.stored_moment(facts.get("failed_at"), now, locale),
        retries=retries(facts, members, locale),
        errtype=fmt.cut(payload.text_of(facts.get("errtype")), 120),
        message=fmt.cut(payload.message_of(facts), _MESSAGE),
        worker="" if job.wid is None else fmt.name(job.wid),
        reserved=_moment(job.reserved_at, now, locale),
        expires=_moment(job.expires_at, now, locale),
        pick=_pick(job),
    )


def _pick(job: StoredJob) -> str:
    """Return the name of an entry in an operation request, if a form can send it unchanged."""
    name = job.key or job.jid
    return name if fmt.sendable(name) else ""


def retries(facts: dict[str, object], members: dict[str, bytes], locale: str) -> str:
    """Return a job's retry count out of its limit; the count alone if the limit is unknown."""
    count, limit = facts.get("retry_count"), payload.value(members.get("retry"))
    if count is None:
        return ""
    text = fmt.cut(payload.text_of(count), 24)
    if isinstance(limit, int) and limit >= 0:
        return t("{n} of {limit}", locale, n=text, limit=fmt.number(limit, locale))
    return text


def job_rows(page: JobPage, server: str, now: float, locale: str) -> tuple[JobRow, ...]:
    """Return a page of a list as rows, numbered by position in the whole list if that is known."""
    first = page.first
    return distinct(
        job_row(job, None if first is None else first + index, server, now, locale)
        for index, job in enumerate(page.items)
    )


def distinct(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return rows with unique ids: a server may not distinguish two entries with one id."""
    seen: Counter[str] = Counter()
    result: list[Row] = []
    for row in rows:
        seen[row.row] += 1
        again = seen[row.row]
        result.append(row if again == 1 else msgspec.structs.replace(row, row=f"{row.row}-{again}"))
    return tuple(result)


def row_id(job: StoredJob) -> str:
    """Return an id for the row of an entry: the same in each read of a list."""
    return element_id("job", f"{job.state} {job.key or job.jid} {job.reserved_at or ''}")


def element_id(kind: str, name: str) -> str:
    """Return an id for something with this name, whatever the name contains."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8)
    return f"{kind}-{digest.hexdigest()}"


class PageBounds(Protocol):
    """What the steps of a list need to know about a page."""

    @property
    def items(self) -> Sized:
        """What is on the page."""

    @property
    def total(self) -> int:
        """How many items the list has."""

    @property
    def page(self) -> int:
        """Its number, from 1."""

    @property
    def per_page(self) -> int:
        """How many items a page holds."""

    @property
    def pages(self) -> int:
        """How many pages there are."""


def pager(page: PageBounds, href: str, locale: str, *, further: str | None = None) -> Pager:
    """Return the position of ``page``; ``href`` is the list's own path.

    ``further`` is the path for the pages after the first, if it differs.
    """
    beyond = href if further is None else further

    def to(number: int) -> str:
        return href if number == 1 else f"{beyond}{'&' if '?' in beyond else '?'}page={number}"

    first = (page.page - 1) * page.per_page + 1
    last = min(page.total, page.page * page.per_page)
    label = t(
        "{first}–{last} of {total}",
        locale,
        first=fmt.number(first, locale),
        last=fmt.number(last, locale),
        total=fmt.number(page.total, locale),
    )
    later = page.page < page.pages
    return Pager(
        label=label if len(page.items) else "",
        page=page.page,
        pages=page.pages,
        past_end=page.page > page.pages,
        first=to(1) if page.page > 1 else None,
        previous=to(min(page.page - 1, page.pages)) if page.page > 1 else None,
        next=to(page.page + 1) if later else None,
        last=to(page.pages) if later else None,
        last_href=to(page.pages),
    )


def beyond(total: int, shown: int, locale: str) -> str:
    """Return how many of ``total`` are not on the page; empty when all are."""
    return fmt.number(total - shown, locale) if total > shown else ""


def _moment(at: float | None, now: float, locale: str) -> fmt.Moment | None:
    return None if at is None else fmt.moment(at, now, locale)

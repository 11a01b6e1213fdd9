"""What a person should look at first, in plain words and in order of weight."""

from __future__ import annotations

from collections.abc import Iterator

from glasshouse.model.server import Queue, ServerState, WorkerState
from glasshouse.web import format as fmt
from glasshouse.web.i18n import t
from glasshouse.web.rows import is_stale, queue_href
from glasshouse.web.views import Attention

SLOW = 60.0
_MOST = 8


def attention(server: str, state: ServerState, now: float, locale: str) -> tuple[Attention, ...]:
    """Return at most eight findings, the gravest first; empty when all is well."""
    found = [
        *_workers(server, state, now, locale),
        *_queues(server, state, now, locale),
        *_dead(server, state, locale),
    ]
    found.sort(key=lambda item: item.tone != "bad")
    if len(found) <= _MOST:
        return tuple(found)
    more = t("and {n} more", locale, n=fmt.number(len(found) - _MOST + 1))
    return (
        *found[: _MOST - 1],
        Attention(text=more, href=f"/{server}/queues", tone="warn"),
    )


def _queues(server: str, state: ServerState, now: float, locale: str) -> Iterator[Attention]:
    for queue in sorted(state.queues, key=lambda queue: -queue.size):
        finding = _queue(queue, now, locale)
        if finding is not None:
            yield Attention(text=finding, href=queue_href(server, queue.name), tone="warn")


def _queue(queue: Queue, now: float, locale: str) -> str | None:
    if not queue.size:
        return None
    name, count = fmt.cut(fmt.display_text(queue.name), 60), fmt.number(queue.size)
    if queue.paused:
        return t("Queue {name} is paused with {count} waiting.", locale, name=name, count=count)
    latency = queue.latency(now)
    if latency is not None and latency > SLOW:
        age = fmt.duration(latency, locale)
        return t("Queue {name} is slow: its next job has waited {age}.", locale, name=name, age=age)
    return None


def _workers(server: str, state: ServerState, now: float, locale: str) -> Iterator[Attention]:
    if state.workers is None:
        return
    running = [worker for worker in state.workers if worker.state is WorkerState.RUNNING]
    if not running and state.enqueued:
        text = t("No worker is running; jobs waiting: {count}.", locale, count=_n(state.enqueued))
        yield Attention(text=text, href=f"/{server}/busy", tone="bad")
    for worker in state.workers:
        if is_stale(worker, now) and worker.last_beat is not None:
            text = t(
                "Worker {name} has not been heard for {age}.",
                locale,
                name=fmt.cut(fmt.display_text(worker.hostname or worker.wid), 60),
                age=fmt.duration(now - worker.last_beat, locale),
            )
            yield Attention(text=text, href=f"/{server}/busy", tone="warn")


def _dead(server: str, state: ServerState, locale: str) -> Iterator[Attention]:
    if state.sets.dead:
        text = t("Dead jobs that will not run again: {count}.", locale, count=_n(state.sets.dead))
        yield Attention(text=text, href=f"/{server}/dead", tone="warn")


def _n(value: int) -> str:
    return fmt.number(value)

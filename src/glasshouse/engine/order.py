"""The order of a queue when jobs are taken out of it and put back where they were."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable

from glasshouse.engine.batch import Row
from glasshouse.engine.memory import ENQUEUED, Memory


def merged(ids: list[int], rows: Iterable[Row], score: Callable[[int], float]) -> list[int]:
    """Return the numbers of a queue merged with those of ``rows``, all by score.

    ``rows`` are in the order of their scores. No two jobs of a queue have the same score: a
    job that would gets one just before. ``score`` returns that of a number; called for few.
    """
    order: list[int] = []
    done, last = 0, -math.inf
    for row in rows:
        place = bisect_left(ids, row.score, lo=done, key=score)
        order += ids[done:place]
        if place < len(ids) and score(ids[place]) == row.score:
            before = score(ids[place - 1]) if place else row.score - 2
            row.score = (max(before, last) + row.score) / 2
        order.append(row.id)
        done, last = place, row.score
    return order + ids[done:]


def pull(memory: Memory, name: str, numbers: set[int]) -> set[int]:
    """Take jobs off a queue; return those that were there, which the caller moves or drops."""
    queue = memory.queues.get(name)
    if queue is None:
        return set()
    ids, off = queue.ids, set[int]()
    # Usually they are its head, in order.
    while ids and ids[0] in numbers:
        off.add(ids.popleft())
    if len(off) < len(numbers):
        off.update(numbers.intersection(ids))
        queue.ids = deque(job_id for job_id in ids if job_id not in off)
    for job_id in off:
        memory.cache.forget(job_id)
    memory.late.queues.add(name)
    return off


def put_back(memory: Memory, rows: Iterable[Row]) -> None:
    """Restore deleted jobs to where they were: in a set, or by score in a queue."""
    waiting: dict[str, list[Row]] = {}
    for row in rows:
        if row.state == ENQUEUED:
            waiting.setdefault(row.queue, []).append(row)
        else:
            memory.sizes[row.state] += 1
            memory.touch(row)
    for name, found in waiting.items():
        queue = memory.queue(name)
        found.sort(key=lambda row: row.score)
        queue.ids = deque(merged(list(queue.ids), found, lambda number: _score(memory, number)))
        memory.late.queues.add(name)
        for row in found:
            memory.touch(row)


def before_all(memory: Memory, rows: list[Row]) -> list[Row]:
    """Return jobs set to wait ahead of all others in their queues, in the order given."""
    heads: dict[str, float] = {}
    for row in reversed(rows):
        ids = memory.queue(row.queue).ids
        head = heads.get(row.queue, _score(memory, ids[0]) if ids else 0.0)
        heads[row.queue] = row.score = head - 1
        row.state = ENQUEUED
    return rows


def _score(memory: Memory, number: int) -> float:
    row = memory.row(number)
    return -math.inf if row is None else row.score

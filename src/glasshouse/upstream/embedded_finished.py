"""Reads the embedded server's finished log: pages, executions of one id, times per type.

Entries have consecutive ids that grow with time, so a page is found by arithmetic however far
down it is. A filter examines the newest ``SEARCHED`` entries, the times the newest ``TIMED``: no
read grows with the log.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import apsw

from glasshouse.engine.schema import OUTCOME_NUMBERS, OUTCOMES
from glasshouse.model import name_patterns
from glasshouse.model.finished import (
    Executions,
    FinishedFilter,
    FinishedJob,
    FinishedPage,
    TimesTable,
    TypeTimes,
)
from glasshouse.model.job import Outcome
from glasshouse.wire.echoes import read

SEARCHED = 250_000
TIMED = 20_000
EXECUTIONS = 100
TYPES = 200
_MOST_NAMES = 10_000
_COLUMNS = (
    "id, jid, jobtype, queue, wid, enqueued_at, reserved_at, finished_at, outcome, errtype, echoes"
)
_DONE = OUTCOME_NUMBERS[Outcome.DONE]


class Span(NamedTuple):
    """The parts of an entry from which times are computed."""

    jobtype: str
    outcome: int
    enqueued_at: float | None
    reserved_at: float
    finished_at: float


def page_of(
    db: apsw.Connection, wanted: FinishedFilter, page: int, per_page: int, *, now: float
) -> FinishedPage:
    """Return one page of what ``wanted`` selects."""
    low, high = _ids(db)
    newest = high if wanted.until is None else max(low - 1, min(wanted.until, high))
    if wanted.at is not None:
        newest = _ended_by(db, wanted.at, low, newest)
    held = high - low + 1
    before = (page - 1) * per_page
    if not wanted.selects:
        top = newest - before
        items = _rows(db, "id <= ? AND id > ? ORDER BY id DESC", (top, top - per_page))
        total = searched = newest - low + 1
    else:
        condition, values = _condition(db, wanted, newest)
        count = f"SELECT count(*) FROM (SELECT 1 FROM finished WHERE {condition} LIMIT ?)"
        total = int(db.execute(count, (*values, SEARCHED)).get)
        items = _rows(
            db,
            f"{condition} ORDER BY id DESC LIMIT ? OFFSET ?",
            (*values, per_page, min(before, total)),
        )
        searched = held if wanted.jid is not None else min(SEARCHED, newest - low + 1)
    return FinishedPage(
        items=items,
        total=total,
        held=held,
        newer=high - newest,
        searched=searched,
        newest=newest,
        page=page,
        per_page=per_page,
        read_at=now,
    )


def executions_of(db: apsw.Connection, jid: str, *, now: float) -> Executions:
    """Return the newest executions of one id."""
    rows = _rows(db, "jid = ? ORDER BY id DESC LIMIT ?", (jid, EXECUTIONS + 1))
    return Executions(items=rows[:EXECUTIONS], more=len(rows) > EXECUTIONS, read_at=now)


def times_of(db: apsw.Connection, *, now: float) -> TimesTable:
    """Return the times per type over the newest ``TIMED`` entries."""
    low, high = _ids(db)
    selected = db.execute(
        "SELECT jobtype, outcome, enqueued_at, reserved_at, finished_at FROM finished"
        " WHERE id > ? ORDER BY id DESC",
        (high - TIMED,),
    )
    spans = [Span(*row) for row in selected]
    by_type: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_type[span.jobtype].append(span)
    ordered = sorted(by_type.items(), key=lambda item: (-len(item[1]), item[0]))
    return TimesTable(
        types=tuple(_times(jobtype, rows) for jobtype, rows in ordered[:TYPES]),
        type_count=len(by_type),
        executions=len(spans),
        held=high - low + 1,
        first_at=spans[-1].finished_at if spans else None,
        last_at=spans[0].finished_at if spans else None,
        read_at=now,
    )


def _times(jobtype: str, rows: Sequence[Span]) -> TypeTimes:
    waits = sorted(
        max(0.0, row.reserved_at - row.enqueued_at) for row in rows if row.enqueued_at is not None
    )
    runs = sorted(max(0.0, row.finished_at - row.reserved_at) for row in rows)
    return TypeTimes(
        jobtype=jobtype,
        count=len(rows),
        failed=sum(row.outcome != _DONE for row in rows),
        wait_median=_rank(waits, 0.5) if waits else None,
        wait_p95=_rank(waits, 0.95) if waits else None,
        run_median=_rank(runs, 0.5),
        run_p95=_rank(runs, 0.95),
        run_most=runs[-1],
    )


def _rank(ordered: Sequence[float], share: float) -> float:
    """Return the nearest-rank quantile of ordered values."""
    return ordered[math.ceil(share * len(ordered)) - 1]


def _ids(db: apsw.Connection) -> tuple[int, int]:
    # Queried separately, each is one step of the index; together they are a scan.
    low = db.execute("SELECT coalesce(min(id), 1) FROM finished").get
    high = db.execute("SELECT coalesce(max(id), 0) FROM finished").get
    return int(low), int(high)


def _ended_by(db: apsw.Connection, at: float, low: int, high: int) -> int:
    """Return the id of the newest entry up to ``high`` that ended by ``at``; one below all if none.

    Entries are logged in the order of their ends, so it is found by bisection.
    """
    while low <= high:
        middle = (low + high) // 2
        ended = db.execute("SELECT finished_at FROM finished WHERE id = ?", (middle,)).get
        if ended is not None and ended > at:
            high = middle - 1
        else:
            low = middle + 1
    return high


def _condition(
    db: apsw.Connection, wanted: FinishedFilter, newest: int
) -> tuple[str, tuple[str | int, ...]]:
    """Return the WHERE clause of a filter; entries of one id have their own index."""
    terms: list[str] = ["id <= ?"]
    bound: list[str | int] = [newest]
    if wanted.jid is None:
        terms.append("id > ?")
        bound.append(newest - SEARCHED)
    else:
        terms.append("jid = ?")
        bound.append(wanted.jid)
    conditions: list[str] = []
    values: list[str | int] = []
    for column, value in (("jobtype", wanted.jobtype), ("queue", wanted.queue)):
        if value is not None:
            conditions.append(f"{column} = ?")
            values.append(value)
    if wanted.error is not None:
        holds = "instr(lower(errtype), lower(?))"
        # Types that may reveal something hidden are not even examined.
        conditions.append(f"CASE WHEN echoes = '[]' THEN {holds} END" if wanted.guarded else holds)
        values.append(wanted.error)
    if wanted.outcomes:
        conditions.append(f"outcome IN ({', '.join('?' * len(wanted.outcomes))})")
        values += [OUTCOME_NUMBERS[outcome] for outcome in wanted.outcomes]
    if wanted.shown is not None:
        _let_sqlite_ask(db, wanted.shown)
        # CASE keeps SQLite from comparing any part of entries that may not be seen.
        conditions = [
            f"CASE WHEN is_shown(queue) THEN {' AND '.join(conditions) or '1'} ELSE 0 END"
        ]
    return " AND ".join(terms + conditions), (*bound, *values)


class _Shown(dict[str, bool]):
    """Whether a name matches one of some globs; the log has few names, each with many entries."""

    def __init__(self, shown: tuple[str, ...]) -> None:
        super().__init__()
        self._shown = shown

    def __missing__(self, name: str) -> bool:
        if len(self) >= _MOST_NAMES:
            self.clear()
        allowed = self[name] = name_patterns.within(self._shown, name)
        return allowed


def _let_sqlite_ask(db: apsw.Connection, shown: tuple[str, ...]) -> None:
    """Register ``is_shown(name)``: SQLite's own patterns differ from those of rules."""
    known = _Shown(shown)

    def is_shown(*names: object) -> bool:
        return known[str(names[0])]

    db.create_scalar_function("is_shown", is_shown, 1, deterministic=True)


def _rows(
    db: apsw.Connection, where: str, values: tuple[str | int, ...]
) -> tuple[FinishedJob, ...]:
    rows = db.execute(f"SELECT {_COLUMNS} FROM finished WHERE {where}", values)
    return tuple(_entry(*row) for row in rows)


def _entry(
    number: int,
    jid: str,
    jobtype: str,
    queue: str,
    wid: str | None,
    enqueued_at: float | None,
    reserved_at: float,
    finished_at: float,
    outcome: int,
    errtype: str | None,
    echoes: str | None,
) -> FinishedJob:
    return FinishedJob(
        id=number,
        jid=jid,
        jobtype=jobtype,
        queue=queue,
        wid=wid or "",
        enqueued_at=enqueued_at,
        reserved_at=reserved_at,
        finished_at=finished_at,
        outcome=OUTCOMES[outcome],
        errtype=errtype,
        echoes=read(echoes),
    )

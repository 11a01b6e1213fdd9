"""Lists of the embedded server, one page at a time, suited to a million jobs as well as to 25.

A page's keys (score and number of each entry) are found first, using only the list's index and
from the nearer end; only then are the rows of the page read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.listing import Entries, JobPage, ListPosition, ListQuery
from glasshouse.model.times import name_time

COLUMNS = "id, state, score, queue, jid, jobtype, wid, reserved_at, payload"
_HALVINGS = 64
_ENTRIES = 100
_MOST_DIGITS = 18
# If very many entries share an id, only some are read, and all of them get their numbers.
_TWINS = (
    "SELECT a.id FROM job AS a WHERE ("
    "SELECT count(*) = 100 OR total(state = a.state AND score = a.score) > 1"
    " FROM (SELECT state, score FROM job WHERE jid = a.jid LIMIT 100))"
)

Key = tuple[float, int]
"""Score and number of an entry."""


class ListScope(NamedTuple):
    """One list: its entries' condition, its size, its order, and whether the highest is first."""

    where: str
    values: tuple[int | str, ...]
    total: int
    order: tuple[str, ...] = ("score", "id")
    descending: bool = False

    @property
    def ordered(self) -> str:
        """The ORDER BY terms."""
        return ", ".join(
            f"{column} {'DESC' if self.descending else 'ASC'}" for column in self.order
        )

    def turned(self, *, backwards: bool) -> ListScope:
        """Return the list, reversed if requested."""
        return self._replace(descending=self.descending != backwards)


def set_scope(db: apsw.Connection, state: JobState) -> ListScope:
    """Return the list of one state: dead newest first, the others soonest first."""
    number = schema.STATE_NUMBERS[state]
    # state > 1 is the condition of the index that holds these.
    return ListScope(
        "state = ? AND state > 1",
        (number,),
        size_of(db, number),
        descending=state is JobState.DEAD,
    )


def queue_scope(db: apsw.Connection, name: str) -> ListScope | None:
    """Return the list of one queue, next to run first; ``None`` when there is no such queue."""
    row = db.execute("SELECT size FROM queue WHERE name = ?", (name,)).fetchone()
    if row is None:
        return None
    # In a queue no two scores are equal, and its index has no number to continue by.
    return ListScope("state = 1 AND queue = ?", (name,), row[0], ("score",))


def size_of(db: apsw.Connection, state: int) -> int:
    """Return how many jobs are in a state."""
    query = "SELECT coalesce((SELECT value FROM tally WHERE name = ?), 0)"
    return int(db.execute(query, (f"size:{state}",)).get)


def page_of(db: apsw.Connection, scope: ListScope, query: ListQuery, *, now: float) -> JobPage:
    """Return the page that ``query`` requests, ignoring its search conditions."""
    scope = scope.turned(backwards=query.backwards)
    start = query.start if query.at is None else place_at(db, scope, query.at)
    if start is None:
        offset = (query.page - 1) * query.per_page
        lead = min(offset, query.per_page)
        keys = _numbered(db, scope, offset - lead, lead + query.per_page + 1)
        before, here = keys[:lead], keys[lead:]
        first = offset + 1
    else:
        before = keys_beside(db, scope, start, query.per_page, backwards=True)
        here = keys_beside(db, scope, start, query.per_page + 1)
        first = _rank(db, scope, start, hint=query.page * query.per_page) + 1
    shown, beyond = here[: query.per_page], here[query.per_page :]
    return JobPage(
        items=tuple(rows_of(db, shown)),
        total=scope.total,
        page=query.page if start is None else -(-first // query.per_page),
        per_page=query.per_page,
        read_at=now,
        first=first,
        previous=ListPosition(*before[0]) if before and shown else None,
        next=ListPosition(*beyond[0]) if beyond else None,
    )


def keys_beside(
    db: apsw.Connection,
    scope: ListScope,
    start: ListPosition,
    count: int,
    *,
    backwards: bool = False,
) -> list[Key]:
    """Return up to ``count`` keys starting at ``start``, or before it, in the list's order."""
    condition, values = side(scope, start, before=backwards)
    scope = scope.turned(backwards=backwards)
    rows = db.execute(
        f"SELECT score, id FROM job WHERE {scope.where} AND {condition}"
        f" ORDER BY {scope.ordered} LIMIT ?",
        (*scope.values, *values, count),
    )
    keys: list[Key] = list(rows)
    return keys[::-1] if backwards else keys


def head(db: apsw.Connection, scope: ListScope, count: int) -> list[Key]:
    """Return the first ``count`` keys of the list."""
    return _walk(db, scope, 0, count)


def rows_of(db: apsw.Connection, keys: Sequence[Key]) -> list[StoredJob]:
    """Return the jobs with these keys, in their order, each with a key that is unique."""
    rows = numbered_rows(db, keys)
    return told_apart(db, [(number, rows[number]) for _, number in keys if number in rows])


def told_apart(db: apsw.Connection, numbered: Sequence[tuple[int, StoredJob]]) -> list[StoredJob]:
    """Return jobs, given with their numbers, with keys that name exactly one entry each.

    Entries of one set may have the same time and the same id: only then do keys contain the
    entries' numbers.
    """
    numbers = [number for number, job in numbered if job.at is not None]
    marks = ", ".join("?" * len(numbers))
    same_ids = db.execute(f"{_TWINS} AND a.id IN ({marks})", numbers) if numbers else ()
    twins = {number for (number,) in same_ids}
    return [
        msgspec.structs.replace(job, key=with_number(job.key, number))
        if number in twins and job.key is not None
        else job
        for number, job in numbered
    ]


def with_number(key: str, number: int) -> str:
    """Return the key of a set's entry with the number that distinguishes it from its twins."""
    moment, _, jid = key.partition("|")
    return f"{moment}#{number}|{jid}"


def number_in(key: str) -> tuple[str, int | None]:
    """Return a key without its number, and that number, if there is one."""
    moment, bar, jid = key.partition("|")
    moment, _, number = moment.partition("#")
    plain = number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS
    return f"{moment}{bar}{jid}", int(number) if plain else None


def numbered_rows(db: apsw.Connection, keys: Sequence[Key]) -> dict[int, StoredJob]:
    """Return the jobs with these keys, by number; those that are gone are left out."""
    numbers = [number for _, number in keys]
    marks = ", ".join("?" * len(numbers))
    return {
        row[0]: stored(*row[1:])
        for row in db.execute(f"SELECT {COLUMNS} FROM job WHERE id IN ({marks})", numbers)
    }


def entries_of(db: apsw.Connection, jid: str) -> Entries:
    """Return the entries with one id, oldest first."""
    total = int(db.execute("SELECT count(*) FROM job WHERE jid = ?", (jid,)).get)
    rows = db.execute(
        f"SELECT {COLUMNS} FROM job WHERE jid = ? ORDER BY id LIMIT ?", (jid, _ENTRIES)
    )
    return Entries(tuple(told_apart(db, [(row[0], stored(*row[1:])) for row in rows])), total)


def stored(
    number: int,
    score: float,
    queue: str,
    jid: str,
    jobtype: str,
    wid: str | None,
    reserved_at: float | None,
    payload: bytes | str,
) -> StoredJob:
    """Return a row as a job; ``number`` is that of its state.

    Whatever SQLite can hold in its columns is accepted: one odd row does not break a list.
    """
    state = schema.STATES[number]
    in_set = state in {JobState.SCHEDULED, JobState.RETRIES, JobState.DEAD}
    return StoredJob(
        state=state,
        jid=jid,
        jobtype=jobtype,
        queue=queue,
        payload=payload if isinstance(payload, bytes) else payload.encode(),
        key=_key(state, score, jid, in_set=in_set),
        at=score if in_set else None,
        wid=wid,
        reserved_at=reserved_at,
        expires_at=score if state is JobState.WORKING else None,
    )


def _key(state: JobState, score: float, jid: str, *, in_set: bool) -> str | None:
    """Return an entry's unique name: its time in a set, its place in a queue."""
    if state is JobState.ENQUEUED:
        return f"{repr(score).removesuffix('.0')}|{jid}"
    return f"{name_time(score)}|{jid}" if in_set else None


def _numbered(db: apsw.Connection, scope: ListScope, offset: int, count: int) -> list[Key]:
    """Return ``count`` keys from a position on, walking from the nearer end of the list."""
    far = scope.total - offset - count
    if 0 <= far < offset:
        return _walk(db, scope.turned(backwards=True), far, count)[::-1]
    if far < 0 and scope.total - offset < offset:
        # The list ends within or before the page.
        return _walk(db, scope.turned(backwards=True), 0, max(0, scope.total - offset))[::-1]
    return _walk(db, scope, offset, count)


def _walk(db: apsw.Connection, scope: ListScope, offset: int, count: int) -> list[Key]:
    rows = db.execute(
        f"SELECT score, id FROM job WHERE {scope.where} ORDER BY {scope.ordered} LIMIT ? OFFSET ?",
        (*scope.values, count, offset),
    )
    keys: list[Key] = list(rows)
    return keys


def side(
    scope: ListScope, start: ListPosition, *, before: bool
) -> tuple[str, tuple[float | int, ...]]:
    """Return the condition for entries before ``start``, or from it onward."""
    sign = ("<" if scope.descending != before else ">") + ("" if before else "=")
    if start.number is None or len(scope.order) == 1:
        return f"score {sign} ?", (start.score,)
    return f"(score, id) {sign} (?, ?)", (start.score, start.number)


def _rank(db: apsw.Connection, scope: ListScope, start: ListPosition, *, hint: int) -> int:
    """Return how many entries precede ``start``, counted from the end nearer to the hint."""
    near = hint * 2 <= scope.total
    condition, values = side(scope, start, before=near)
    query = f"SELECT count(*) FROM job WHERE {scope.where} AND {condition}"
    count = int(db.execute(query, (*scope.values, *values)).get)
    return count if near else max(0, scope.total - count)


def place_at(db: apsw.Connection, scope: ListScope, at: float) -> ListPosition:
    """Return the place of a time: in a queue, the first entry enqueued then or later."""
    if len(scope.order) > 1:
        return ListPosition(at)
    ends = f"SELECT score FROM job WHERE {scope.where} ORDER BY score"
    low = db.execute(f"{ends} LIMIT 1", scope.values).get
    if low is None:
        return ListPosition(0.0)
    high = db.execute(f"{ends} DESC LIMIT 1", scope.values).get + 1
    probe = (
        f"SELECT score, enqueued_at FROM job WHERE {scope.where} AND score >= ?"
        " ORDER BY score LIMIT 1"
    )
    # Jobs are enqueued in the order of their scores: bisection finds the first one late enough.
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        if not low < high:
            break
        row = db.execute(probe, (*scope.values, middle)).fetchone()
        if row is None or (row[1] or 0.0) >= at:
            high = middle
        else:
            low = max(middle, row[0]) + 1
    return ListPosition(low)

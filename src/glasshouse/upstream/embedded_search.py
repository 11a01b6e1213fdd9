"""Search words over a list of the embedded server, looked for entry by entry within a set time.

SQLite leaves out, off the interpreter's lock, what cannot match; what it lets
through is looked at exactly. First the list is walked in its order: what is
often there is found at once. A set's entries lie anywhere in the file, so when
that takes long the whole file is swept instead, from its beginning to its end.
A search that runs out of time says how far it came and where it can go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import apsw

from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import JobPage, ListQuery, Place, Searched
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.embedded_hunt import Hunt, sweep
from glasshouse.upstream.embedded_lists import Scope
from glasshouse.wire.matching import matches

SECONDS = 1.0
"""How long a walk or a sweep may take."""
_FIRST_LOOK = 0.2
_SAME_ID = 1000


def search(
    db: apsw.Connection,
    scope: Scope,
    query: ListQuery,
    wanted: JobQuery,
    *,
    now: float,
    clock: Callable[[], float] = time.monotonic,
) -> JobPage:
    """Return the entries from the page's start on that match, as many as a page holds."""
    scope = scope.turned(backwards=query.backwards)
    exact = next((jid for jid in wanted.jid if "*" not in jid), None)
    if exact is not None:
        return _by_id(db, scope, query, wanted, exact, now=now)
    start = query.start if query.at is None else lists.place_at(db, scope, query.at)
    hunt = Hunt(db, scope, wanted, query.per_page, clock)
    lies_in_order = len(scope.order) == 1
    following = hunt.walk(start, SECONDS if lies_in_order else _FIRST_LOOK)
    searched = Searched(hunt.looked_at, complete=following is None)
    if following is not None and len(hunt.found) < query.per_page and not lies_in_order:
        swept = sweep(hunt, following, SECONDS)
        if swept is not None:
            following = swept.next
            searched = Searched(scope.total, complete=following is None)
    return JobPage(
        items=tuple(hunt.found),
        total=scope.total,
        page=query.page,
        per_page=query.per_page,
        read_at=now,
        next=following,
        searched=searched,
    )


def _by_id(
    db: apsw.Connection, scope: Scope, query: ListQuery, wanted: JobQuery, jid: str, *, now: float
) -> JobPage:
    """Return the matches among the entries of one id, which have an index of their own."""
    # The plus keeps SQLite from walking the list instead.
    where = scope.where.replace("state", "+state").replace("queue", "+queue")
    found = db.execute(
        f"SELECT {lists.COLUMNS} FROM job WHERE jid = ? AND {where}"
        f" ORDER BY {scope.ordered} LIMIT ?",
        (jid, *scope.values, _SAME_ID + 1),
    )
    rows = [(Place(row[2], row[0]), lists.stored(*row[1:])) for row in found]
    places = [place for place, _ in rows]
    begin = places.index(query.start) if query.start in places else 0
    hits = [(place, job) for place, job in rows[begin:_SAME_ID] if matches(wanted, job)]
    following = hits[query.per_page][0] if len(hits) > query.per_page else None
    return JobPage(
        items=tuple(job for _, job in hits[: query.per_page]),
        total=scope.total,
        page=query.page,
        per_page=query.per_page,
        read_at=now,
        next=following,
        searched=Searched(scope.total, complete=following is None and len(rows) <= _SAME_ID),
    )

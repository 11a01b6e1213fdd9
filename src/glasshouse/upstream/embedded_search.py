"""Searches a list of the embedded server for words, entry by entry within a set time.

SQLite excludes what cannot match, without holding the interpreter's lock; what it lets through
is examined exactly. First the list is walked in its order: frequent matches are found at once.
A set's entries are scattered over the file, so when that takes long the whole file is swept
instead, from beginning to end. A search that runs out of time reports how far it came and
where it can continue.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import apsw

from glasshouse.model.jobquery import JobQuery
from glasshouse.model.listing import JobPage, ListPosition, ListQuery, Searched
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream.deadline import Deadline, DeadlineError
from glasshouse.upstream.embedded_lists import ListScope
from glasshouse.upstream.embedded_prefilter import shown_condition
from glasshouse.upstream.embedded_search_passes import FilePass, ListPass
from glasshouse.wire.matching import matches

SECONDS = 1.0
"""How long a search may take, in seconds."""
_FIRST_LOOK = 0.2
_SAME_ID = 1000


class Search:
    """The matching entries from a page's start on, as many as a page holds.

    It proceeds step by step, each in its own transaction, so that several searches can take turns.
    Entries that come or go meanwhile may be found or not, as between pages.
    """

    def __init__(
        self,
        scope_of: Callable[[apsw.Connection], ListScope],
        query: ListQuery,
        wanted: JobQuery,
        *,
        now: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin now; ``now`` is the page's time of reading (Unix seconds)."""
        self._scope_of = scope_of
        self._query = query
        self._wanted = wanted
        self._now = now
        self._deadline = Deadline(clock, SECONDS)
        self._first_look = self._deadline.part(_FIRST_LOOK)
        self._hunt: ListPass | None = None
        self._sweep: FilePass | None = None
        self._page: JobPage | None = None

    def step(self, db: apsw.Connection) -> JobPage | None:
        """Do a part of the work; return the page once finished."""
        if self._hunt is None:
            scope = self._scope_of(db).turned(backwards=self._query.backwards)
            exact = next((jid for jid in self._wanted.jid if "*" not in jid), None)
            if exact is not None:
                return _by_id(db, scope, self._query, self._wanted, exact, now=self._now)
            self._hunt = self._begun(db, scope)
        hunt = self._hunt
        if self._sweep is None:
            hunt.walk(db)
        elif not self._swept(db, self._sweep):
            return self._told(db, hunt)
        if hunt.ended or hunt.full:
            return self._told(db, hunt)
        if not hunt.looked_at:
            # However little time there is, each search advances by at least one entry.
            return None
        if self._deadline.over():
            return self._told(db, hunt)
        if self._sweep is None and self._is_worth_sweeping(hunt):
            self._sweep = hunt.sweep()
        return None

    def _begun(self, db: apsw.Connection, scope: ListScope) -> ListPass:
        query = self._query
        start = query.start if query.at is None else lists.place_at(db, scope, query.at)
        return ListPass(scope, self._wanted, query.per_page, start, self._deadline)

    def _is_worth_sweeping(self, hunt: ListPass) -> bool:
        in_order = len(hunt.scope.order) == 1
        return not in_order and self._first_look.over() and not hunt.mostly_opened

    def _swept(self, db: apsw.Connection, sweep: FilePass) -> bool:
        """Do a part of the sweep; return whether there was time for it."""
        try:
            sweep.piece(db)
        except DeadlineError:
            return False
        return True

    def _told(self, db: apsw.Connection, hunt: ListPass) -> JobPage:
        complete = hunt.ended and not hunt.skipped
        swept = self._sweep is not None and self._sweep.ended
        looked_at = hunt.scope.total if swept else hunt.looked_at
        return JobPage(
            items=tuple(lists.told_apart(db, hunt.found)),
            total=hunt.scope.total,
            page=self._query.page,
            per_page=self._query.per_page,
            read_at=self._now,
            next=hunt.at,
            searched=Searched(looked_at - hunt.skipped, complete=complete),
        )


def search(
    db: apsw.Connection,
    scope: ListScope,
    query: ListQuery,
    wanted: JobQuery,
    *,
    now: float,
    clock: Callable[[], float] = time.monotonic,
) -> JobPage:
    """Return what a ``Search`` finds, running all its steps at once."""
    going = Search(lambda _: scope, query, wanted, now=now, clock=clock)
    while True:
        page = going.step(db)
        if page is not None:
            return page


def _by_id(
    db: apsw.Connection,
    scope: ListScope,
    query: ListQuery,
    wanted: JobQuery,
    jid: str,
    *,
    now: float,
) -> JobPage:
    """Return the matches among the entries of one id, which have their own index."""
    # The plus sign keeps SQLite from walking the list instead.
    where = scope.where.replace("state", "+state").replace("queue", "+queue")
    shown, globs = shown_condition(wanted.shown) or ("1", ())
    selected = db.execute(
        f"SELECT {lists.COLUMNS} FROM job WHERE jid = ? AND {where} AND ({shown})"
        f" ORDER BY {scope.ordered} LIMIT ?",
        (jid, *scope.values, *globs, _SAME_ID + 1),
    )
    rows = [(ListPosition(row[2], row[0]), row[0], lists.stored(*row[1:])) for row in selected]
    places = [place for place, _, _ in rows]
    begin = places.index(query.start) if query.start in places else 0
    hits = [row for row in rows[begin:_SAME_ID] if matches(wanted, row[2])]
    following = hits[query.per_page][0] if len(hits) > query.per_page else None
    here = [(number, job) for _, number, job in hits[: query.per_page]]
    return JobPage(
        items=tuple(lists.told_apart(db, here)),
        total=scope.total,
        page=query.page,
        per_page=query.per_page,
        read_at=now,
        next=following,
        searched=Searched(scope.total, complete=following is None and len(rows) <= _SAME_ID),
    )

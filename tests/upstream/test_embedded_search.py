"""A search finds exactly what matches, however the payload was written, or says how far it came."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.engine.migrations import MIGRATIONS
from glasshouse.model.job import JobSet, JobState
from glasshouse.model.jobquery import ArgsTerm, JobQuery, parse_query
from glasshouse.model.listing import JobPage, ListPosition, ListQuery, Searched
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream import embedded_search
from glasshouse.upstream.embedded_search import Search, search
from glasshouse.upstream.embedded_search_passes import FilePass
from glasshouse.wire import matching
from glasshouse.wire.matching import WINDOW, matches
from tests.steady import LONG, stated

from .store import NOW, put, storing

TEXTS = st.text(st.sampled_from("aB1_%*\\\"'/<&=: éÉсСss订\U0001f600\n"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
JOBS = st.fixed_dictionaries({
    "jid": TEXTS, "jobtype": TEXTS, "queue": st.just("mail"),
    "args": st.lists(VALUES, max_size=3),
    "failure": st.fixed_dictionaries({"errtype": TEXTS, "message": TEXTS}) | st.none(),
})  # fmt: skip
SOME = st.lists(TEXTS.filter(bool), max_size=1).map(tuple)
QUERIES = st.builds(
    JobQuery, words=SOME, jobtype=SOME, jid=SOME, error=SOME, args=SOME,
    at_path=st.lists(st.builds(ArgsTerm, st.just(("**",)), TEXTS), max_size=1).map(tuple),
)  # fmt: skip
# As Python, JavaScript and Ruby, Go, and PHP write it.
WRITERS = (
    lambda job: json.dumps(job, ensure_ascii=False),
    json.dumps,
    lambda job: json.dumps(job, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026"),
    lambda job: json.dumps(job).replace("/", "\\/"),
)


def memory() -> apsw.Connection:
    db = apsw.Connection(":memory:")
    for step in MIGRATIONS:
        db.execute(step)
    return db


def pages(db: apsw.Connection, wanted: JobQuery, state: JobState) -> Iterator[JobPage]:
    start: ListPosition | None = None
    while True:
        scope = lists.set_scope(db, state)
        if state is JobState.ENQUEUED:
            scope = lists.queue_scope(db, "mail") or scope
        query = ListQuery(start=start, per_page=2)
        page = search(db, scope, query, wanted, now=NOW)
        yield page
        start = page.next
        if start is None:
            break


@given(st.lists(st.tuples(JOBS, st.integers(0, 3)), max_size=8), QUERIES,
       st.sampled_from([JobState.DEAD, JobState.RETRIES, JobState.ENQUEUED]))  # fmt: skip
def test_what_is_found_is_what_matches(
    jobs: list[tuple[dict[str, Any], int]], wanted: JobQuery, state: JobState
) -> None:
    db = memory()
    for number, (job, writer) in enumerate(jobs):
        payload = WRITERS[writer](job).encode()
        put(db, state, float(number), job["jid"], jobtype=job["jobtype"], payload=payload)
    scope = lists.queue_scope(db, "mail") if state is JobState.ENQUEUED else None
    scope = scope or lists.set_scope(db, state)
    everything = lists.page_of(db, scope, ListQuery(per_page=100), now=NOW).items
    found = [job for page in pages(db, wanted, state) for job in page.items]
    assert found == [job for job in everything if matches(wanted, job)]
    db.close()


@pytest.mark.parametrize(
    ("error", "found"),
    [
        ("Oops: card", True), ("oops card REFUSED", True), (": ", True), (":", True), (" ", True),
        ("Oops: refused", False), ("card Oops", False), ("Oops\nOops", False), ("\n", False),
        ("card & refused", False), (" ".join("a" * 2000), False),
    ],
)  # fmt: skip
def test_an_error_is_found_as_it_is_shown(error: str, found: bool) -> None:
    db = memory()
    told = b'"failure":{"errtype":"Oops","message":"card refused"}'
    put(db, JobState.DEAD, 1.0, "job-1", payload=b'{"jid":"job-1","args":[],%b}' % told)
    pieces = pages(db, JobQuery(error=(error,)), JobState.DEAD)
    assert [job.jid for page in pieces for job in page.items] == ["job-1"] * found
    db.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("сервер недоступен", "Сервер недоступен"), ("a & b", "a \\u0026 b"),
        ("1 + 2", "1 \\u002b 2"), ("訂單 失敗", "訂單 失敗"), ("訂單", "\\u8a02\\u55ae"),
        ("strasse", "Straße"), (" ".join("a" * 2000), " ".join("a" * 2000)),
    ],
)  # fmt: skip
def test_a_message_is_found_however_it_was_written(text: str, message: str) -> None:
    db = memory()
    told = f'"failure":{{"errtype":"Oops","message":"{message}"}}'.encode()
    put(db, JobState.DEAD, 1.0, "job-1", payload=b'{"jid":"job-1","args":[],%b}' % told)
    pieces = pages(db, JobQuery(error=(text,)), JobState.DEAD)
    assert [job.jid for page in pieces for job in page.items] == ["job-1"]
    db.close()


@pytest.mark.parametrize("error", [":", " ", ": ", "\n"])
def test_what_never_failed_has_no_error_to_be_found(error: str) -> None:
    db = memory()
    put(db, JobState.DEAD, 1.0, "job-1")
    assert [page.items for page in pages(db, JobQuery(error=(error,)), JobState.DEAD)] == [()]
    db.close()


def test_a_value_with_a_thousand_stars_is_a_search_like_others() -> None:
    db = memory()
    put(db, JobState.DEAD, 1.0, "job-1", args=["a" * 1500])
    wanted = JobQuery(at_path=(ArgsTerm(("**",), "a*" * 1500),))
    pieces = pages(db, wanted, JobState.DEAD)
    assert [job.jid for page in pieces for job in page.items] == ["job-1"]
    db.close()


@pytest.fixture(autouse=True)
def stated_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second, of the clocks that these tests give."""
    monkeypatch.setattr(embedded_search, "SECONDS", stated(embedded_search, "SECONDS"))


class Clock:
    """Moves on by a set span each time it is asked."""

    def __init__(self, step: float) -> None:
        self.now = 0.0
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def needles(db: apsw.Connection, state: JobState, size: int = 3000) -> None:
    for number in range(size):
        args = ["needle"] if number in {5, size - 5} else ["hay"]
        put(db, state, float(number), f"job-{number:05}", args=args)


@pytest.mark.parametrize("state", [JobState.RETRIES, JobState.ENQUEUED])
def test_a_search_that_runs_out_of_time_says_how_far_it_came_and_goes_on_from_there(
    state: JobState,
) -> None:
    db = memory()
    needles(db, state)
    scope = lists.queue_scope(db, "mail") or lists.set_scope(db, state)
    wanted = JobQuery(words=("needle",))
    found: list[str] = []
    looked_at, start, turns = 0, None, 0
    while True:
        page = search(db, scope, ListQuery(start=start), wanted, now=NOW, clock=Clock(0.03))
        assert page.searched is not None
        found += [job.jid for job in page.items]
        looked_at += page.searched.looked_at
        turns += 1
        assert page.searched.complete == (page.next is None)
        if page.next is None:
            break
        start = page.next
    assert found == ["job-00005", "job-02995"]
    assert looked_at == 3000
    assert turns > 2
    db.close()


def test_a_set_that_is_walked_slowly_is_swept_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    db = memory()
    needles(db, JobState.DEAD)
    scope = lists.set_scope(db, JobState.DEAD)
    wanted = JobQuery(words=("needle",))
    swept: list[FilePass] = []
    piece = FilePass.piece

    def counted(self: FilePass, db: apsw.Connection) -> None:
        swept.append(self)
        piece(self, db)

    monkeypatch.setattr(FilePass, "piece", counted)
    page = search(db, scope, ListQuery(), wanted, now=NOW, clock=Clock(0.004))
    assert swept
    assert [job.jid for job in page.items] == ["job-02995", "job-00005"]
    assert page.searched is not None
    assert page.searched.complete
    assert page.searched.looked_at == 3000
    hay = search(
        db, scope, ListQuery(per_page=5), JobQuery(words=("hay",), jid=("*7",)), now=NOW,
        clock=Clock(0.0001),
    )  # fmt: skip
    assert [job.jid for job in hay.items] == [f"job-{n:05}" for n in range(2997, 2947, -10)]
    assert hay.next is not None
    db.close()


@pytest.mark.parametrize("state", [JobState.DEAD, JobState.ENQUEUED])
def test_a_search_is_stopped_in_the_midst_of_a_piece_and_none_of_it_is_lost(
    state: JobState,
) -> None:
    """SQLite is stopped within a statement; what comes behind is looked at by the next search."""
    db = memory()
    needles(db, state, 2000)
    scope = lists.queue_scope(db, "mail") or lists.set_scope(db, state)
    found: list[str] = []
    looked_at, start = 0, None
    while True:
        # Over at every look: each search has only what it takes to go on at all.
        page = search(
            db, scope, ListQuery(start=start), JobQuery(words=("needle",)), now=NOW,
            clock=Clock(2.0),
        )  # fmt: skip
        assert page.searched is not None
        assert page.searched.looked_at > 0
        looked_at += page.searched.looked_at
        found += [job.jid for job in page.items]
        start = page.next
        if start is None:
            break
    assert sorted(found) == ["job-00005", "job-01995"]
    assert looked_at == 2000
    db.close()


class Within:
    """A clock that stands still until something is looked through, window by window."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        plain = matching.plain

        def looked(raw: bytes) -> str:
            self.now += len(raw) / WINDOW / 8
            return plain(raw)

        monkeypatch.setattr(matching, "plain", looked)

    def __call__(self) -> float:
        return self.now


def test_a_search_is_stopped_in_the_midst_of_a_payload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is in the text a needle stands last: to find it takes all of the payload."""
    db = memory()
    long = "x" * 20 * WINDOW + "needle"
    for number, args in enumerate(["needle", long, "hay", "needle"]):
        put(db, JobState.RETRIES, float(number), f"job-{number}", args=[args])
    scope, wanted = lists.set_scope(db, JobState.RETRIES), JobQuery(words=("needle",))
    clock = Within(monkeypatch)
    first = search(db, scope, ListQuery(), wanted, now=NOW, clock=clock)
    assert clock.now < 1.0 + 2 / 8
    assert [job.jid for job in first.items] == ["job-0"]
    assert (first.searched, first.next) == (Searched(1, complete=False), ListPosition(1.0, 2))
    # It alone takes more than there is: it is not said to have been looked at, and not begun anew.
    clock.now = 0.0
    rest = search(db, scope, ListQuery(start=first.next), wanted, now=NOW, clock=clock)
    assert clock.now < 1.0 + 4 / 8
    assert [(job.jid) for job in rest.items] in ([], ["job-3"])
    assert rest.searched is not None
    assert not rest.searched.complete
    jids = [job.jid for job in rest.items]
    while rest.next is not None:
        rest = search(db, scope, ListQuery(start=rest.next), wanted, now=NOW)
        jids += [job.jid for job in rest.items]
    assert jids == ["job-3"]
    db.close()


async def test_a_search_that_nobody_waits_for_ends_with_its_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with storing(tmp_path) as (db, reader):
        with db:
            needles(db, JobState.DEAD, 300)
        steps: list[None] = []
        begun, go_on = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def step(self: Search, db: apsw.Connection) -> None:
            steps.append(None)
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(LONG)

        monkeypatch.setattr(Search, "step", step)
        asking = asyncio.create_task(
            reader.set_jobs(JobSet.DEAD, ListQuery(wanted=JobQuery(words=("x",))))
        )
        await begun.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        go_on.set()
        # Nothing is in the line before this one.
        monkeypatch.undo()
        found = await reader.set_jobs(JobSet.DEAD, ListQuery(wanted=JobQuery(words=("hay",))))
        assert len(found.items) == 25
        assert len(steps) == 1


async def test_two_searches_have_every_other_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with storing(tmp_path) as (db, reader):
        with db:
            needles(db, JobState.DEAD, 50)
        turns: list[str] = []
        real = Search.step

        def step(self: Search, db: apsw.Connection) -> JobPage | None:
            turns.append(self._wanted.words[0])
            return real(self, db) if turns.count(self._wanted.words[0]) > 20 else None

        monkeypatch.setattr(Search, "step", step)
        await asyncio.gather(
            *(reader.set_jobs(JobSet.DEAD, ListQuery(wanted=JobQuery(words=(word,))))
              for word in ("one", "two"))
        )  # fmt: skip
        # From when both have begun until one of them has ended.
        both = turns[turns.index("two") : 20]
        assert len(both) > 10
        assert all(one != other for one, other in itertools.pairwise(both))


async def test_an_id_is_found_at_once_and_only_in_its_list(tmp_path: Path) -> None:
    async with storing(tmp_path) as (db, reader):
        with db:
            needles(db, JobState.DEAD, 300)
            for number in range(60):
                put(db, JobState.RETRIES, float(number), "twin")
            put(db, JobState.ENQUEUED, 1.0, "twin")
        exact = parse_query("jid:twin", NOW)
        none = await reader.set_jobs(JobSet.DEAD, ListQuery(wanted=exact))
        assert none.items == ()
        assert none.searched == Searched(300, complete=True)
        first = await reader.set_jobs(JobSet.RETRIES, ListQuery(wanted=exact, per_page=40))
        assert [job.at for job in first.items] == list(map(float, range(40)))
        assert first.next is not None
        rest = await reader.set_jobs(
            JobSet.RETRIES, ListQuery(wanted=exact, per_page=40, start=first.next)
        )
        assert [job.at for job in rest.items] == list(map(float, range(40, 60)))
        assert rest.next is None
        queued = await reader.queue_jobs("mail", ListQuery(wanted=exact))
        assert len(queued.items) == 1

"""The index leaves out no entry that matches, whatever stands in it and whatever is looked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import ArgsTerm, JobQuery, parse_query
from glasshouse.monitor.index_store import BEYOND, IndexedEntry, IndexStore, number_at
from glasshouse.upstream.scan import ScanChunk, ScanCursor
from glasshouse.wire.matching import matches
from glasshouse.wire.trigrams import MOST, match_of
from tests.hostile import CASES

NOW = 1_800_000_000.0
PAYLOADS = [
    *(b'{"jid":"hostile-1","args":%b,"custom":%b}' % (case.args, case.custom) for case in CASES),
    *(b"", b"[]", b"\xff\xfe", b'{"args":', b'{"args":["\\ud800"],"failure":7}'),
    b'{"failure":{"message":{"a":1},"backtrace":9,"failed_at":"9999-99-99"}}',
]


@pytest.fixture
def store() -> Iterator[IndexStore]:
    made = IndexStore()
    yield made
    made.close()


def job(jid: str = "j-1", at: float = NOW, **fields: Any) -> StoredJob:
    made = {"jid": jid, "jobtype": "Send", "queue": "mail", "args": [], **fields}
    return StoredJob(
        state=JobState.RETRIES,
        jid=jid,
        jobtype=str(made["jobtype"]),
        queue=str(made["queue"]),
        payload=json.dumps(made).encode(),
        at=at,
    )


def spots(*scores: float) -> tuple[ScanCursor, ...]:
    return tuple(ScanCursor(score, int(score)) for score in scores)


def whole(*scores: float) -> ScanChunk:
    return ScanChunk(spots=spots(*scores), low=None, high=None, following=None)


def page(low: float | None, high: float | None, *scores: float) -> ScanChunk:
    return ScanChunk(spots=spots(*scores), low=low, high=high, following=None, exact=False)


def take(store: IndexStore, stretch: ScanChunk, before: float | None = None, turn: int = 1) -> None:
    """Take a stretch in, as the index does."""
    new = store.compare(3, stretch, before, turn)
    store.add(3, [(spot, job(f"j-{spot.token}", spot.score)) for spot in new], turn, hold=True)


def found_by(store: IndexStore, match: str | None) -> list[IndexedEntry]:
    return store.candidates(match, low=0, high=BEYOND, most=9999)


def ids(store: IndexStore, line: str = "") -> list[str]:
    wanted = parse_query(line, NOW)
    found = found_by(store, None if wanted is None else match_of(wanted))
    return [known.spot.job.jid for known in found if known.spot.job is not None]


TEXT = st.text(max_size=12) | st.sampled_from(["ſtraße", "İ", "\0\0\0", "a\ud800b", '"""', "a: b"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def jobs(draw: st.DrawFn) -> StoredJob:
    made: dict[str, Any] = {
        "jid": draw(TEXT), "jobtype": draw(TEXT), "queue": draw(TEXT), "args": draw(VALUES),
        "custom": draw(VALUES),
        "failure": draw(st.fixed_dictionaries({}, optional={
            "errtype": VALUES, "message": VALUES, "backtrace": VALUES, "failed_at": TEXT,
        })),
    }  # fmt: skip
    return StoredJob(
        state=draw(st.sampled_from(JobState)),
        jid=made["jid"],
        jobtype=made["jobtype"],
        queue=made["queue"],
        payload=json.dumps(made, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"),
        at=draw(st.none() | st.floats(allow_nan=False)),
        shown_args=draw(st.none() | TEXT),
    )


@st.composite
def sought(draw: st.DrawFn, stored: StoredJob) -> JobQuery:
    """Draw what may well be found in a job: pieces of what stands there, in another case."""
    text = stored.payload.decode("utf-8", "replace") + stored.jid + stored.jobtype
    begin = draw(st.integers(0, len(text)))
    some = st.sampled_from([text[begin : begin + 9], text[begin : begin + 4].upper()]) | TEXT
    words = st.lists(some.filter(bool), max_size=2).map(tuple)
    return JobQuery(
        words=draw(words),
        error=draw(words),
        args=draw(words),
        jobtype=draw(st.sampled_from([(), (stored.jobtype,), (f"*{stored.jobtype[1:]}",)])),
        jid=draw(st.sampled_from([(), (stored.jid,), (f"{stored.jid[:3]}*",)])),
        at_path=draw(st.lists(st.builds(ArgsTerm, st.just(("**",)), some), max_size=1).map(tuple)),
    )


@given(st.data())
def test_whatever_matches_is_among_the_candidates(data: st.DataObject) -> None:
    stored = data.draw(jobs())
    wanted = data.draw(sought(stored))
    store = IndexStore()
    store.add(1, [(ScanCursor(1.0, 1), stored)], 1, hold=True)
    found = found_by(store, match_of(wanted))
    assert found or not matches(wanted, stored)
    store.close()


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_every_hostile_payload_can_be_taken_in_and_found_again(
    store: IndexStore, payload: bytes
) -> None:
    stored = StoredJob(
        state=JobState.DEAD, jid="hostile-1", jobtype="T", queue="q", payload=payload, at=1e300
    )
    store.add(1, [(ScanCursor(1.0, 1), stored)], 1, hold=True)
    assert ids(store, "hostile-1") == ["hostile-1"]
    assert [known.spot.job for known in found_by(store, None)] == [stored]


def test_text_beyond_what_is_indexed_is_found_all_the_same(store: IndexStore) -> None:
    stored = job(args=["x" * MOST, "needle"])
    store.add(1, [(ScanCursor(1.0, 1), stored)], 1, hold=True)
    assert ids(store, "needle") == ["j-1"]


def test_the_newest_come_first_and_times_are_bounds(store: IndexStore) -> None:
    for number in range(10):
        store.add(1, [(ScanCursor(number, number), job(f"j-{number}", NOW + number))], 1, hold=True)
    assert ids(store) == [f"j-{number}" for number in range(9, -1, -1)]
    low, high = number_at(NOW + 3), number_at(NOW + 6)
    found = store.candidates(None, low=low, high=high, most=100)
    assert [known.spot.score for known in found] == [5.0, 4.0, 3.0]


def test_many_of_one_moment_have_numbers_of_their_own(store: IndexStore) -> None:
    pairs = [(ScanCursor(float(n), n), job(f"j-{n}")) for n in range(3000)]
    store.add(1, pairs, 1, hold=True)
    assert len(found_by(store, None)) == 3000


def test_an_exact_stretch_says_who_is_new_and_forgets_who_has_gone(store: IndexStore) -> None:
    take(store, whole(1, 2, 3, 4))
    assert store.sizes[3] == 4
    part = ScanChunk(spots=spots(2, 2.5), low=2.0, high=4.0, following=4.0)
    assert [spot.score for spot in store.compare(3, part, None, 2)] == [2.5]
    assert sorted(ids(store)) == ["j-1", "j-2", "j-4"]
    assert (store.sizes[3], store.highest(3)) == (3, 4.0)
    # What has gone is found by no word either.
    assert ids(store, "j-3") == []


def test_of_a_page_only_what_lies_inside_is_forgotten_at_once(store: IndexStore) -> None:
    take(store, whole(1, 2, 3, 4, 5))
    # Entries moved up between two pages: 3 and 4 may be on none of them.
    take(store, page(None, 2, 1, 2), None, 2)
    take(store, page(5, None, 5), 2.0, 2)
    assert sorted(ids(store)) == ["j-1", "j-2", "j-3", "j-4", "j-5"]
    # The next time round they are on none again.
    take(store, page(None, 2, 1, 2), None, 3)
    take(store, page(5, None, 5), 2.0, 3)
    assert sorted(ids(store)) == ["j-1", "j-2", "j-5"]
    take(store, page(None, 5, 1, 5), None, 4)
    assert sorted(ids(store)) == ["j-1", "j-5"]


def test_an_entry_that_moved_to_the_page_before_is_not_taken_in_twice(store: IndexStore) -> None:
    take(store, page(None, 3, 1, 2, 3))
    take(store, page(2, None, 2, 3, 4), 3.0)
    assert sorted(ids(store)) == ["j-1", "j-2", "j-3", "j-4"]


def test_nothing_beyond_the_last_page_says_nothing_of_those_before(store: IndexStore) -> None:
    take(store, page(None, 2, 1, 2))
    take(store, page(float("inf"), None), 2.0)
    assert sorted(ids(store)) == ["j-1", "j-2"]


def test_a_list_is_replaced_as_a_whole(store: IndexStore) -> None:
    store.replace(9, [job("a"), job("b")], [ScanCursor(0.0, 1), ScanCursor(0.0, 2)])
    store.replace(9, [job("b"), job("c")], [ScanCursor(0.0, 2), ScanCursor(0.0, 3)])
    assert sorted(ids(store)) == ["b", "c"]
    store.drop(9)
    assert ids(store) == []
    assert store.sizes[9] == 0


def test_an_id_is_found_exactly(store: IndexStore) -> None:
    store.replace(9, [job("a-1"), job("a-10")], [ScanCursor(0.0, 1), ScanCursor(0.0, 2)])
    found = store.candidates(None, low=0, high=BEYOND, most=10, exactly="a-1")
    assert [known.spot.token for known in found] == [1]

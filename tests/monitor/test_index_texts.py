"""The index finds for each audience what it may see, and does nothing that depends on the rest."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.audience import EVERYTHING, Audience, audience
from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.jobquery import ArgsTerm, JobQuery
from glasshouse.model.search_result import Coverage, SearchResult
from glasshouse.monitor import index_search, index_texts
from glasshouse.monitor.index_search import SearchPass
from glasshouse.monitor.index_store import IndexStore
from glasshouse.policy.redaction import parse_redaction
from glasshouse.policy.roles import resolve
from glasshouse.upstream.scan import ScanCursor
from glasshouse.wire.matching import matches
from tests.counted import Work, counted
from tests.steady import LONG

NOW = 1_800_000_000.0
SECRET = "8c1f0a7be45d92637f1a"
RULES = resolve({})["viewer"].redact
HIDDEN = audience(RULES, None)
MAIL = audience(RULES, ("ma*",))
PAY = audience((), ("pay",))
OTHER = audience((parse_redaction("args.*.id"),), None)
AUDIENCES = (EVERYTHING, HIDDEN, MAIL, PAY)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted takes long: nobody else has a turn meanwhile."""
    monkeypatch.setattr(index_search, "_PIECE", LONG)


def job(number: int, secret: str = SECRET, queue: str = "mail") -> StoredJob:
    made = {
        "jid": f"job-{number}",
        "jobtype": "Send",
        "queue": queue,
        "args": [{"id": f"id-{number}", "note": "seen by all"}],
        "failure": {"errtype": "Bad", "message": "no reply"},
    }
    if secret:
        made["args"] = [{"id": f"id-{number}", "token": secret, "note": "seen by all"}]
        made["failure"] = {"errtype": "Bad", "message": f"no {secret}"}
    return StoredJob(
        state=JobState.RETRIES,
        jid=str(made["jid"]),
        jobtype="Send",
        queue=queue,
        payload=json.dumps(made).encode(),
        at=NOW + number,
    )


def filled(audiences: Sequence[Audience], jobs: Sequence[StoredJob]) -> IndexStore:
    store = IndexStore(audiences)
    store.add(1, [(ScanCursor(one.at or 0.0, n), one) for n, one in enumerate(jobs)], 1, hold=True)
    return store


def seen_by(who: Audience, **wanted: object) -> JobQuery:
    return JobQuery(hidden=who.hidden, shown=who.shown, **wanted)  # type: ignore[arg-type]


def search(store: IndexStore, wanted: JobQuery, per_page: int = 99) -> SearchResult:
    looking = SearchPass(wanted, None, per_page, LONG)
    while looking.candidates(store, held=True):
        while some := looking.next():
            looking.look(some, [known.spot.job for known in some])
    return looking.found(Coverage(0, 0, None))


def jids(store: IndexStore, wanted: JobQuery) -> list[str]:
    return [found.jid for found in search(store, wanted).items]


MIXED = [
    *(job(number) for number in range(8)),
    *(job(number, "") for number in range(20, 28)),
    *(job(number, queue="pay") for number in range(40, 48)),
    *(job(number, "", "pay") for number in range(60, 68)),
]


@pytest.mark.parametrize("who", [*AUDIENCES, OTHER])
@pytest.mark.parametrize(
    "wanted",
    [
        {"words": ("seen by",)}, {"words": (SECRET,)}, {"error": ("no 8c1f",)},
        {"words": ("id-3",)},
        {"args": ("id-5", "note")}, {"jid": ("job-6*",)}, {"jid": ("job-61",)}, {"queue": ("pa*",)},
        {"at_path": (ArgsTerm(("**",), "8c1f*"),)}, {"words": ("no",)}, {"jobtype": ("send",)},
    ],
)  # fmt: skip
def test_each_audience_finds_what_it_may_see_and_all_of_that(
    who: Audience, wanted: dict[str, object]
) -> None:
    store = filled(AUDIENCES, MIXED)
    query = seen_by(who, **wanted)
    expected = [one.jid for one in reversed(MIXED) if matches(query, one)]
    assert jids(store, query) == expected
    store.close()


def work(jobs: Sequence[StoredJob], wanted: JobQuery) -> Work:
    """Return what a search does that finds nothing, in an index of its own."""
    # What SQLite's own statements did is counted from when they were made.
    told = [_work(jobs, wanted) for _ in range(2)]
    return told[1]


def _work(jobs: Sequence[StoredJob], wanted: JobQuery) -> Work:
    store = filled(AUDIENCES, jobs)
    with counted(store._db) as told:
        found = search(store, wanted)
    store.close()
    assert found.items == ()
    return told


GUESSES = [
    *((field, SECRET[:n], "zqxwvkyjzbqpdgkwxvhs"[:n]) for field in ("words", "args", "error")
      for n in (2, 3, 5, 20)),
    *(("at_path", SECRET[:n], "zqxwvkyjzbqpdgkwxvhs"[:n]) for n in (3, 20)),
]  # fmt: skip


@pytest.mark.parametrize("who", [HIDDEN, MAIL, audience((*RULES, *OTHER.hidden), None)])
@pytest.mark.parametrize(("field", "right", "wrong"), GUESSES)
def test_a_right_guess_at_a_hidden_value_is_the_work_of_a_wrong_one(
    who: Audience, field: str, right: str, wrong: str
) -> None:
    """Also for an audience that the index is not kept for."""
    made = [
        ArgsTerm(("**",), f"*{text}*") if field == "at_path" else text for text in (right, wrong)
    ]
    good, bad = (seen_by(who, **{field: (value,)}) for value in made)
    assert work(MIXED, good) == work(MIXED, bad)


@pytest.mark.parametrize(("field", "right", "wrong"), [
    ("words", "id-65", "id-zz"), ("jid", "job-6*", "job-z*"), ("jid", "job-65", "job-zz"),
    ("queue", "pa*", "zq*"), ("args", "id-6", "id-z"),
])  # fmt: skip
def test_a_right_guess_at_a_job_of_a_hidden_queue_is_the_work_of_a_wrong_one(
    field: str, right: str, wrong: str
) -> None:
    jobs = [one for one in MIXED if one.queue == "pay" or one.at == NOW + 1]
    good, bad = (seen_by(MAIL, **{field: (value,)}) for value in (right, wrong))
    told = [work(jobs, query) for query in (good, bad)]
    if right == "job-65":
        # That there is an entry with this very id, an index of ids tells in some steps of SQLite.
        told = [_without_steps(one) for one in told]
    assert told[0] == told[1]


def _without_steps(told: Work) -> Work:
    return Work({name: count for name, count in told.items() if "VM_STEP" not in name})


def test_what_is_counted_does_tell_a_right_guess_from_a_wrong_one() -> None:
    """Else the tests beside it could not fail."""
    store = filled(AUDIENCES, MIXED)
    told = []
    for text in (SECRET, "zqx" * 7):
        with counted(store._db) as one:
            search(store, seen_by(EVERYTHING, words=(text,)))
        told.append(one)
    assert told[0] != told[1]
    store.close()


def test_a_text_that_all_see_is_there_once_and_what_is_forgotten_is_gone_for_all() -> None:
    store = filled(AUDIENCES[:2], MIXED)
    texts = store._texts
    assert len(texts._tables) == 3
    rows = [store._db.execute(f"SELECT count(*) FROM {table}_docsize").get
            for table in texts._tables.values()]  # fmt: skip
    assert sorted(rows) == [16, 16, 16]
    store.drop(1)
    rows = [store._db.execute(f"SELECT count(*) FROM {table}_docsize").get
            for table in texts._tables.values()]  # fmt: skip
    assert rows == [0, 0, 0]
    store.close()


def test_beyond_some_groups_each_audience_has_a_table_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(index_texts, "_MOST", 1)
    store = filled(AUDIENCES, MIXED)
    assert len(store._texts._tables) <= 1 + len(AUDIENCES)
    for who in AUDIENCES:
        query = seen_by(who, words=("seen",))
        assert jids(store, query) == [one.jid for one in reversed(MIXED) if matches(query, one)]
    store.drop(1)
    assert jids(store, seen_by(EVERYTHING, words=("seen",))) == []
    store.close()


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["mail", "pay", "maple"])), max_size=12),
    st.lists(st.sampled_from([*AUDIENCES, OTHER]), unique=True),
    st.sampled_from([*AUDIENCES, OTHER]),
    st.sampled_from([SECRET, "seen by", "no", "id-1"]),
)
def test_whoever_asks_and_whomever_it_is_kept_for_the_answer_is_the_same(
    made: list[tuple[bool, str]], kept_for: list[Audience], who: Audience, text: str
) -> None:
    jobs = [job(n, SECRET if hides else "", queue) for n, (hides, queue) in enumerate(made)]
    store = filled(kept_for, jobs)
    query = seen_by(who, words=(text,))
    assert jids(store, query) == [one.jid for one in reversed(jobs) if matches(query, one)]
    store.close()


def test_an_audience_is_what_it_is_in_whatever_order_it_is_written() -> None:
    rules = (*RULES, *RULES)
    assert audience(reversed(rules), ("b", "a", "b")) == audience(RULES, ("a", "b"))
    assert audience(RULES, None) != audience(RULES, ())
    assert msgspec.structs.astuple(EVERYTHING) == ((), None)

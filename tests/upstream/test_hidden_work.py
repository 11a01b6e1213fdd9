"""What a search does is the same for a right guess at something hidden as for a wrong one.

The work is counted, not timed: every call of Python and every step of SQLite. Who asks
sees how long a search takes, so no part of it may depend on what is hidden from him.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import apsw
import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glasshouse.engine.migrations import MIGRATIONS
from glasshouse.model.job import WRAPPER, JobState, StoredJob
from glasshouse.model.jobquery import ArgsTerm, JobQuery
from glasshouse.model.listing import ListQuery
from glasshouse.model.redaction import Redaction
from glasshouse.policy.redaction import parse_redaction
from glasshouse.policy.roles import resolve
from glasshouse.upstream import embedded_lists as lists
from glasshouse.upstream import embedded_search_passes
from glasshouse.upstream.embedded_prefilter import may_hide
from glasshouse.upstream.embedded_search import search
from glasshouse.wire.masking import masked
from tests.counted import Work, counted

from .store import NOW, put

SECRET = "8c1f0a7be45d92637f1a"
WRONG = "8c1f0a7be45d92637f1b"
RULES = resolve({})["viewer"].redact


def memory() -> apsw.Connection:
    db = apsw.Connection(":memory:")
    for step in MIGRATIONS:
        db.execute(step)
    return db


def payload(number: int) -> bytes:
    job = {
        "jid": f"job-{number}",
        "jobtype": "Send",
        "queue": "mail",
        "args": [{"token": SECRET, "id": number, "deep": [{"password": f"{SECRET}!"}]}],
        "custom": {"secret": SECRET, "copy": f"<{SECRET}>"},
        "failure": {"errtype": f"Bad{SECRET}", "message": f"no {SECRET}", "backtrace": [SECRET]},
    }
    return json.dumps(job).encode()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the clock for no statement: its steps are counted anyway."""
    monkeypatch.setattr(embedded_search_passes, "_STEPS", 10**9, raising=False)


@pytest.fixture(params=[JobState.DEAD, JobState.ENQUEUED])
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[apsw.Connection, lists.ListScope]]:
    db = memory()
    for number in range(60):
        hidden = number % 3 == 0
        queue = "pay" if number % 3 == 1 and request.param is JobState.DEAD else "mail"
        body = payload(number) if hidden or queue == "pay" else None
        jid = f"{SECRET}-{number}" if queue == "pay" else f"job-{number}"
        put(db, request.param, float(number), jid, queue=queue, payload=body, args=["plain"])
    scope = lists.queue_scope(db, "mail") if request.param is JobState.ENQUEUED else None
    yield db, scope or lists.set_scope(db, request.param)
    db.close()


def work(db: apsw.Connection, scope: lists.ListScope, wanted: JobQuery) -> Work:
    """Return what a search does that finds nothing."""
    # Once before: what is worked out once for all is worked out then.
    search(db, scope, ListQuery(), wanted, now=NOW, clock=lambda: 0.0)
    with counted(db) as told:
        page = search(db, scope, ListQuery(), wanted, now=NOW, clock=lambda: 0.0)
    assert page.items == ()
    assert page.searched is not None
    assert page.searched.complete
    return told


def asked(text: str) -> list[JobQuery]:
    every = ArgsTerm(("**",), f"*{text}*")
    return [
        JobQuery(words=(text,)),
        JobQuery(words=("plain", text)),
        JobQuery(args=(text,)),
        JobQuery(error=(text,)),
        JobQuery(at_path=(every,)),
        JobQuery(words=(text,), jobtype=("Se*",)),
    ]


@pytest.mark.parametrize("length", [2, 3, 8, 20])
def test_a_right_guess_at_a_hidden_value_is_the_work_of_a_wrong_one(
    filled: tuple[apsw.Connection, lists.ListScope], length: int
) -> None:
    db, scope = filled
    right, wrong = SECRET[:length], "zqxwvkyjzbqpdgkwxvhs"[:length]
    for good, bad in zip(asked(right), asked(wrong), strict=True):
        hide = {"hidden": RULES, "shown": ("mail",)}
        assert work(db, scope, _with(good, hide)) == work(db, scope, _with(bad, hide)), good


def test_what_is_counted_does_tell_a_right_guess_from_a_wrong_one(
    filled: tuple[apsw.Connection, lists.ListScope],
) -> None:
    """Else the tests beside it could not fail."""
    db, scope = filled
    with counted(db) as right:
        search(db, scope, ListQuery(), JobQuery(words=(SECRET,)), now=NOW, clock=lambda: 0.0)
    with counted(db) as wrong:
        search(db, scope, ListQuery(), JobQuery(words=(WRONG,)), now=NOW, clock=lambda: 0.0)
    assert right != wrong


NAMED: list[tuple[str, JobQuery, JobQuery]] = [
    ("text", JobQuery(words=(SECRET,)), JobQuery(words=(WRONG,))),
    *(
        (field, JobQuery(**{field: (right,)}), JobQuery(**{field: (wrong,)}))  # type: ignore[arg-type]
        for field, right, wrong in (
            *(("jid", f"{SECRET[:n]}*", f"{'#' * n}*") for n in range(1, 9)),
            *(("jobtype", f"{'PayO'[:n]}*", f"{'#' * n}*") for n in range(1, 5)),
            *(("queue", f"{'pay'[:n]}*", f"{'#' * n}*") for n in range(1, 4)),
        )
    ),
]


@pytest.mark.parametrize(("field", "right", "wrong"), NAMED)
def test_a_right_guess_at_a_job_of_a_hidden_queue_is_the_work_of_a_wrong_one(
    filled: tuple[apsw.Connection, lists.ListScope], field: str, right: JobQuery, wrong: JobQuery
) -> None:
    db, scope = filled
    put(db, JobState.DEAD, 99.0, "other", queue="pay", jobtype="PayOut")
    shown: dict[str, Any] = {"shown": ("mai*",), "hidden": RULES}
    assert work(db, scope, _with(right, shown)) == work(db, scope, _with(wrong, shown))


def _with(wanted: JobQuery, more: dict[str, Any]) -> JobQuery:
    return msgspec.structs.replace(wanted, **more)


KEYS = st.sampled_from(
    ["token", "TOKEN", "toKen", "to\\u006ben", "to\u212aen", "pa\u017f\u017fword", "pa\u00dfword",
     "secret", "to\\u212aen", "x", "1"]
)  # fmt: skip
PATHS = st.sampled_from(
    ["args.**.token", "custom.**.secret", "Se*:args.1", "args.**.password", "args.*.to*", "SS:args",
     "custom.*", "args.**", "Active*:args", "Inner:args"]
)  # fmt: skip


@given(
    st.lists(KEYS, max_size=3),
    st.lists(PATHS, min_size=1, max_size=3),
    st.sampled_from(["Send", "send", "\u00df", "Other", WRAPPER]),
    st.sampled_from(["", "\0", "\xe9"]),
)
@example(["token"], ["args.**.token"], "Send", "\0")
@example(["x"], ["Active*:args"], WRAPPER, "")
def test_every_entry_in_which_something_is_hidden_passes_whatever_is_looked_for(
    keys: list[str], paths: list[str], jobtype: str, odd: str
) -> None:
    rules: tuple[Redaction, ...] = tuple(map(parse_redaction, paths))
    told = ",".join(f'"{key}":"hidden value"' for key in keys)
    text = f'{odd}{{"jobtype":"{jobtype}","args":[{{{told}}},2],"custom":{{{told}}}}}'.encode()
    db = memory()
    name = "Inner" if jobtype == WRAPPER else jobtype
    put(db, JobState.DEAD, 1.0, "job-1", jobtype=name, payload=text)
    job = StoredJob(state=JobState.DEAD, jid="job-1", jobtype=name, queue="mail", payload=text)
    condition = may_hide(rules)
    assert condition is not None
    passes = db.execute(f"SELECT {condition[0]} FROM job", condition[1]).get
    assert passes or masked(job, rules) == job
    db.close()

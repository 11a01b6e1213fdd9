"""The one door: what is allowed is done exactly so and recorded, what is not changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glasshouse.control.refusals import (
    FactorRequiredError,
    NotAllowedError,
    PreviewNeededError,
    PreviewStaleError,
    SecondPersonRequiredError,
    TooManyRefusalsError,
)
from glasshouse.control.requester import Requester
from glasshouse.ledger.record import Event
from glasshouse.ledger.verify import verify
from glasshouse.model.errors import InvalidError, NotFoundError
from glasshouse.model.operation import Operation
from glasshouse.model.retention import Bounds
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import ledger

from .house import BOSS, EVERYTHING, FAR, House, living, order, requester

WAITING, SCHEDULED, RETRIES, DEAD = 1, 2, 3, 4


async def _furnished(house: House) -> None:
    """One of everything: waiting, scheduled, dead, a worker."""
    await house.fill("q", 4)
    await house.fill("later", 4, at=FAR)
    await house.dead("bad", 4)
    await house.engine.peer(wid="w1")


SENT: dict[Operation, dict[str, Any]] = {
    Operation.QUEUE_PAUSE: {"queue": "q"},
    Operation.QUEUE_RESUME: {"queue": "q"},
    Operation.QUEUE_DELETE_JOBS: {"queue": "q", "jids": ["q-0000001", "q-0000002"]},
    Operation.QUEUE_CLEAR: {"queue": "q"},
    Operation.JOB_RETRY: {"set": "dead", "jids": ["bad-0000001"]},
    Operation.JOB_KILL: {"set": "scheduled", "jids": ["later-0000001"]},
    Operation.JOB_DELETE: {"set": "dead", "query": "CardRefused"},
    Operation.SET_CLEAR: {"set": "scheduled"},
    Operation.JOB_PUSH: {"job": '{"jid":"pushed-01","jobtype":"T","args":[],"queue":"q"}'},
    Operation.WORKER_QUIET: {"worker": "w1"},
    Operation.WORKER_TERMINATE: {"worker": "*"},
    Operation.SERVER_CONFIGURE: {"parameters": {"default_retry": 7}},
    Operation.SERVER_FLUSH: {},
}
WHOLE = {Operation.QUEUE_CLEAR, Operation.SET_CLEAR, Operation.SERVER_FLUSH}


def _world(house: House) -> dict[str, Any]:
    memory = house.engine.engine.memory
    states = house.state_of()
    return {
        "jobs": states,
        "paused": [name for name, queue in memory.queues.items() if queue.paused],
        "workers": {w.wid: w.state.value for w in house.engine.engine.workers.views({})},
        "retry": memory.parameters.default_retry,
        "queues": sorted(memory.queues),
        "failures": memory.tallies.get("failures", 0),
    }


EXPECTED: dict[Operation, Any] = {
    Operation.QUEUE_PAUSE: lambda was: {**was, "paused": ["q"]},
    Operation.QUEUE_RESUME: lambda was: was,
    Operation.QUEUE_DELETE_JOBS: lambda was: _without(was, "q-0000001", "q-0000002"),
    Operation.QUEUE_CLEAR: lambda was: _without(was, *(f"q-000000{n}" for n in range(4))),
    Operation.JOB_RETRY: lambda was: _moved(was, "bad-0000001", WAITING),
    Operation.JOB_KILL: lambda was: _moved(was, "later-0000001", DEAD),
    Operation.JOB_DELETE: lambda was: _without(was, *(f"bad-000000{n}" for n in range(4))),
    Operation.SET_CLEAR: lambda was: _without(was, *(f"later-000000{n}" for n in range(4))),
    Operation.JOB_PUSH: lambda was: _moved(was, "pushed-01", WAITING),
    Operation.WORKER_QUIET: lambda was: {**was, "workers": {"w1": "quiet"}},
    Operation.WORKER_TERMINATE: lambda was: {**was, "workers": {"w1": "terminate"}},
    Operation.SERVER_CONFIGURE: lambda was: {**was, "retry": 7},
    Operation.SERVER_FLUSH: lambda was: {**was, "jobs": {}, "queues": [], "failures": 0},
}


def _without(was: dict[str, Any], *jids: str) -> dict[str, Any]:
    return {**was, "jobs": {jid: s for jid, s in was["jobs"].items() if jid not in jids}}


def _moved(was: dict[str, Any], jid: str, state: int) -> dict[str, Any]:
    return {**was, "jobs": {**was["jobs"], jid: state}}


def test_the_walk_knows_every_operation_but_one_with_tests_of_its_own() -> None:
    assert set(Operation).difference(SENT) == {Operation.TRASH_RESTORE}
    assert set(EXPECTED) == set(SENT)


@pytest.mark.parametrize("operation", list(SENT))
async def test_what_is_allowed_is_done_exactly_so_and_recorded_twice(
    tmp_path: Path, operation: Operation
) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        was = _world(house)
        result = await house.agree(operation, **SENT[operation], reason="walk")
        assert result.running.outcome == "done"
        assert _world(house) == EXPECTED[operation](was)
        intent, outcome = house.records()
        assert (intent["event"], outcome["event"]) == ("operation.intent", "operation.outcome")
        assert intent["seq"] == result.running.record == int(outcome["detail"]["intent"])
        assert intent["detail"]["operation"] == operation
        assert intent["detail"]["reason"] == "walk"
        assert intent["who"]["name"] == "local:ops"
        assert outcome["detail"]["outcome"] == "done"


FLUSHABLE = frozenset({"main"})
USUAL = Rules(roles=resolve({}), flushable=FLUSHABLE)
VIEWER = requester("viewer", USUAL)
ELSEWHERE = requester("operator", USUAL, address="203.0.113.9", factor_age=5)
UNPROVEN = requester("operator", USUAL)
LATE = requester("admin", USUAL, factor_age=3600)
ALONE = requester("admin", USUAL, factor_age=5)
OTHER_QUEUE = requester(
    "some",
    Rules(
        roles=resolve(
            {
                "some": RoleTable(
                    inherits="viewer", allow=("*",), queues=("mail",), factor_age="none"
                )
            }
        ),
        flushable=FLUSHABLE,
    ),
)
FORBIDDEN = requester(
    "most",
    Rules(
        roles=resolve(
            {"most": RoleTable(inherits="viewer", allow=("*",), deny=("*",), factor_age="none")}
        ),
        flushable=FLUSHABLE,
    ),
)
READ_ONLY = requester(
    "admin", Rules(roles=resolve({}), read_only=True, flushable=FLUSHABLE), factor_age=5
)


DENIALS = [
    (VIEWER, NotAllowedError, "not_granted"),
    (FORBIDDEN, NotAllowedError, "forbidden"),
    (READ_ONLY, NotAllowedError, "read_only"),
    (OTHER_QUEUE, NotAllowedError, "other_queue"),
    (ELSEWHERE, NotAllowedError, "other_network"),
    (UNPROVEN, FactorRequiredError, "no_factor"),
    (LATE, FactorRequiredError, "old_factor"),
    (ALONE, SecondPersonRequiredError, "one_person"),
]


def _stops(who: Requester, operation: Operation, why: str) -> bool:
    """Return whether this rule is the one that stops this operation for this role."""
    return who.worst(operation, "main", ("bad",)).why.value == why


@pytest.mark.parametrize(
    ("who", "kind", "why", "operation"),
    [
        (who, kind, why, operation)
        for who, kind, why in DENIALS
        for operation in SENT
        if _stops(who, operation, why)
    ],
)
async def test_what_is_denied_changes_nothing_and_is_recorded(
    tmp_path: Path, who: Requester, kind: type[NotAllowedError], why: str, operation: Operation
) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        was, sent = _world(house), SENT[operation]
        # With a preview, where one is needed: somebody else's role may have allowed that.
        whole = operation in WHOLE or "query" in sent
        if whole and who is OTHER_QUEUE:
            asked = order(operation, **sent)
            with pytest.raises(kind) as caught:
                await house.control.preview(who, "main", asked)
        else:
            with pytest.raises(kind) as caught:
                await house.ask(operation, who, **sent, reason="try")
        assert caught.value.decision.why.value == why
        assert _world(house) == was
        (refused,) = house.records()
        assert refused["event"] == "operation.refused"
        assert refused["detail"]["rule"] == why
        assert refused["detail"]["operation"] == operation


async def test_a_flush_is_off_where_nobody_switched_it_on_and_says_so(tmp_path: Path) -> None:
    elsewhere = Rules(roles=resolve(EVERYTHING), flushable=frozenset({"spare"}))
    async with living(tmp_path) as house:
        await _furnished(house)
        was = _world(house)
        with pytest.raises(NotAllowedError, match="turned off"):
            await house.ask(Operation.SERVER_FLUSH, requester("boss", elsewhere))
        assert _world(house) == was
        assert house.records()[0]["event"] == "operation.refused"


async def test_an_undone_deletion_is_back_byte_for_byte_and_recorded(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        before = house.jobs()
        gone = await house.agree(Operation.JOB_DELETE, set="dead", query="", reason="no")
        assert len(house.jobs()) == len(before) - 4
        back = await house.ask(Operation.TRASH_RESTORE, record=gone.running.record, reason="oops")
        assert (back.running.outcome, back.running.done) == ("done", 4)
        assert house.jobs() == before
        with pytest.raises(NotFoundError, match="in the trash"):
            await house.ask(Operation.TRASH_RESTORE, record=gone.running.record)
        intent = house.records(Event.INTENT)[1]
        assert intent["detail"]["restores"] == str(gone.running.record)
        assert house.jobs() == before


async def test_some_of_what_was_deleted_comes_back(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 10)
        before = house.jobs()
        gone = await house.agree(Operation.QUEUE_CLEAR, queue="q")
        some: dict[str, Any] = {"record": gone.running.record, "jids": ["q-0000003", "q-0000007"]}
        assert (await house.ask(Operation.TRASH_RESTORE, BOSS, **some)).running.done == 2
        assert [row[4] for row in house.jobs()] == ["q-0000003", "q-0000007"]
        rest = await house.ask(Operation.TRASH_RESTORE, record=gone.running.record)
        assert rest.running.done == 8
        assert house.jobs() == before


@pytest.mark.parametrize("kind", ["queue", "dead"])
async def test_ten_thousand_jobs_are_cleared_and_come_back(tmp_path: Path, kind: str) -> None:
    async with living(tmp_path) as house:
        if kind == "queue":
            await house.fill("q", 10_000)
            clear, named = Operation.QUEUE_CLEAR, {"queue": "q"}
        else:
            await house.fill("later", 10_000, at=FAR)
            killed = await house.agree(Operation.JOB_KILL, set="scheduled", query="")
            assert killed.running.done == 10_000
            clear, named = Operation.SET_CLEAR, {"set": "dead"}
        before = house.jobs()
        gone = await house.agree(clear, BOSS, **named)
        assert (gone.running.outcome, gone.running.done) == ("done", 10_000)
        assert house.jobs() == []
        back = await house.agree(Operation.TRASH_RESTORE, record=gone.running.record)
        assert (back.running.outcome, back.running.done) == ("done", 10_000)
        assert house.jobs() == before


async def test_exactly_what_was_shown_is_done_and_what_moved_is_told(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 5)
        asked = order(Operation.QUEUE_CLEAR, queue="q")
        shown = await house.control.preview(BOSS, "main", asked)
        assert (shown.count, shown.groups.queues) == (5, {"q": 5})
        assert shown.samples[0].jid == "q-0000000"
        peer = await house.engine.peer(wid="w1")
        assert (await peer.fetch("q") or {})["jid"] == "q-0000000"
        await house.fill("q", 1, start=9)
        result = await house.ask(Operation.QUEUE_CLEAR, queue="q", preview=shown.preview)
        assert (result.running.outcome, result.running.done) == ("partly", 4)
        assert result.moved == ("q-0000000",)
        assert house.state_of() == {"q-0000000": 5, "q-0000009": 1}
        # What was taken by a worker is not in the trash.
        back = await house.ask(Operation.TRASH_RESTORE, record=result.running.record)
        assert back.running.done == 4


async def test_a_preview_is_good_for_one_person_one_thing_and_one_time(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 2)
        asked: dict[str, Any] = {"queue": "q"}
        shown = await house.control.preview(BOSS, "main", order(Operation.QUEUE_CLEAR, **asked))
        other = requester(name="local:other")
        elsewhere: dict[str, Any] = {"queue": "p"}
        for who, what in ((other, asked), (BOSS, elsewhere)):
            with pytest.raises(PreviewStaleError):
                await house.ask(Operation.QUEUE_CLEAR, who, **what, preview=shown.preview)
        with pytest.raises(PreviewStaleError):
            await house.ask(Operation.QUEUE_CLEAR, BOSS, **asked, preview="0" * 32)
        first = await house.ask(Operation.QUEUE_CLEAR, BOSS, **asked, preview=shown.preview)
        await house.fill("q", 2, start=5)
        again = await house.ask(Operation.QUEUE_CLEAR, BOSS, **asked, preview=shown.preview)
        assert again.running.record == first.running.record
        assert len(house.jobs()) == 2
        assert len(house.records(Event.INTENT)) == 1


async def test_much_needs_a_preview(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        jids = await house.fill("q", 101)
        for operation, sent in (
            (Operation.QUEUE_CLEAR, {"queue": "q"}),
            (Operation.SET_CLEAR, {"set": "dead"}),
            (Operation.JOB_RETRY, {"set": "dead", "query": "x"}),
            (Operation.QUEUE_DELETE_JOBS, {"queue": "q", "jids": jids}),
        ):
            with pytest.raises(PreviewNeededError):
                await house.ask(operation, BOSS, **sent)
        assert len(house.jobs()) == 101
        assert house.records() == []
        few = await house.ask(Operation.QUEUE_DELETE_JOBS, queue="q", jids=jids[:100])
        assert few.running.done == 100


async def test_a_reason_is_asked_for_where_the_role_says_so(tmp_path: Path) -> None:
    rules = Rules(roles=resolve({"x": RoleTable(allow=("*",), reason=("*",), factor_age="none")}))
    who = requester("x", rules)
    async with living(tmp_path) as house:
        await house.fill("q", 1)
        for reason in ("", "  \t"):
            with pytest.raises(InvalidError, match="reason"):
                await house.ask(Operation.QUEUE_PAUSE, who, queue="q", reason=reason)
        assert not house.engine.engine.memory.queues["q"].paused
        await house.ask(Operation.QUEUE_PAUSE, who, queue="q", reason=" deploy ")
        assert house.records(Event.INTENT)[0]["detail"]["reason"] == "deploy"


async def test_what_the_trash_cannot_keep_is_told_and_must_be_agreed_to(tmp_path: Path) -> None:
    async with living(tmp_path, bounds=Bounds(most=600)) as house:
        await house.fill("q", 1000)
        asked = order(Operation.QUEUE_CLEAR, queue="q")
        shown = await house.control.preview(BOSS, "main", asked)
        assert shown.lost == 400
        with pytest.raises(InvalidError, match="400 of these"):
            await house.ask(Operation.QUEUE_CLEAR, queue="q", preview=shown.preview)
        assert len(house.jobs()) == 1000
        gone = await house.ask(Operation.QUEUE_CLEAR, queue="q", preview=shown.preview, lossy=True)
        await house.control.settled()
        assert house.jobs() == []
        await house.agree(Operation.TRASH_RESTORE, record=gone.running.record)
        assert len(house.jobs()) == 600


async def test_refusals_are_recorded_within_bounds(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        house.control.clock = lambda: 1_800_000_000.0
        for _ in range(120):
            with pytest.raises(NotAllowedError):
                await house.ask(Operation.QUEUE_PAUSE, VIEWER, queue="q")
        with pytest.raises(TooManyRefusalsError):
            await house.ask(Operation.QUEUE_PAUSE, VIEWER, queue="q")
        assert len(house.records()) == 120


async def test_secrets_in_a_pushed_job_are_not_in_the_ledger(tmp_path: Path) -> None:
    job = '{"jid":"pushed-01","jobtype":"T","args":[{"password":"s3cret-value","n":1}]}'
    async with living(tmp_path) as house:
        await house.ask(Operation.JOB_PUSH, job=job)
        assert house.jobs()[0][4] == "pushed-01"
        text = str(house.records())
        assert "s3cret-value" not in text
        assert "pushed-01" in text
        head = house.control.database.call(ledger.end)
        name = house.control.database.call(ledger.ledger_id)
        assert verify(name, ledger.walk(house.control.database), [], head).fault is None


@pytest.mark.parametrize(
    "sent",
    [
        {"operation": "queue.pause"},
        {"operation": "queue.pause", "queue": "q", "set": "dead"},
        {"operation": "job.retry", "set": "dead"},
        {"operation": "job.retry", "set": "morgue", "jids": ["x"]},
        {"operation": "job.retry", "set": "dead", "jids": ["x"], "query": "y"},
        {"operation": "job.retry", "set": "dead", "jids": []},
        {"operation": "job.kill", "set": "dead", "jids": ["x"]},
        {"operation": "job.push", "job": "{"},
        {"operation": "job.push", "job": "\ud800"},
        {"operation": "server.configure", "parameters": {}},
        {"operation": "job.retry", "set": "dead", "query": "before:nonsense"},
        {"operation": "queue.pause", "queue": "q", "reason": "x" * 501},
    ],
)
async def test_what_is_no_order_is_refused_and_not_recorded(
    tmp_path: Path, sent: dict[str, Any]
) -> None:
    async with living(tmp_path) as house:
        with pytest.raises(InvalidError):
            await house.control.preview(BOSS, "main", order(**sent))
        with pytest.raises(InvalidError):
            await house.ask(**sent)
        assert house.records() == []

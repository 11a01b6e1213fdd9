"""Agreeing to a preview: one order, one outcome, however often and with what it is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from glasshouse.control import ledger_records
from glasshouse.control.refusals import PreviewStaleError
from glasshouse.ledger.record import Event
from glasshouse.model.operation import Operation
from glasshouse.storage import operations
from glasshouse.storage.operations import Preview
from glasshouse.upstream import embedded_operator
from glasshouse.upstream.embedded_operator import EmbeddedOperator

from .house import BOSS, House, living, order, requester

PUSHED = '{"jid":"pushed-01","jobtype":"T","args":[],"queue":"q"}'
OTHERS: list[tuple[Operation, dict[str, Any], dict[str, Any]]] = [
    (Operation.QUEUE_CLEAR, {"queue": "q"}, {"queue": "p"}),
    (Operation.QUEUE_PAUSE, {"queue": "q"}, {"queue": "p"}),
    (Operation.QUEUE_DELETE_JOBS, {"queue": "q", "jids": ["q-0000001"]},
     {"queue": "q", "jids": ["q-0000002"]}),
    (Operation.JOB_DELETE, {"set": "dead", "query": "CardRefused"}, {"set": "dead", "query": ""}),
    (Operation.JOB_RETRY, {"set": "dead", "query": ""}, {"set": "scheduled", "query": ""}),
    (Operation.JOB_PUSH, {"job": PUSHED}, {"job": PUSHED.replace("-01", "-02")}),
    (Operation.WORKER_QUIET, {"worker": "w1"}, {"worker": "*"}),
    (Operation.SERVER_CONFIGURE, {"parameters": {"default_retry": 7}},
     {"parameters": {"default_retry": 9}}),
]  # fmt: skip


async def _furnished(house: House) -> None:
    await house.fill("q", 3)
    await house.fill("p", 3)
    await house.dead("bad", 3)
    await house.engine.peer(wid="w1")


@pytest.mark.parametrize(("operation", "asked", "other"), OTHERS)
async def test_a_used_preview_sent_with_another_order_is_stale(
    tmp_path: Path, operation: Operation, asked: dict[str, Any], other: dict[str, Any]
) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        house.control.operators = {**house.control.operators, "spare": EmbeddedOperator(house.data)}
        shown = await house.control.preview(BOSS, "main", order(operation, **asked))
        done = await house.ask(operation, **asked, preview=shown.preview)
        was, told = house.jobs(), house.records()
        for server, named in (("main", other), ("spare", asked)):
            sent = order(operation, **named, preview=shown.preview)
            with pytest.raises(PreviewStaleError):
                await house.control.perform(BOSS, server, sent)
        with pytest.raises(PreviewStaleError):
            await house.ask(
                operation, requester(name="local:other"), **asked, preview=shown.preview
            )
        again = await house.ask(operation, **asked, preview=shown.preview, reason="twice")
        assert again.running.record == done.running.record
        assert (house.jobs(), house.records()) == (was, told)
        await house.control.operators["spare"].close()


async def test_a_record_of_the_trash_is_not_agreed_to_for_another(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await _furnished(house)
        first = await house.agree(Operation.QUEUE_CLEAR, queue="q")
        second = await house.agree(Operation.QUEUE_CLEAR, queue="p")
        asked = order(Operation.TRASH_RESTORE, record=first.running.record)
        shown = await house.control.preview(BOSS, "main", asked)
        one: dict[str, Any] = {"record": first.running.record, "preview": shown.preview}
        await house.ask(Operation.TRASH_RESTORE, **one)
        was = house.jobs()
        other = {**one, "record": second.running.record}
        with pytest.raises(PreviewStaleError):
            await house.ask(Operation.TRASH_RESTORE, BOSS, **other)
        assert house.jobs() == was


async def test_agreed_to_by_many_at_once_each_is_told_the_one_outcome(
    tmp_path: Path, url: str
) -> None:
    async with living(tmp_path, url=url) as house:
        await house.fill("p", 1)
        for number in range(15):
            await house.fill("q", 3)
            asked = order("queue.clear", queue="q")
            shown = await house.control.preview(BOSS, "main", asked)
            sent = order("queue.clear", queue="q", preview=shown.preview)
            calls = [house.control.perform(BOSS, "main", sent) for _ in range(12)]
            told = await asyncio.gather(*calls)
            assert {(t.running.id, t.running.outcome, t.running.done) for t in told} == {
                (shown.preview, "done", 3)
            }
            assert len(house.records(Event.OUTCOME)) == number + 1


async def test_a_preview_that_is_used_in_this_moment_is_not_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living(tmp_path) as house:
        await house.fill("q", 3)
        asked = order("queue.clear", queue="q")
        shown = await house.control.preview(BOSS, "main", asked)
        sent = order("queue.clear", queue="q", preview=shown.preview)
        late = asyncio.Event()
        recorded = house.control._recorded

        async def slow(ask: Any, *args: Any, **kwargs: Any) -> Any:
            """Answer the second of two only when the first has done everything."""
            if asyncio.current_task() is second:
                found = await recorded(operations.find, shown.preview)
                assert found is None or late.is_set()
                if ask is operations.shown or ask is operations.agreed:
                    await late.wait()
            return await recorded(ask, *args, **kwargs)

        monkeypatch.setattr(house.control, "_recorded", slow)
        second = asyncio.create_task(house.control.perform(BOSS, "main", sent))
        await asyncio.sleep(0)
        first = await house.control.perform(BOSS, "main", sent)
        late.set()
        assert (await second).running.record == first.running.record


async def test_a_preview_that_is_pushed_out_while_it_is_agreed_to_keeps_its_jobs(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_operator, "CHUNK", 2)
    async with living(tmp_path, url=url) as house:
        await house.fill("q", 5)
        before = house.jobs()
        asked = order("queue.clear", queue="q")
        shown = await house.control.preview(BOSS, "main", asked)
        intent = ledger_records.intent

        def crowded(*args: Any) -> Any:
            """Push it out between the look at it and the record of its intent."""
            for number in range(25):
                other = Preview(
                    id=f"other-{number}",
                    actor=BOSS.who.name,
                    server="main",
                    asked=b"",
                    summary=b"",
                    created_at=house.control.clock() + 1,
                )
                house.control.database.call(operations.show, other, [])
            return intent(*args)

        monkeypatch.setattr(ledger_records, "intent", crowded)
        done = await house.ask("queue.clear", queue="q", preview=shown.preview)
        await house.control.settled()
        found = await house.control.status(done.running.id)
        assert found is not None
        assert (found.running.outcome, found.running.done) == ("done", 5)
        assert house.jobs() == []
        monkeypatch.setattr(ledger_records, "intent", intent)
        await house.agree("trash.restore", record=done.running.record)
        assert house.jobs() == before


async def test_previews_and_agreements_of_one_person_at_once_leave_nothing_under_way(
    tmp_path: Path, url: str
) -> None:
    async with living(tmp_path, url=url) as house:
        jids = await house.fill("q", 40)
        ended: list[str] = []

        async def one(jid: str) -> None:
            named: dict[str, Any] = {"queue": "q", "jids": [jid]}
            shown = await house.control.preview(BOSS, "main", order("queue.delete_jobs", **named))
            sent = order("queue.delete_jobs", **named, preview=shown.preview)
            try:
                told = await house.control.perform(BOSS, "main", sent)
            except PreviewStaleError:
                ended.append("stale")
            else:
                ended.append(told.running.outcome)

        await asyncio.gather(*map(one, jids))
        assert set(ended) <= {"done", "stale"}
        assert len(house.jobs()) == ended.count("stale")
        assert house.control.database.call(operations.unended) == []

"""Jobs whose ids and types are odd text are operated on like all others, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from glasshouse.model.operation import Operation

from .house import House, living

ODD = {
    "nul": rb"odd\u0000jid-\u0000",
    "lone": rb"odd-\ud800-\udfff-jid",
    "mark": "odd-\U0010ffff-\U0010ffff\U00100000-jid".encode(),
    "long": b"odd-" + bytes(97 + number * number % 26 for number in range(9000)),
}


async def push(house: House, queue: str, text: bytes) -> None:
    peer = await house.engine.peer()
    failure = b'{"retry_count":0,"remaining":1,"errtype":"%b","message":"%b"}' % (text, text)
    job = b'PUSH {"jid":"%b","jobtype":"%b","queue":"%b","args":["%b"],"retry":-1,"failure":%b}' % (
        text, text, queue.encode(), text, failure,
    )  # fmt: skip
    assert await peer.ask(job) == "+OK"
    peer.close()


@pytest.mark.parametrize("kind", ODD)
async def test_one_odd_job_blocks_nothing_of_its_queue(tmp_path: Path, url: str, kind: str) -> None:
    async with living(tmp_path, url=url) as house:
        await house.fill("q", 3)
        await push(house, "q", ODD[kind])
        before = house.jobs()
        assert len(before) == 4
        (jid,) = (row[4] for row in before if row[4].startswith("odd"))
        done = await house.agree(Operation.QUEUE_CLEAR, queue="q", reason="why \0 not")
        assert (done.running.outcome, done.running.done) == ("done", 4)
        assert done.running.reason == "why \0 not"
        assert house.jobs() == []
        back = await house.agree(Operation.TRASH_RESTORE, record=done.running.record)
        assert back.running.outcome == "done"
        assert house.jobs() == before
        few = await house.ask(Operation.QUEUE_DELETE_JOBS, queue="q", jids=(jid,))
        assert few.running.outcome == "done"
        assert len(house.jobs()) == 3
        named = await house.control.on_job("main", jid, 9, lambda _: True)
        assert few.running.id in {one.id for one in named}

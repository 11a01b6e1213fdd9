"""The ports of a real Faktory, asked as the console asks them."""

from __future__ import annotations

import pytest

from glasshouse.faktory_ui.jobs import queue_path, read_queue
from glasshouse.faktory_ui.server import read_queues
from glasshouse.model.errors import NotFoundError
from glasshouse.model.versions import before
from glasshouse.upstream.budget import Budget
from glasshouse.upstream.faktory_port import CommandPort, PasswordError
from glasshouse.upstream.faktory_web import WebPages

from .conftest import PASSWORD, Faktory


async def test_both_ports_tell_the_same_and_no_worker_appears(faktory: Faktory) -> None:
    peer = await faktory.peer()
    for number in range(3):
        await peer.push(f"job-{number:08}", queue="mail.er")
    budget = Budget()
    port = CommandPort("127.0.0.1", faktory.port, budget=budget, password=PASSWORD.encode())
    pages = WebPages(str(faktory.web.base_url), budget=budget, password=PASSWORD)
    info = await port.info()
    assert info.faktory.queues == {"mail.er": 3}
    assert info.server.description == "Faktory"
    (queue,) = read_queues(await pages.get("/queues"))
    assert (queue.name, queue.size, queue.paused) == ("mail.er", 3, False)
    latency = await port.latency(["mail.er"])
    assert latency is None or 0 <= latency["mail.er"] < 60
    assert b"worker" not in (await pages.get("/busy")).split(b"<h3>Processes</h3>")[1][:100]
    with pytest.raises(NotFoundError):
        await pages.get("/queues/nowhere")
    await port.close()
    await pages.close()


async def test_a_wrong_password_is_said_by_both(faktory: Faktory) -> None:
    port = CommandPort("127.0.0.1", faktory.port, budget=Budget(), password=b"wrong")
    with pytest.raises(PasswordError):
        await port.info()
    pages = WebPages(str(faktory.web.base_url), budget=Budget(), password="wrong")
    with pytest.raises(PasswordError):
        await pages.get("/queues")
    await port.close()
    await pages.close()


@pytest.mark.parametrize("queue", [".", "..", "a..b"])
async def test_a_queue_whose_name_looks_like_a_dot_segment_is_shown(
    faktory: Faktory, queue: str
) -> None:
    peer = await faktory.peer()
    await peer.push("job-00000001", queue=queue)
    port = CommandPort("127.0.0.1", faktory.port, budget=Budget(), password=PASSWORD.encode())
    version = (await port.info()).server.faktory_version
    pages = WebPages(str(faktory.web.base_url), budget=Budget(), password=PASSWORD)
    if before(version, 1, 9) and queue in (".", ".."):
        with pytest.raises(NotFoundError):
            await pages.get(queue_path(queue))
    else:
        (row,) = read_queue(queue, await pages.get(queue_path(queue)))
        assert row.jid == "job-00000001"
    await port.close()
    await pages.close()

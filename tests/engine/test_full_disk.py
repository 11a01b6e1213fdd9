"""A disk without room: pushes are refused and say why, nothing acknowledged is lost, it passes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glasshouse.engine import schema
from glasshouse.engine.check import check
from glasshouse.model.job import JobSet
from glasshouse.model.listing import ListQuery
from glasshouse.upstream.embedded import EmbeddedReader
from tests.small import FileSize, Small, mounted

from .peer import Peer
from .process import EngineProcess, process, push_until_refused

FULL = "-ERR storage failed, nothing was done: the disk is full"


@pytest.fixture(params=["tmpfs", "file-size"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    (tmp_path / "small").mkdir()
    if request.param == "file-size":
        yield FileSize()
        return
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small file system needs root")
    with contextlib.ExitStack() as stack:
        try:
            made = stack.enter_context(mounted(tmp_path / "small", "12m"))
        except subprocess.CalledProcessError as error:
            pytest.skip(f"a small file system cannot be mounted here: {error.stderr.decode()}")
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "small/data"


def jids(data: Path) -> set[str]:
    db = schema.open_reader(data)
    try:
        return {jid for (jid,) in db.execute("SELECT jid FROM job")}
    finally:
        db.close()


async def _fill_up(engine: EngineProcess, acknowledged: set[str]) -> list[Peer]:
    peers = [await engine.peer() for _ in range(4)]
    answers = await asyncio.gather(
        *(push_until_refused(peer, f"jid{n}", acknowledged) for n, peer in enumerate(peers))
    )
    assert answers == [FULL] * 4
    assert len(acknowledged) > 50
    return peers


async def _until_taken(peer: Peer, jid: str) -> None:
    push = f'PUSH {{"jid":"{jid}","jobtype":"T","args":[]}}'
    while (answer := await peer.ask(push)) != "+OK":
        assert answer == FULL
        await asyncio.sleep(0.02)


async def test_pushes_are_refused_looking_goes_on_and_room_ends_it_without_a_restart(
    small: Small, data: Path, tmp_path: Path
) -> None:
    acknowledged: set[str] = set()
    async with process(data, tmp_path / "log") as engine:
        small.limit(engine.process.pid)
        peers = await _fill_up(engine, acknowledged)
        # What is looked at is older than what the journal has, but nothing else.
        assert jids(data) <= acknowledged
        reader = EmbeddedReader(data)
        state = await reader.state()
        assert 0 < sum(queue.size for queue in state.queues) <= len(acknowledged)
        assert state.refusing == FULL.removeprefix("-ERR ")
        assert (await reader.set_jobs(JobSet.DEAD, ListQuery(per_page=5))).total == 0
        assert {problem.kind for problem in check(data).problems} <= {"space"}
        # A worker gets nothing, because handing a job out has to be written too.
        assert await peers[1].ask("FLUSH") == FULL
        small.widen(engine.process.pid)
        await _until_taken(peers[0], "jid-after-1")
        acknowledged.add("jid-after-1")
        assert (await reader.state()).refusing is None
        await reader.close()
        # Nobody acknowledges the others, so no job is gone when it is fetched.
        assert (await peers[1].fetch() or {})["jid"] in acknowledged
        assert await engine.terminate() == 0
        assert "Traceback" not in engine.told()
    assert jids(data) == acknowledged
    assert {problem.kind for problem in check(data).problems} <= {"space"}


@pytest.mark.parametrize("end", [EngineProcess.terminate, "kill"])
async def test_an_engine_that_ends_while_the_disk_is_full_comes_back_with_everything(
    small: Small, data: Path, end: Callable[[EngineProcess], object] | str, tmp_path: Path
) -> None:
    acknowledged: set[str] = set()
    async with process(data, tmp_path / "log") as engine:
        small.limit(engine.process.pid)
        await _fill_up(engine, acknowledged)
        if end == "kill":
            engine.process.kill()
            await engine.ended()
        else:
            assert await engine.terminate() == 0
        with contextlib.suppress(ProcessLookupError):
            small.widen(engine.process.pid)
        assert "Traceback" not in engine.told()
    async with process(data, tmp_path / "log-2") as engine:
        peer = await engine.peer()
        assert (await peer.info())["faktory"]["total_enqueued"] == len(acknowledged)
        await peer.push("jid-after-1")
        assert await engine.terminate() == 0
    assert jids(data) == acknowledged | {"jid-after-1"}

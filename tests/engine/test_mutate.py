"""MUTATE changes what is named and nothing else, on every set."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from glasshouse.engine.run import Timers
from glasshouse.model.times import format_time

from .peer import Peer, running

BY_HAND = Timers(due=3600, reap=3600, status=3600, probe=3600)
SCHEDULED = 2


async def later(peer: Peer, jid: str, **fields: Any) -> None:
    await peer.push(jid, at=format_time(time.time() + 9999), **fields)


def line(command: str, **filters: Any) -> str:
    body = {"cmd": command, "target": "scheduled", "filter": filters}
    return "MUTATE " + json.dumps(body, separators=(",", ":"))


@pytest.mark.parametrize("command", ["discard", "kill", "requeue"])
@pytest.mark.parametrize(
    "filters",
    [
        {"jids": []},
        {"jid": ["job-00001"]},
        {"jobtypes": ["Mail"]},
        {"jobtype": ""},
        {"regexp": ""},
        {"jids": None},
        {"jids": ["job-00001"], "queue": "a"},
        {"jids": ["job-00001"], "jobtype": ""},
    ],
    ids=json.dumps,
)
async def test_a_filter_that_says_nothing_changes_nothing(
    tmp_path: Path, command: str, filters: dict[str, Any]
) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        for number in range(3):
            await later(peer, f"job-{number:05}")
        assert str(await peer.ask(line(command, **filters))).startswith("-ERR ")
        assert len(engine.jobs(SCHEDULED)) == 3


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"jids": ["job-00001", "job-00002"], "jobtype": "Mail"}, {"job-00002", "job-00003"}),
        ({"jobtype": "Mail", "regexp": "*green*"}, {"job-00001", "job-00002"}),
        ({"jids": ["job-00001", "job-00002"], "regexp": "*green*"}, {"job-00001", "job-00003"}),
        (
            {"jids": ["job-00001"], "jobtype": "Mail", "regexp": "*green*"},
            {"job-00001", "job-00002", "job-00003"},
        ),
    ],
)
async def test_several_filters_narrow(
    tmp_path: Path, filters: dict[str, Any], left: set[str]
) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        await later(peer, "job-00001", jobtype="Mail", args=["red"])
        await later(peer, "job-00002", jobtype="Bill", args=["green"])
        await later(peer, "job-00003", jobtype="Mail", args=["green"])
        assert await peer.ask(line("discard", **filters)) == "+OK"
        assert {job["jid"] for job in engine.jobs(SCHEDULED)} == left


async def test_clearing_with_a_filter_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path, timers=BY_HAND) as engine:
        peer = await engine.peer()
        await later(peer, "job-00001")
        assert str(await peer.ask(line("clear", jids=["job-00002"]))).startswith("-ERR clear")
        assert len(engine.jobs(SCHEDULED)) == 1
        assert await peer.ask(line("clear")) == "+OK"
        assert engine.jobs(SCHEDULED) == []

"""Parameters as a reader sees them; that reading never writes."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import apsw
import pytest

from glasshouse.engine import control, lock, schema
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.model.job import JobSet, JobState
from glasshouse.model.listing import ListQuery
from glasshouse.model.parameters import BOUNDS, Parameters
from glasshouse.upstream import embedded, embedded_db
from tests.steady import stated

from .log import reading, row
from .store import put, storing


async def test_parameters_come_in_their_order_with_what_is_stored_and_else_the_default(
    tmp_path: Path,
) -> None:
    stored = {"dead_lifetime": 7200.0, "default_retry": 3.0}
    async with reading(tmp_path, [], stored) as reader:
        found = await reader.parameters()
    assert found is not None
    assert [item.name for item in found] == list(BOUNDS)
    by_name = {item.name: item for item in found}
    assert by_name["dead_lifetime"].value == 7200.0
    assert by_name["dead_lifetime"].default == Parameters().dead_lifetime
    assert by_name["default_retry"].value == 3
    assert by_name["reap_period"].value == by_name["reap_period"].default
    assert by_name["reap_period"].bound is BOUNDS["reap_period"]


async def test_a_stored_value_that_this_version_refuses_is_shown_as_the_engine_takes_it(
    tmp_path: Path,
) -> None:
    stored = {"default_retry": 10**6, "of_another_version": 1.0, "finished_most": 0.0}
    async with reading(tmp_path, [], stored) as reader:
        found = await reader.parameters()
    assert found is not None
    values = {item.name: item.value for item in found}
    assert values["default_retry"] == Parameters().default_retry
    assert values["finished_most"] == 0
    assert "of_another_version" not in values


async def test_sqlite_itself_refuses_to_write_for_a_reader(tmp_path: Path) -> None:
    async with reading(tmp_path, [row(1)]):
        db = schema.open_reader(tmp_path)
        with pytest.raises(apsw.ReadOnlyError):
            db.execute("DELETE FROM finished")
        db.close()


async def test_the_history_has_every_day_and_what_was_counted(tmp_path: Path) -> None:
    async with storing(tmp_path) as (db, reader):
        for name, value in {
            "processed": 99, "processed:2027-01-15": 7, "failures:2027-01-15": 2,
            "processed:2027-01-01": 5, "processed:2020-01-01": 1, "size:4": 3,
        }.items():  # fmt: skip
            db.execute("INSERT INTO tally VALUES (?, ?)", (name, value))
        told = await reader.history(30)
        assert told.utc
        assert [day.day.isoformat() for day in told.days][::29] == ["2026-12-17", "2027-01-15"]
        assert {day.day.isoformat(): (day.processed, day.failed) for day in told.days
                if day.processed} == {"2027-01-15": (7, 2), "2027-01-01": (5, 0)}  # fmt: skip


async def test_an_engine_that_has_not_moved_for_a_while_is_said_to_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(embedded_db, "HUNG_AFTER", stated(embedded_db, "HUNG_AFTER"))
    monkeypatch.setattr(embedded_db, "time", SimpleNamespace(monotonic=lambda: now))
    async with storing(tmp_path) as (_, reader):
        await reader.change_token()
        now += 9
        await reader.change_token()
        now += 2
        with pytest.raises(UpstreamUnavailableError, match="has not responded for 11 seconds"):
            await reader.change_token()
        os.utime(tmp_path / lock.FILE)
        await reader.change_token()


async def test_what_an_engine_that_does_not_answer_has_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / control.FILE))
        silent.listen()
        async with storing(tmp_path) as (db, reader):
            put(db, JobState.DEAD, 1.0, "dead-1")
            assert (await reader.set_jobs(JobSet.DEAD, ListQuery())).total == 1
            assert (await reader.state()).refusing is None

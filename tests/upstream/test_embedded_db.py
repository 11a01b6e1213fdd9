"""Whatever is raised in a read of the embedded server, the next one sees what is there now."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from glasshouse.model.errors import NotFoundError, UpstreamUnavailableError
from glasshouse.model.job import JobState
from glasshouse.upstream.embedded_db import ReadThread

from .store import put, storing

JIDS = "SELECT jid FROM job ORDER BY id"


@pytest_asyncio.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[apsw.Connection, ReadThread]]:
    """A database with jobs in it, and a thread that reads it."""
    async with storing(tmp_path) as (db, _):
        for number in range(5):
            put(db, JobState.DEAD, float(number), f"job-{number}")
        reads = ReadThread(tmp_path, "read-test")
        yield db, reads
        await reads.close()


def jids(db: apsw.Connection) -> list[str]:
    return [jid for (jid,) in db.execute(JIDS)]


def in_a_comprehension(db: apsw.Connection) -> Any:
    return [1 // (len(str(jid)) - 5) for (jid,) in db.execute(JIDS)]


def beside_a_cursor(db: apsw.Connection) -> Any:
    found = db.execute(JIDS)
    next(found)
    raise ZeroDivisionError


def from_a_callback(db: apsw.Connection) -> Any:
    found = db.cursor()

    def look(_: apsw.Cursor, row: tuple[Any, ...]) -> int:
        return 1 // (len(row[0]) - 5)

    found.row_trace = look
    return list(found.execute(JIDS))


def in_a_function(db: apsw.Connection) -> Any:
    def odd(*_: Any) -> int:
        return 1 // 0

    db.create_scalar_function("odd", odd)
    return db.execute("SELECT odd(jid) FROM job").get


def not_there(db: apsw.Connection) -> Any:
    found = db.execute(JIDS)
    next(found)
    raise NotFoundError("There is none.")


def refused(db: apsw.Connection) -> Any:
    found = db.execute(JIDS)
    next(found)
    raise apsw.IOError("the disk failed")


def commits_by_itself(db: apsw.Connection) -> Any:
    db.execute("COMMIT")
    return beside_a_cursor(db)


@pytest.mark.parametrize(
    "read",
    [
        in_a_comprehension,
        beside_a_cursor,
        from_a_callback,
        in_a_function,
        not_there,
        refused,
        commits_by_itself,
    ],
)
async def test_after_any_error_the_next_read_is_fresh(
    both: tuple[apsw.Connection, ReadThread], read: Callable[[apsw.Connection], Any]
) -> None:
    db, reads = both
    kept: list[BaseException] = []
    for number in range(3):
        before = await reads.run(lambda db: (db.pragma("data_version"), jids(db)))
        with capture_logs(), pytest.raises((UpstreamUnavailableError, NotFoundError)) as raised:
            await reads.run(read)
        # As a task keeps what it raised, and with it every frame and every cursor there.
        kept.append(raised.value)
        put(db, JobState.DEAD, 9.0, f"newer-{number}")
        after = await reads.run(jids)
        assert after == [*before[1], f"newer-{number}"]
    assert len(kept) == 3


async def test_a_cursor_that_is_given_away_keeps_nobody_from_what_is_new(
    both: tuple[apsw.Connection, ReadThread],
) -> None:
    db, reads = both
    cursor = await reads.run(lambda db: db.execute(JIDS))
    put(db, JobState.DEAD, 9.0, "newer")
    assert (await reads.run(jids))[-1] == "newer"
    with pytest.raises(apsw.Error):
        list(cursor)


async def test_a_fault_of_ours_is_logged_and_told_without_what_it_says(
    both: tuple[apsw.Connection, ReadThread],
) -> None:
    _, reads = both

    def read(_: apsw.Connection) -> None:
        raise RuntimeError("tok-5ecr3t")

    with (
        capture_logs() as logs,
        pytest.raises(UpstreamUnavailableError, match="RuntimeError") as raised,
    ):
        await reads.run(read)
    assert "5ecr3t" not in raised.value.detail + raised.value.remedy
    assert [line["event"] for line in logs] == ["a read of the embedded server failed"]


async def test_a_reader_that_was_closed_says_so(tmp_path: Path) -> None:
    reads = ReadThread(tmp_path, "read-test")
    await reads.close()
    with pytest.raises(UpstreamUnavailableError, match="closed"):
        await reads.run(jids)


async def test_a_connection_that_was_replaced_is_a_change(tmp_path: Path) -> None:
    """Its counts begin anew: they might come to the same."""
    async with storing(tmp_path) as (db, reader):
        put(db, JobState.DEAD, 1.0, "job-0")
        seen = {await reader.change_token()}
        for _ in range(3):
            with capture_logs(), pytest.raises(UpstreamUnavailableError):
                await reader._lists.run(beside_a_cursor)
            token = await reader.change_token()
            assert token not in seen
            seen.add(token)

"""A data folder with a finished log of any length, as an engine would have left it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path

from glasshouse.engine import schema
from glasshouse.engine.lock import FolderLock
from glasshouse.model.job import Outcome
from glasshouse.upstream.embedded import EmbeddedReader

NOW = 1_800_000_000.0
Row = tuple[int, str, str, str, str | None, float | None, float, float, int, str | None, str | None]


def row(number: int, outcome: Outcome = Outcome.DONE, **fields: object) -> Row:
    """Return an entry that ended at second ``number``, having waited 2 s and run 1 s."""
    facts: dict[str, object] = {
        "jid": f"jid-{number:06}",
        "jobtype": "Send",
        "queue": "mail",
        "wid": "w1",
        "enqueued_at": number - 3.0,
        "reserved_at": number - 1.0,
        "finished_at": float(number),
        "outcome": schema.OUTCOME_NUMBERS[outcome],
        "errtype": None if outcome is Outcome.DONE else "Timeout",
        "echoes": None if outcome is Outcome.DONE else "[]",
    }
    return (number, *(facts | fields).values())  # type: ignore[return-value]


@contextlib.asynccontextmanager
async def reading(
    folder: Path, log: Iterable[Row], parameters: dict[str, float] | None = None
) -> AsyncIterator[EmbeddedReader]:
    """Read a folder that holds ``log`` and whose engine seems to run."""
    lock = FolderLock(folder)
    db = schema.open_writer(folder)
    with db:
        db.executemany("INSERT INTO finished VALUES (?,?,?,?,?,?,?,?,?,?,?)", _each(log))
        db.executemany("INSERT INTO parameter VALUES (?, ?)", list((parameters or {}).items()))
    db.close()
    reader = EmbeddedReader(folder, clock=lambda: NOW)
    try:
        yield reader
    finally:
        await reader.close()
        lock.close()


def _each(log: Iterable[Row]) -> Iterator[Row]:
    yield from log

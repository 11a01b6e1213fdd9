"""Batches of older journals are written as they were meant."""

from __future__ import annotations

from pathlib import Path

from glasshouse.engine import schema
from glasshouse.engine.batch import Batch, write


def test_entries_of_the_log_that_lack_the_newest_column_are_taken(tmp_path: Path) -> None:
    db = schema.open_writer(tmp_path)
    old = (1, "jid", "Send", "mail", None, 1.0, 2.0, 3.0, 2, "Timeout")
    write(db, Batch(finished=[old, (2, *old[1:], "[]")]), 1)
    assert list(db.execute("SELECT id, errtype, echoes FROM finished")) == [
        (1, "Timeout", None), (2, "Timeout", "[]"),
    ]  # fmt: skip
    db.close()

"""Repairing a database after it applied a journal with missing records.

Each job is independent. What must hold for all of them together is restored
here: every queue is listed, no two jobs hold the same place in a queue, and the
log of finished executions has no gaps. Counts are left to ``batch.recount``.
"""

from __future__ import annotations

import contextlib

import apsw

_QUEUES = (
    "INSERT INTO queue SELECT DISTINCT queue, 0, 0 FROM job"
    " WHERE state = 1 AND queue NOT IN (SELECT name FROM queue)"
)
_SHARED = "SELECT 1 FROM job WHERE state = 1 GROUP BY queue, score HAVING count(*) > 1 LIMIT 1"
_PLACES = (
    "UPDATE job SET score = places.place FROM"
    " (SELECT id, row_number() OVER (ORDER BY score, id) AS place FROM job WHERE state = 1)"
    " AS places WHERE job.id = places.id"
)
_GAPS = "SELECT max(id) - min(id) + 1 > count(*) FROM finished"
# Towards the newest, from which ids continue. Two steps, so that no id is ever taken twice.
_CLOSED = (
    "UPDATE finished SET id = -moved.to_id FROM (SELECT id, (SELECT max(id) FROM finished) + 1"
    " - row_number() OVER (ORDER BY id DESC) AS to_id FROM finished) AS moved"
    " WHERE finished.id = moved.id;"
    "UPDATE finished SET id = -id"
)


def close_holes(db: apsw.Connection) -> None:
    """Restore what an engine relies on, in one transaction.

    Raises:
        apsw.Error: the disk refuses; nothing was changed.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute(_QUEUES)
        if db.execute(_SHARED).fetchone() is not None:
            db.execute(_PLACES)
        if db.execute(_GAPS).get:
            db.execute(_CLOSED)
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(apsw.Error):  # SQLite may have rolled back by itself
            db.execute("ROLLBACK")
        raise

"""What each record of the ledger, and each operation, is about: a server, and which queues."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "008"
down_revision = "007"

_STEP, _LONGEST = 500, 1500
# As text of any characters is kept: without a limit of the database's own where it has one.
_KEY = sa.String(32).with_variant(sa.Text(), "postgresql")
_LEDGER = sa.table(
    "ledger", sa.column("seq"), sa.column("body", sa.LargeBinary), sa.column("subject")
)
_SUBJECT = sa.table("ledger_subject", sa.column("key"), sa.column("server"), sa.column("queues"))
_OPERATION = sa.table(
    "operation", sa.column("id"), sa.column("operation"), sa.column("queue"), sa.column("queues")
)
# These are about every queue, whichever had jobs then.
_WHOLE = ("set.clear", "server.flush")


def upgrade() -> None:
    """Make the table and the columns, and fill them from what was recorded."""
    op.create_table(
        "ledger_subject",
        sa.Column("key", _KEY, primary_key=True),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("queues", sa.Text, nullable=False),
    )
    op.add_column("ledger", sa.Column("subject", _KEY))
    op.create_index("ix_ledger_subject", "ledger", ["subject"])
    db = op.get_bind()
    _fill_ledger(db)
    asked = sa.select(_OPERATION.c.id, _OPERATION.c.queue).where(
        _OPERATION.c.queue != "", _OPERATION.c.operation.not_in(_WHOLE)
    )
    for name, queue in db.execute(asked).all():
        db.execute(sa.update(_OPERATION).where(_OPERATION.c.id == name).values(queues=_list(queue)))


def _fill_ledger(db: sa.Connection) -> None:
    known: set[str] = set()
    after = 0
    while True:
        asked = sa.select(_LEDGER.c.seq, _LEDGER.c.body).where(_LEDGER.c.seq > after)
        rows = db.execute(asked.order_by(_LEDGER.c.seq).limit(_STEP)).all()
        if not rows:
            return
        for seq, body in rows:
            after = seq
            found = _subject(bytes(body))
            if found is None:
                continue
            server, queues = found
            key = hashlib.sha256(f"{server}\n{queues}".encode()).hexdigest()[:32]
            if key not in known:
                known.add(key)
                db.execute(sa.insert(_SUBJECT).values(key=key, server=server, queues=queues))
            db.execute(sa.update(_LEDGER).where(_LEDGER.c.seq == seq).values(subject=key))


def _subject(body: bytes) -> tuple[str, str] | None:
    """Return the server and the queues that a record names; an empty text for all of them."""
    try:
        detail = json.loads(body)["detail"]
        server, queue = detail["server"], detail.get("queue")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not isinstance(server, str):
        return None
    return server, _list(queue) if isinstance(queue, str) and len(queue) <= _LONGEST else ""


def _list(queue: str) -> str:
    return json.dumps([queue], separators=(",", ":"))

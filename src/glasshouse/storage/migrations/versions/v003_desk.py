"""Operations: previews with their frozen jobs, what runs and what was done, the trash."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "003"
down_revision = "002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "preview",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("summary", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False, index=True),
    )
    op.create_table(
        "chunk",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("entries", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "operation",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("record", sa.BigInteger, nullable=False, unique=True),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("operation", sa.String(40), nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("asked", sa.LargeBinary, nullable=False),
        sa.Column("who", sa.LargeBinary, nullable=False),
        sa.Column("steps", sa.Integer, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("total", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("moved", sa.BigInteger, nullable=False),
        sa.Column("examples", sa.LargeBinary, nullable=False),
        sa.Column("stop", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("started_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
    )
    op.create_index("operation_by_queue", "operation", ["server", "queue", "started_at"])
    op.create_index("operation_open", "operation", ["ended_at"])
    op.create_table(
        "touched",
        sa.Column("operation", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("jid", sa.Text, nullable=False),
    )
    op.create_index("touched_by_jid", "touched", ["server", "jid"])
    op.create_table(
        "trash",
        sa.Column("operation", sa.String(64), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sa.Column("server", sa.String(64), nullable=False),
        sa.Column("queue", sa.Text, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("jid", sa.Text, nullable=False),
        sa.Column("jobtype", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("restored_at", sa.Float),
    )
    op.create_index("trash_in_order", "trash", ["n"])

"""The audit ledger: records in their chain, its end, signed checkpoints."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

revision = "002"
down_revision = "001"


def upgrade() -> None:
    """Make the tables, and give the ledger its id."""
    op.create_table(
        "ledger",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("at", sa.Float, nullable=False, index=True),
        sa.Column("event", sa.String(32), nullable=False, index=True),
        sa.Column("actor", sa.String(300), nullable=False, index=True),
    )
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
    )
    made = secrets.token_bytes(32)
    op.bulk_insert(head, [{"id": made, "seq": 0, "digest": made}])
    op.create_table(
        "checkpoint",
        sa.Column("signature", sa.String(128), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False, index=True),
        sa.Column("body", sa.Text, nullable=False),
    )

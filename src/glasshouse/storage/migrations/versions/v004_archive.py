"""The ledger's archive: where the records of the database begin, when older ones were moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "004"
down_revision = "003"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "archived",
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("keys", sa.Text, nullable=False),
        sa.Column("file", sa.String(200), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )

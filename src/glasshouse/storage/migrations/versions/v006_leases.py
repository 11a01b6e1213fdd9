"""Operations belong to one console by a lease; what they were agreed for, and who stopped them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "006"
down_revision = "005"


def upgrade() -> None:
    """Add the columns; what has no outcome belongs to nobody yet."""
    for column in (
        sa.Column("order_digest", sa.String(64), nullable=False, server_default=""),
        sa.Column("queues", sa.Text, nullable=False, server_default=""),
        sa.Column("stopped_by", sa.String(300), nullable=False, server_default=""),
        sa.Column("lease_owner", sa.String(64), nullable=False, server_default=""),
        sa.Column("lease_expires_at", sa.Float, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
    ):
        op.add_column("operation", column)
    steps = sa.Column("steps", sa.Integer, nullable=False, server_default="0")
    op.add_column("preview", steps)

"""The trash is found by a job's id, so that what became of a deleted job can be told."""

from __future__ import annotations

from alembic import op

revision = "009"
down_revision = "008"


def upgrade() -> None:
    """Make the index."""
    op.create_index("trash_by_jid", "trash", ["jid"], postgresql_using="hash")

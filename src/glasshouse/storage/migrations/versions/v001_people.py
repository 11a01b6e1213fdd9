"""Accounts, sessions, second factors, tokens and limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    name, digest = sa.String(300), sa.LargeBinary(32)
    op.create_table(
        "account",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_table(
        "session",
        sa.Column("digest", digest, primary_key=True),
        sa.Column("public_id", sa.String(32), nullable=False, unique=True),
        sa.Column("actor", name, nullable=False, index=True),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("seen_at", sa.Float, nullable=False),
        sa.Column("proven_at", sa.Float),
        sa.Column("password_at", sa.Float),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(300), nullable=False),
    )
    op.create_index("session_by_time", "session", ["seen_at"])
    _factors(name, digest)
    op.create_table(
        "token",
        sa.Column("digest", digest, primary_key=True),
        sa.Column("public_id", sa.String(32), nullable=False, unique=True),
        sa.Column("actor", name, nullable=False, index=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
        sa.Column("proven_at", sa.Float),
        sa.Column("used_at", sa.Float),
    )
    op.create_table(
        "pending",
        sa.Column("digest", digest, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("actor", name, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.String(400), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("ends_at", sa.Float, nullable=False),
    )
    op.create_table(
        "known",
        sa.Column("actor", name, primary_key=True),
        sa.Column("address", sa.String(64), primary_key=True),
        sa.Column("at", sa.Float, nullable=False),
    )


def _factors(name: sa.String, digest: sa.LargeBinary) -> None:
    op.create_table(
        "totp",
        sa.Column("actor", name, primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "passkey",
        sa.Column("credential", sa.LargeBinary(1024), primary_key=True),
        sa.Column("actor", name, nullable=False, index=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("used_at", sa.Float),
    )
    op.create_table(
        "recovery",
        sa.Column("digest", digest, primary_key=True),
        sa.Column("actor", name, nullable=False, index=True),
        sa.Column("used_at", sa.Float),
    )

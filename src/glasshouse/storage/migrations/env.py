"""What Alembic runs: it migrates the connection that it is handed, and no other."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()

"""Text of any characters and length, without limits of the database; stamps of passwords.

Text that was kept before with the characters that are kept in another form now is brought
into that form, so that it is found again.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from glasshouse.storage.text import MARK, encode

revision = "007"
down_revision = "006"


def upgrade() -> None:
    """Widen columns and indexes of text, re-encode what they hold, and add the stamps."""
    postgres = op.get_bind().dialect.name == "postgresql"
    for table, columns in list(_texts()):
        if postgres:
            for column in columns:
                op.alter_column(table.name, column.name, type_=sa.Text())
        _encode(table, columns)
    for index, indexed, name in (
        ("operation_by_queue", "operation", "queue"),
        ("touched_by_jid", "touched", "jid"),
    ):
        op.drop_index(index, indexed)
        # Any other kind of index has a limit there that names of queues and jobs have not.
        op.create_index(index, indexed, [name], postgresql_using="hash")
    op.create_index("operation_by_time", "operation", ["server", "started_at"])
    for name in ("session", "token"):
        op.add_column(name, sa.Column("stamp", sa.LargeBinary(32)))


def _texts() -> Iterator[tuple[sa.Table, list[sa.Column[str]]]]:
    """Yield the tables as they are, each with its columns of text."""
    found = sa.MetaData()
    found.reflect(op.get_bind())
    for table in found.sorted_tables:
        texts = [column for column in table.columns if isinstance(column.type, sa.String)]
        if texts and table.name != "alembic_version":
            yield table, texts


def _encode(table: sa.Table, columns: list[sa.Column[str]]) -> None:
    connection = op.get_bind()
    postgres = connection.dialect.name == "postgresql"
    place = sa.func.strpos if postgres else sa.func.instr
    key = list(table.primary_key.columns)
    for column in columns:
        odd = place(column, MARK) > 0
        if not postgres:
            odd = sa.or_(odd, place(column, sa.func.char(0)) > 0)
        for *named, text in connection.execute(sa.select(*key, column).where(odd)).all():
            its = [part == value for part, value in zip(key, named, strict=True)]
            new = {column.name: encode(text)}
            connection.execute(sa.update(table).where(*its).values(new))

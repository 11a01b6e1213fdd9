"""The tables of the console's database. Times are Unix seconds.

``actor`` is a qualified name (``local:ops``). Credentials are stored as digests only: reading
the database does not let anyone sign in. TOTP secrets are the exception, since codes are made
from them. Text of any characters can be stored.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
)

from glasshouse.storage.text import PortableText

METADATA = MetaData()
_NAME, _DIGEST = PortableText(300), LargeBinary(32)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("name", PortableText(64), primary_key=True),
    Column("password", PortableText, nullable=False),
    Column("role", PortableText(64), nullable=False),
    Column("created_at", Float, nullable=False),
)
SESSION = Table(
    "session",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("public_id", PortableText(32), nullable=False, unique=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("groups", PortableText, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("proven_at", Float),
    Column("password_at", Float),
    Column("address", PortableText(64), nullable=False),
    Column("agent", PortableText(300), nullable=False),
    Column("stamp", LargeBinary(32)),
)
TOTP = Table(
    "totp",
    METADATA,
    Column("actor", _NAME, primary_key=True),
    Column("secret", PortableText(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("last_step", BigInteger, nullable=False),
)
PASSKEY = Table(
    "passkey",
    METADATA,
    Column("credential", LargeBinary(1024), primary_key=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("label", PortableText(100), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("used_at", Float),
)
RECOVERY = Table(
    "recovery",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("used_at", Float),
)
TOKEN = Table(
    "token",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("public_id", PortableText(32), nullable=False, unique=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("kind", PortableText(16), nullable=False),
    Column("label", PortableText(100), nullable=False),
    Column("scope", PortableText, nullable=False),
    Column("groups", PortableText, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("proven_at", Float),
    Column("used_at", Float),
    Column("stamp", LargeBinary(32)),
)
PENDING = Table(
    "pending",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("kind", PortableText(16), nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("data", PortableText, nullable=False),
    Column("expires_at", Float, nullable=False),
)
ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("key", PortableText(400), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", Float, nullable=False),
)
KNOWN = Table(
    "known",
    METADATA,
    Column("actor", _NAME, primary_key=True),
    Column("address", PortableText(64), primary_key=True),
    Column("at", Float, nullable=False),
)
LEDGER = Table(
    "ledger",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("event", PortableText(32), nullable=False, index=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("subject", PortableText(32), index=True),
)
LEDGER_SUBJECT = Table(
    "ledger_subject",
    METADATA,
    Column("key", PortableText(32), primary_key=True),
    Column("server", PortableText, nullable=False),
    Column("queues", PortableText, nullable=False),
)
LEDGER_HEAD = Table(
    "ledger_head",
    METADATA,
    Column("id", _DIGEST, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("digest", _DIGEST, nullable=False),
)
CHECKPOINT = Table(
    "checkpoint",
    METADATA,
    Column("signature", PortableText(128), primary_key=True),
    Column("seq", BigInteger, nullable=False, index=True),
    Column("body", PortableText, nullable=False),
)
ARCHIVED = Table(
    "archived",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", _DIGEST, nullable=False),
    Column("keys", PortableText, nullable=False),
    Column("file", PortableText(200), nullable=False),
    Column("at", Float, nullable=False),
)
SINK = Table(
    "sink",
    METADATA,
    Column("key", PortableText(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("signed", BigInteger, nullable=False),
    Column("fault", PortableText, nullable=False),
    Column("at", Float, nullable=False),
)
PREVIEW = Table(
    "preview",
    METADATA,
    Column("id", PortableText(64), primary_key=True),
    Column("actor", _NAME, nullable=False),
    Column("server", PortableText(64), nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("steps", Integer, nullable=False, server_default="0"),
)
CHUNK = Table(
    "chunk",
    METADATA,
    Column("owner", PortableText(64), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)
OPERATION = Table(
    "operation",
    METADATA,
    Column("id", PortableText(64), primary_key=True),
    Column("record", BigInteger, nullable=False, unique=True),
    Column("server", PortableText(64), nullable=False),
    Column("operation", PortableText(40), nullable=False),
    Column("queue", PortableText, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("reason", PortableText, nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("who", LargeBinary, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("examples", LargeBinary, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("outcome", PortableText(20), nullable=False),
    Column("detail", PortableText, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
    Column("order_digest", PortableText(64), nullable=False, server_default=""),
    Column("queues", PortableText, nullable=False, server_default=""),
    Column("stopped_by", _NAME, nullable=False, server_default=""),
    Column("lease_owner", PortableText(64), nullable=False, server_default=""),
    Column("lease_expires_at", Float, nullable=False, server_default="0"),
    Column("fence", BigInteger, nullable=False, server_default="0"),
)
TOUCHED = Table(
    "touched",
    METADATA,
    Column("operation", PortableText(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("server", PortableText(64), nullable=False),
    Column("jid", PortableText, nullable=False),
)
TRASH = Table(
    "trash",
    METADATA,
    Column("operation", PortableText(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("server", PortableText(64), nullable=False),
    Column("queue", PortableText, nullable=False),
    Column("state", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("jid", PortableText, nullable=False),
    Column("jobtype", PortableText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("restored_at", Float),
)
Index("session_by_time", SESSION.c.seen_at)
# What clients name may be longer than any other kind of index in PostgreSQL accepts.
Index("operation_by_queue", OPERATION.c.queue, postgresql_using="hash")
Index("operation_by_time", OPERATION.c.server, OPERATION.c.started_at)
Index("operation_open", OPERATION.c.ended_at)
Index("touched_by_jid", TOUCHED.c.jid, postgresql_using="hash")
Index("trash_in_order", TRASH.c.n)
Index("trash_by_jid", TRASH.c.jid, postgresql_using="hash")

"""The tables of the console's database. Times are Unix seconds.

``actor`` is a qualified name (``local:ops``). Whatever opens something is kept as a
digest only: whoever reads the database can sign in with nothing that stands here. TOTP
secrets are the exception, since codes are made from them.
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
    String,
    Table,
    Text,
)

METADATA = MetaData()
_NAME, _DIGEST = String(300), LargeBinary(32)

ACCOUNT = Table(
    "account",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("password", Text, nullable=False),
    Column("role", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
)
SESSION = Table(
    "session",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("public_id", String(32), nullable=False, unique=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("groups", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("proven_at", Float),
    Column("password_at", Float),
    Column("address", String(64), nullable=False),
    Column("agent", String(300), nullable=False),
)
TOTP = Table(
    "totp",
    METADATA,
    Column("actor", _NAME, primary_key=True),
    Column("secret", String(64), nullable=False),
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
    Column("label", String(100), nullable=False),
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
    Column("public_id", String(32), nullable=False, unique=True),
    Column("actor", _NAME, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("label", String(100), nullable=False),
    Column("scope", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("proven_at", Float),
    Column("used_at", Float),
)
PENDING = Table(
    "pending",
    METADATA,
    Column("digest", _DIGEST, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("data", Text, nullable=False),
    Column("expires_at", Float, nullable=False),
)
ATTEMPT = Table(
    "attempt",
    METADATA,
    Column("key", String(400), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("ends_at", Float, nullable=False),
)
KNOWN = Table(
    "known",
    METADATA,
    Column("actor", _NAME, primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("at", Float, nullable=False),
)
LEDGER = Table(
    "ledger",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("event", String(32), nullable=False, index=True),
    Column("actor", _NAME, nullable=False, index=True),
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
    Column("signature", String(128), primary_key=True),
    Column("seq", BigInteger, nullable=False, index=True),
    Column("body", Text, nullable=False),
)
ARCHIVED = Table(
    "archived",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", _DIGEST, nullable=False),
    Column("keys", Text, nullable=False),
    Column("file", String(200), nullable=False),
    Column("at", Float, nullable=False),
)
SINK = Table(
    "sink",
    METADATA,
    Column("key", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("signed", BigInteger, nullable=False),
    Column("fault", Text, nullable=False),
    Column("at", Float, nullable=False),
)
PREVIEW = Table(
    "preview",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("actor", _NAME, nullable=False),
    Column("server", String(64), nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("summary", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
)
CHUNK = Table(
    "chunk",
    METADATA,
    Column("owner", String(64), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("entries", LargeBinary, nullable=False),
)
OPERATION = Table(
    "operation",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("record", BigInteger, nullable=False, unique=True),
    Column("server", String(64), nullable=False),
    Column("operation", String(40), nullable=False),
    Column("queue", Text, nullable=False),
    Column("actor", _NAME, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("who", LargeBinary, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),
    Column("examples", LargeBinary, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Column("started_at", Float, nullable=False),
    Column("ended_at", Float),
)
TOUCHED = Table(
    "touched",
    METADATA,
    Column("operation", String(64), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("server", String(64), nullable=False),
    Column("jid", Text, nullable=False),
)
TRASH = Table(
    "trash",
    METADATA,
    Column("operation", String(64), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    Column("server", String(64), nullable=False),
    Column("queue", Text, nullable=False),
    Column("state", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("jid", Text, nullable=False),
    Column("jobtype", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("restored_at", Float),
)
Index("session_by_time", SESSION.c.seen_at)
Index("operation_by_queue", OPERATION.c.server, OPERATION.c.queue, OPERATION.c.started_at)
Index("operation_open", OPERATION.c.ended_at)
Index("touched_by_jid", TOUCHED.c.server, TOUCHED.c.jid)
Index("trash_in_order", TRASH.c.n)

"""What the console keeps: the same on SQLite and on PostgreSQL, also when many ask at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from glasshouse.model.errors import InvalidError, NotFoundError, StoreError
from glasshouse.storage import accounts, factors, limits, pending, schema, sessions, tokens
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, address_of, engine_of, sqlite_url
from glasshouse.storage.factors import Passkey
from glasshouse.storage.pending import Pending
from glasshouse.storage.sessions import Session
from glasshouse.storage.tables import METADATA
from glasshouse.storage.tokens import Token

from .conftest import at_version

NOW = 1_800_000_000.0


def account(name: str = "ops", role: str = "operator") -> Account:
    return Account(name=name, password="hash", role=role, created_at=NOW)


def session(number: int = 1, actor: str = "local:ops", **more: object) -> Session:
    facts: dict[str, object] = {
        "digest": bytes([number]) * 32,
        "public_id": f"s{number}",
        "actor": actor,
        "groups": ("a b", "ü"),
        "created_at": NOW,
        "seen_at": NOW,
        "proven_at": None,
        "password_at": NOW,
        "address": "127.0.0.1",
        "agent": "<b>",
    }
    return Session(**(facts | more))  # type: ignore[arg-type]


def token(number: int = 1, **more: object) -> Token:
    facts: dict[str, object] = {
        "digest": bytes([number]) * 32,
        "public_id": f"t{number}",
        "actor": "local:ops",
        "kind": tokens.API,
        "label": "ci",
        "scope": ("job.*",),
        "groups": (),
        "created_at": NOW,
        "expires_at": NOW + 60,
    }
    return Token(**(facts | more))  # type: ignore[arg-type]


def test_the_tables_are_those_that_the_versions_make(database: Database) -> None:
    def differences(db: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(db), METADATA))

    assert database.call(differences) == []


def test_an_account_goes_with_all_that_it_signs_in_with(database: Database) -> None:
    database.call(accounts.add, account())
    with pytest.raises(InvalidError, match="already"):
        database.call(accounts.add, account())
    assert database.call(accounts.everybody) == (account(),)
    database.call(accounts.set_password, "ops", "other")
    database.call(sessions.start, session())
    database.call(tokens.add, token())
    database.call(factors.set_totp, "local:ops", "S", NOW, 1)
    database.call(factors.set_recovery, "local:ops", (b"x" * 32,))
    database.call(sessions.start, session(2, "local:other"))
    database.call(accounts.remove, "ops")
    assert database.call(accounts.find, "ops") is None
    assert database.call(sessions.find, session().digest, NOW) is None
    assert database.call(tokens.find, token().digest, NOW) is None
    assert not database.call(factors.of, "local:ops").any
    assert database.call(factors.of, "local:ops").recovery == 0
    assert database.call(sessions.find, session(2).digest, NOW) is not None
    with pytest.raises(NotFoundError):
        database.call(accounts.remove, "ops")


def test_sessions_are_found_until_they_end(database: Database) -> None:
    database.call(sessions.start, session())
    found = database.call(sessions.find, session().digest, NOW + 1)
    assert found == session()
    assert database.call(sessions.find, session().digest, NOW + sessions.IDLE + 1) is None
    database.call(sessions.touch, session().digest, NOW + sessions.IDLE)
    assert database.call(sessions.find, session().digest, NOW + sessions.IDLE + 1) is not None
    assert database.call(sessions.find, session().digest, NOW + sessions.LONGEST + 1) is None
    new = b"n" * 32
    assert database.call(
        sessions.rotate, session().digest, new, proven_at=NOW + 5, password_at=None
    )
    assert database.call(sessions.find, session().digest, NOW) is None
    assert not database.call(
        sessions.rotate, session().digest, b"m" * 32, proven_at=NOW, password_at=None
    )
    found = database.call(sessions.find, new, NOW)
    assert found is not None
    assert found.proven_at == NOW + 5
    assert not database.call(sessions.end_one, "local:other", "s1")
    assert database.call(sessions.end_one, "local:ops", "s1")
    assert database.call(sessions.of, "local:ops", NOW) == ()


def test_a_person_has_so_many_sessions_and_no_more(database: Database) -> None:
    for number in range(1, 26):
        database.call(
            sessions.start, session(number, created_at=NOW + number, seen_at=NOW + number)
        )
    held = database.call(sessions.of, "local:ops", NOW + 30)
    assert [one.public_id for one in held] == [f"s{number}" for number in range(25, 5, -1)]
    assert database.call(sessions.end_all, "local:ops", bytes([25]) * 32) == 19
    assert database.call(sessions.end_all, "local:ops") == 1


def test_tokens_expire_and_are_listed_by_who_made_them(database: Database) -> None:
    database.call(tokens.add, token())
    database.call(tokens.add, token(2, kind=tokens.STEP_UP, proven_at=NOW, label=""))
    assert database.call(tokens.find, token().digest, NOW + 59) == token()
    assert database.call(tokens.find, token().digest, NOW + 60) is None
    assert [one.public_id for one in database.call(tokens.of, "local:ops", NOW)] == ["t1"]
    database.call(tokens.use, token().digest, NOW + 7)
    (used,) = database.call(tokens.of, "local:ops", NOW)
    assert used.used_at == NOW + 7
    assert not database.call(tokens.remove, "local:other", "t1")
    assert database.call(tokens.remove, "local:ops", "t1")


def test_what_was_begun_is_taken_once(database: Database) -> None:
    begun = Pending(digest=b"d" * 32, kind="k", actor="a", data="x\ny", expires_at=NOW + 10)
    database.call(pending.begin, begun, NOW)
    assert database.call(pending.take, b"d" * 32, "other", NOW) is None
    assert database.call(pending.take, b"d" * 32, "k", NOW) == begun
    assert database.call(pending.take, b"d" * 32, "k", NOW) is None
    database.call(pending.begin, begun, NOW)
    assert database.call(pending.take, b"d" * 32, "k", NOW + 10) is None


def test_passkeys_are_kept_by_their_id(database: Database) -> None:
    key = Passkey(
        credential=b"\0id" * 20,
        actor="local:ops",
        public_key=b"\xff" * 300,
        sign_count=3,
        label="é",
        created_at=NOW,
    )
    database.call(factors.add_passkey, key)
    with pytest.raises(InvalidError, match="already registered"):
        database.call(factors.add_passkey, key)
    assert database.call(factors.passkey, key.credential) == key
    database.call(factors.use_passkey, key.credential, 9, NOW + 1)
    (used,) = database.call(factors.of, "local:ops").passkeys
    assert (used.sign_count, used.used_at) == (9, NOW + 1)
    database.call(factors.remove_passkey, "local:other", key.credential)
    assert database.call(factors.of, "local:ops").any
    database.call(factors.remove_passkey, "local:ops", key.credential)
    assert not database.call(factors.of, "local:ops").any


async def test_one_code_is_taken_by_one_of_many(database: Database) -> None:
    database.call(factors.set_totp, "local:ops", "S", NOW, 5)
    database.call(factors.set_recovery, "local:ops", (b"r" * 32,))
    taken = await asyncio.gather(
        *(database.run(factors.take_step, "local:ops", 6) for _ in range(20))
    )
    assert sum(taken) == 1
    assert not await database.run(factors.take_step, "local:ops", 6)
    assert not await database.run(factors.take_step, "local:ops", 4)
    used = await asyncio.gather(
        *(database.run(factors.use_recovery, "local:ops", b"r" * 32, NOW) for _ in range(20))
    )
    assert sum(used) == 1


async def test_no_more_attempts_get_through_than_may(database: Database) -> None:
    limit = limits.Limit(5, 60.0)
    waits = await asyncio.gather(*(database.run(limits.take, "k", limit, NOW) for _ in range(30)))
    assert waits.count(0.0) == 5
    assert database.call(limits.take, "k", limit, NOW) == 60.0
    assert database.call(limits.full, "k", limit, NOW + 20) == 40.0
    assert database.call(limits.full, "k", limits.Limit(6, 60.0), NOW) == 0.0
    assert database.call(limits.full, "other", limit, NOW) == 0.0
    assert database.call(limits.full, "k", limit, NOW + 60) == 0.0
    assert database.call(limits.take, "k", limit, NOW + 60) == 0.0
    database.call(limits.know, "who", "here", NOW)
    database.call(limits.know, "who", "here", NOW + 1)
    assert database.call(limits.knows, "who", "here", NOW + 2)
    assert not database.call(limits.knows, "who", "there", NOW)
    assert not database.call(limits.knows, "who", "here", NOW + limits.KNOWN_FOR + 2)


def test_what_was_counted_by_a_clock_that_was_set_back_ends_in_its_time(
    database: Database,
) -> None:
    limit = limits.Limit(2, 60.0)
    for _ in range(3):
        database.call(limits.take, "k", limit, NOW)
    assert database.call(limits.full, "k", limit, NOW + 20) == 40.0
    database.call(limits.set_back, 30.0)
    assert database.call(limits.full, "k", limit, NOW - 10) == 40.0
    # A console that did not run when the clock was set back sees what cannot be.
    assert database.call(limits.full, "k", limit, NOW - 3600) == 0.0
    assert database.call(limits.take, "k", limit, NOW - 3600) == 0.0
    assert database.call(limits.take, "k", limit, NOW - 3600) == 0.0
    assert database.call(limits.take, "k", limit, NOW - 3600) == 60.0


def test_a_failure_is_told_without_what_was_kept(database: Database) -> None:
    def fail(db: sa.Connection) -> None:
        db.execute(sa.text("SELECT * FROM gone WHERE x = :secret"), {"secret": "hush"})

    with pytest.raises(StoreError) as caught:
        database.call(fail)
    assert "hush" not in caught.value.detail
    assert "SELECT" not in caught.value.detail


def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    def half(db: sa.Connection) -> None:
        accounts.add(db, account())
        raise NotFoundError("the second half")

    with pytest.raises(NotFoundError):
        database.call(half)
    assert database.call(accounts.everybody) == ()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nothing",
        "mysql://x/y",
        "sqlite://",
        "sqlite:////proc/none/x.db",
        "postgresql://tester@127.0.0.1:1/x",
    ],
)
def test_a_database_that_cannot_be_used_is_said_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database(url.replace("tester@", "tester:hush@"))
    assert caught.value.remedy
    assert "hush" not in caught.value.detail


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    made = Database(sqlite_url(tmp_path))

    def newer(db: sa.Connection) -> None:
        db.execute(sa.text("UPDATE alembic_version SET version_num = '999'"))

    made.call(newer)
    made.close()
    with pytest.raises(StoreError, match="cannot be used"):
        Database(sqlite_url(tmp_path))


def _bare(default: str | None) -> str | None:
    """Return a default without its type: PostgreSQL notes what it was written as."""
    return None if default is None else default.partition("::")[0]


def _schema(url: str) -> dict[str, object]:
    """Return all that a database says of its tables."""
    engine = engine_of(address_of(url))
    found = sa.inspect(engine)
    tables = {
        name: {
            "columns": sorted(
                (
                    c["name"],
                    str(c["type"]),
                    c["nullable"],
                    _bare(c["default"]),
                    c.get("autoincrement"),
                )
                for c in found.get_columns(name)
            ),
            "key": found.get_pk_constraint(name),
            "unique": sorted(map(str, found.get_unique_constraints(name))),
            "foreign": sorted(map(str, found.get_foreign_keys(name))),
            "checks": sorted(map(str, found.get_check_constraints(name))),
            "indexes": sorted(map(str, found.get_indexes(name))),
        }
        for name in found.get_table_names()
    }
    engine.dispose()
    return dict(tables)


def test_a_new_database_has_the_tables_that_the_migrations_make(url: str, another_url: str) -> None:
    Database(url).close()
    with at_version(another_url, "head"):
        pass
    assert _schema(url) == _schema(another_url)
    assert len(_schema(url)) > 10


def test_the_newest_version_is_that_of_the_migrations() -> None:
    assert ScriptDirectory.from_config(schema.migrations()).get_heads() == [schema.NEWEST]


def test_a_database_that_is_up_to_date_is_opened_without_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from glasshouse.storage.database import *;"
        "Database(sqlite_url(Path(sys.argv[1]))).close(); print('alembic' in sys.modules)"
    )
    for _ in range(2):
        told = subprocess.check_output([sys.executable, "-c", program, tmp_path], text=True)
        assert told == "False\n"

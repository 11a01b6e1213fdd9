"""Who only looks at a console's database changes nothing of it, and says what stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.model.errors import StoreError
from glasshouse.storage import accounts, ledger
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.looking import NoDatabaseError, OlderDatabaseError, looking

from .conftest import at_version

ADA = Account(name="ada", password="x", role="viewer", created_at=1.0)


def seen(folder: Path) -> dict[str, tuple[bytes, int, int]]:
    """Return what lies in a folder: contents, modes and times."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
        for path in folder.iterdir()
    }


def names_of(url: str) -> list[str]:
    with looking(url) as database:
        return [account.name for account in database.call(accounts.everybody)]


def test_what_was_kept_is_read_and_cannot_be_changed(url: str) -> None:
    made = Database(url)
    made.call(accounts.add, ADA)
    with looking(url) as database:
        assert [one.name for one in database.call(accounts.everybody)] == ["ada"]
        assert database.call(ledger.end).seq == 0
        with pytest.raises(StoreError):
            database.call(accounts.remove, "ada")
    # While it is written, too.
    made.call(accounts.add, Account(name="bob", password="x", role="viewer", created_at=1.0))
    assert names_of(url) == ["ada", "bob"]
    made.close()
    assert names_of(url) == ["ada", "bob"]


def test_what_is_not_there_is_not_made(url: str, tmp_path: Path) -> None:
    with pytest.raises(NoDatabaseError), looking(url):
        pass
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NoDatabaseError), looking(url):
        pass


def test_what_an_older_version_keeps_stays_so(url: str) -> None:
    with at_version(url, "005"):
        pass
    for _ in range(2):
        with pytest.raises(OlderDatabaseError), looking(url):
            pass


def test_what_a_newer_version_wrote_is_said_to_be(url: str) -> None:
    made = Database(url)
    made.call(lambda db: db.execute(sa.text("UPDATE alembic_version SET version_num = 'v999'")))
    made.close()
    with pytest.raises(StoreError, match="newer"), looking(url):
        pass


def test_no_file_of_sqlite_is_made_or_touched(tmp_path: Path) -> None:
    folder = tmp_path / "a #%é"
    made = Database(sqlite_url(folder))
    made.call(accounts.add, ADA)
    made.close()
    before = seen(folder)
    assert list(before) == ["console.db"]
    assert names_of(sqlite_url(folder)) == ["ada"]
    assert seen(folder) == before


def test_what_a_killed_console_left_in_the_log_is_read_and_left_there(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy"
    made = Database(sqlite_url(folder))
    made.call(accounts.add, ADA)
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    made.close()
    before = {name: held for name, (held, _, _) in seen(copy).items() if not name.endswith("-shm")}
    assert names_of(sqlite_url(copy)) == ["ada"]
    after = {name: held for name, (held, _, _) in seen(copy).items() if not name.endswith("-shm")}
    assert after == before


def test_a_file_that_is_no_database_and_one_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "console.db"
    path.write_bytes(b"words " * 100)
    with pytest.raises(StoreError, match="not a database"), looking(sqlite_url(tmp_path)):
        pass
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot be read"), looking(sqlite_url(tmp_path)):
        pass
    assert list(path.iterdir()) == []

"""``glasshouse users``: accounts are added, listed, reset and removed."""

from __future__ import annotations

import json
import stat
import subprocess
from pathlib import Path

import pytest
import sqlalchemy as sa

from glasshouse.identity import passwords
from glasshouse.storage import accounts, factors, tokens
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.tokens import Token

from .command import glasshouse

PASSWORD = "correct horse"


def users(state: Path, *arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return glasshouse("users", *arguments, "--state", str(state), said=said)


def test_an_account_is_added_listed_and_removed(tmp_path: Path) -> None:
    added = users(
        tmp_path / "state", "add", "ops", "--role", "operator", "--password-stdin", said=PASSWORD
    )
    assert added.returncode == 0, added.stderr
    file = tmp_path / "state" / "console.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    database = Database(sqlite_url(tmp_path / "state"))
    account = database.call(accounts.find, "ops")
    assert account is not None
    assert account.role == "operator"
    assert passwords.verify(account.password, PASSWORD)
    database.call(factors.set_totp, "local:ops", "S", 1.0, 1)
    told = json.loads(users(tmp_path / "state", "list", "--json").stdout)
    assert [(row["name"], row["role"], row["totp"]) for row in told] == [("ops", "operator", True)]
    assert "authenticator app" in users(tmp_path / "state", "list").stdout
    proof = Token(
        digest=b"t" * 32, public_id="t", actor="local:ops", kind=tokens.STEP_UP, label="",
        scope=("*",), groups=(), created_at=1.0, expires_at=1e10, proven_at=1.0,
    )  # fmt: skip
    database.call(tokens.add, proof)
    assert users(tmp_path / "state", "reset-factor", "ops").returncode == 0
    assert not database.call(factors.of, "local:ops").any
    assert database.call(tokens.find, proof.digest, 2.0) is None
    assert users(tmp_path / "state", "remove", "ops").returncode == 0
    assert database.call(accounts.find, "ops") is None
    database.close()
    assert "There are no accounts" in users(tmp_path / "state", "list").stdout


@pytest.mark.parametrize("command", [["list"], ["remove", "ops"], ["reset-factor", "ops"]])
def test_where_no_console_was_nothing_is_made(tmp_path: Path, command: list[str]) -> None:
    done = users(tmp_path / "other", *command)
    assert done.returncode == 2
    assert "There is no console's database" in done.stderr
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("arguments", "said", "detail"),
    [
        (("add", "ops", "--role", "gone", "--password-stdin"), PASSWORD, "no role 'gone'"),
        (("add", "a b", "--role", "viewer", "--password-stdin"), PASSWORD, "cannot be the name"),
        (("add", "ops", "--role", "viewer", "--password-stdin"), "short", "8 characters"),
        (("add", "ops", "--role", "viewer", "--password-stdin"), "x" * 2000, "at most"),
        (("add", "ops", "--role", "viewer"), "", "--password-stdin"),
        (("remove", "ops"), "", "no account"),
        (("reset-factor", "ops"), "", "no account"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_changed(
    tmp_path: Path, arguments: tuple[str, ...], said: str, detail: str
) -> None:
    Database(sqlite_url(tmp_path)).close()
    done = users(tmp_path, *arguments, said=said)
    assert done.returncode != 0
    assert detail in done.stderr
    assert "Traceback" not in done.stderr
    assert PASSWORD not in done.stderr
    assert json.loads(users(tmp_path, "list", "--json").stdout) == []


def test_what_cannot_be_recorded_is_not_done(tmp_path: Path) -> None:
    add = ("--role", "operator", "--password-stdin")
    assert users(tmp_path, "add", "ops", *add, said=PASSWORD).returncode == 0
    database = Database(sqlite_url(tmp_path))
    database.call(factors.set_totp, "local:ops", "S", 1.0, 1)
    database.call(lambda db: db.execute(sa.text("ALTER TABLE ledger RENAME TO gone")))
    for arguments in (("add", "more", *add), ("reset-factor", "ops"), ("remove", "ops")):
        done = users(tmp_path, *arguments, said=PASSWORD)
        assert done.returncode != 0, arguments
        assert "nothing was changed" in done.stderr
    assert [account.name for account in database.call(accounts.everybody)] == ["ops"]
    assert database.call(factors.of, "local:ops").any
    database.close()


@pytest.mark.parametrize("name", ["\udcff", "o\U0010ffffps"])
def test_a_name_of_odd_characters_is_nobody(tmp_path: Path, name: str) -> None:
    Database(sqlite_url(tmp_path)).close()
    for command in ("remove", "reset-factor"):
        done = users(tmp_path, command, name)
        assert done.returncode != 0
        assert "There is no account" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_name_is_there_once_and_stands_in_one_place(tmp_path: Path) -> None:
    add = ("add", "ops", "--role", "viewer", "--password-stdin")
    assert users(tmp_path, *add, said=PASSWORD).returncode == 0
    again = users(tmp_path, *add, said=PASSWORD)
    assert again.returncode == 1
    assert "already" in again.stderr
    config = tmp_path / "glasshouse.toml"
    config.write_text(
        '[[servers]]\nname = "main"\nfaktory = "tcp://127.0.0.1:1"\n'
        '[members]\n"local:ops" = "admin"\n"local:root" = "admin"\n'
    )
    root = ("add", "root", "--role", "admin", "--password-stdin", "-c", str(config))
    done = users(tmp_path, *root, said=PASSWORD)
    assert done.returncode == 2
    assert "Take it out of [members]" in done.stderr
    done = glasshouse(
        *("serve", "-c", str(config), "--state", str(tmp_path), "--listen", "127.0.0.1:0")
    )
    assert done.returncode == 2
    assert "role of its own" in done.stderr

"""The demo's people: created at each start, with new random passwords and secrets."""

from __future__ import annotations

import secrets
import time

import msgspec

from glasshouse.identity import passwords, totp
from glasshouse.storage import accounts, factors
from glasshouse.storage.accounts import SOURCE, Account
from glasshouse.storage.database import Database

PEOPLE = (("ops", "operator"), ("root", "admin"), ("duty", "admin"), ("auditor", "auditor"))
_PROVEN = frozenset({"operator", "admin"})
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class Login(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person who can sign in to the demo; without a second factor there is no secret."""

    name: str
    password: str
    role: str
    totp_secret: str | None = None


def make_people(database: Database) -> tuple[Login, ...]:
    """Give the demo's people new passwords and second factors; existing sessions end."""
    return tuple(_made(database, name, role) for name, role in PEOPLE)


def _made(database: Database, name: str, role: str) -> Login:
    word = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    stored, now = passwords.hashed(word, secrets.token_bytes(passwords.SALT_BYTES)), time.time()
    if database.call(accounts.find, name) is not None:
        database.call(accounts.remove, name)
    account = Account(name=name, password=stored, role=role, created_at=now)
    database.call(accounts.add, account)
    if role not in _PROVEN:
        return Login(name=name, password=word, role=role)
    secret = totp.new_secret(secrets.token_bytes(totp.SECRET_BYTES))
    database.call(factors.set_totp, SOURCE + name, secret, now, 0)
    return Login(name=name, password=word, role=role, totp_secret=secret)

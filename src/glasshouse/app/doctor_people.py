"""What ``glasshouse doctor`` looks at of those who may come in: nothing is made or changed."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from glasshouse.app.checks import Check, fine, private, warn, wrong
from glasshouse.app.people import access_of, oidc_of
from glasshouse.app.shipping import receivers_of
from glasshouse.app.tls import server_context
from glasshouse.identity.htpasswd import parse
from glasshouse.links.oidc import ENTROPY
from glasshouse.model.errors import GlasshouseError, SettingsError, StoreError
from glasshouse.settings import state_folder
from glasshouse.settings.console import ConsoleSettings
from glasshouse.storage import accounts, ledger, verification, witness
from glasshouse.storage.database import Database, database_file, sqlite_url


async def people_checks(settings: ConsoleSettings) -> AsyncIterator[Check]:
    """Yield how the parts of signing in stand; nothing where nobody can."""
    if not settings.keeping.wanted:
        return
    for check in (*_database(settings), *_witness(settings), *_file(settings), *_place(settings)):
        yield check
    async for check in _sinks(settings):
        yield check
    try:
        oidc = oidc_of(settings)
    except GlasshouseError as error:
        yield wrong("identity provider", error)
        return
    if oidc is None:
        return
    try:
        await oidc.begin(secrets.token_bytes(ENTROPY))
        yield fine("identity provider", "it answers, and is the one that is set")
    except GlasshouseError as error:
        yield wrong("identity provider", error)
    finally:
        await oidc.close()


async def _sinks(settings: ConsoleSettings) -> AsyncIterator[Check]:
    for place in receivers_of(settings):
        try:
            await place.probe()
            yield fine("ledger", f"it can be sent on to {place.name}")
        except GlasshouseError as error:
            told = type(error)(f"{place.name}: {error.detail}", remedy=error.remedy)
            yield wrong("ledger", told)
        finally:
            await place.close()


def _database(settings: ConsoleSettings) -> Iterator[Check]:
    keeping = settings.keeping
    folder = keeping.state or state_folder(os.environ)
    url, path = keeping.database, folder / "console.db"
    if url is None and not path.exists():
        yield fine("accounts", f"none yet; they will be kept in {path}")
        return
    try:
        database = Database(url or sqlite_url(folder))
    except GlasshouseError as error:
        yield wrong("accounts", error)
        return
    try:
        known = database.call(accounts.everybody)
    finally:
        database.close()
    yield fine("accounts", f"{len(known)} accounts")
    if url is None:
        yield private("accounts", path)
    roles = settings.access.rules.roles
    for account in known:
        if account.role not in roles:
            yield warn(
                "accounts",
                f"{account.name} has the role {account.role}, which is none",
                "Give it one: remove the account and add it again, or write the role.",
            )


def _witness(settings: ConsoleSettings) -> Iterator[Check]:
    """Look whether the ledger still has what the witness knows, and whether that can grow."""
    keeping = settings.keeping
    folder = keeping.state or state_folder(os.environ)
    if keeping.database is None and not database_file(folder).exists():
        return
    path = folder / witness.FILE
    try:
        known = verification.evidence(folder)
        with contextlib.closing(Database(keeping.database or sqlite_url(folder))) as database:
            database.call(witness.require_same, known.witness)
            signed = database.call(ledger.last_signed_by, known.keys)
    except GlasshouseError as error:
        yield wrong("witness", error)
        return
    found = known.witness
    if found is None:
        if known.lost:
            yield warn("witness", f"{path} was lost.", "Start the console: another is begun.")
        else:
            yield fine("witness", "none yet; it is begun when the console starts")
        return
    if not os.access(path, os.W_OK):
        why = f"{path} cannot be written."
        yield wrong("witness", StoreError(why, remedy="Let the user of the console write there."))
        return
    if found.damaged:
        told = f"{found.damaged} lines of {path} are damaged, as by a loss of power."
        yield warn("witness", told, "They say nothing; the others do.")
    last = 0 if found.last is None else found.last.seq
    if signed > last:
        told = f"{path} ends at record {last}, and checkpoints at {signed}."
        yield warn("witness", told, "Make room for it; then run glasshouse audit checkpoint.")
        return
    yield fine("witness", f"it bears out the ledger up to record {last}")


def _file(settings: ConsoleSettings) -> Iterator[Check]:
    path = settings.access.htpasswd
    if path is None:
        return
    try:
        file = parse(path.read_bytes())
    except OSError as error:
        why = f"{path} cannot be read: {error.strerror}."
        yield wrong("password file", SettingsError(why, remedy="Let this user read it."))
        return
    yield fine("password file", f"{sum(map(file.has, file.names))} names")
    for problem in file.problems():
        yield warn("password file", problem, "Then people sign in with it.")


def _place(settings: ConsoleSettings) -> Iterator[Check]:
    if settings.tls is not None:
        try:
            server_context(settings.tls)
            yield fine("tls", "the certificate and its key belong together")
        except GlasshouseError as error:
            yield wrong("tls", error)
        yield private("tls", Path(settings.tls.key))
    site = access_of(settings).site
    if not site.secure and not settings.listen.address.loopback:
        yield warn(
            "address",
            "passwords come in without TLS from other machines",
            "Set tls_cert and tls_key, or listen on loopback behind a proxy with public_url.",
        )

"""The ``glasshouse doctor`` checks of a console's state: its folder, database and ledger.

The database is queried and never opened for writing: nothing is created or migrated.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from glasshouse.app.checks import Check, CheckStatus, fine, warn, wrong
from glasshouse.app.doctor_files import file_check, folder_check
from glasshouse.app.people import state_of
from glasshouse.model.errors import GlasshouseError, StoreError
from glasshouse.settings.console import ConsoleSettings
from glasshouse.storage import accounts, ledger, ledger_key, verification, witness
from glasshouse.storage.database import Database, address_of, database_file, sqlite_url
from glasshouse.storage.looking import NoDatabaseError, OlderDatabaseError, looking

_LOGS = ("", "-wal", "-shm")


def state_checks(settings: ConsoleSettings) -> Iterator[Check]:
    """Yield the checks of the state folder and the database."""
    try:
        folder = state_of(settings.keeping)
    except GlasshouseError as error:
        yield wrong("state", error)
        return
    placed = folder_check("state", folder)
    yield placed
    url = settings.keeping.database or sqlite_url(folder)
    yield from _files(folder, url)
    try:
        with looking(url) as database:
            yield from _accounts(settings, database)
            yield from _witness(folder, database)
    except NoDatabaseError:
        where = f"in {database_file(folder)}" if settings.keeping.database is None else "there"
        yield fine("accounts", f"none yet; they will be kept {where}")
    except OlderDatabaseError as error:
        yield warn("accounts", error.detail, "It is renewed at the next start: take a copy first.")
    except GlasshouseError as error:
        # That there can be none in the folder was reported for the folder.
        exists = os.access(database_file(folder), os.F_OK)
        if exists or placed.mark is not CheckStatus.WRONG or settings.keeping.database is not None:
            yield wrong("accounts", error)


def _files(folder: Path, url: str) -> Iterator[Check]:
    """Yield the files of the state that others may read or write."""
    kept = [(folder / ledger_key.FILE, True)]
    kept += [(folder / name, False) for name in (ledger_key.TRUSTED, witness.FILE)]
    try:
        parsed = address_of(url)
    except StoreError:
        parsed = None
    if parsed is not None and parsed.drivername == "sqlite":
        path = Path(parsed.database or "")
        kept += [(path.with_name(path.name + end), True) for end in _LOGS]
        if path.absolute().parent != folder.absolute():
            yield folder_check("database", path.absolute().parent)
    for path, hidden in kept:
        check = file_check("state", path, secret=hidden, within=True)
        if check.mark is not CheckStatus.FINE and os.access(path, os.F_OK):
            yield check


def _accounts(settings: ConsoleSettings, database: Database) -> Iterator[Check]:
    known = database.call(accounts.everybody)
    yield fine("accounts", f"{len(known)} accounts")
    roles = settings.access.rules.roles
    for account in known:
        if account.role not in roles:
            yield warn(
                "accounts",
                f"{account.name} has the role {account.role}, which is none",
                "Give it one: remove the account and add it again, or write the role.",
            )


def _witness(folder: Path, database: Database) -> Iterator[Check]:
    """Check that the ledger still has what the witness knows, and that the witness can grow."""
    path = folder / witness.FILE
    try:
        known = verification.evidence(folder)
        database.call(witness.require_same, known.witness)
        signed = database.call(ledger.last_signed_by, known.keys)
    except GlasshouseError as error:
        yield wrong("witness", error)
        return
    known_witness = known.witness
    if known_witness is None:
        if known.lost:
            yield warn("witness", f"{path} was lost.", "Start the console: another is begun.")
        else:
            yield fine("witness", "none yet; it is begun when the console starts")
        return
    if not os.access(path, os.W_OK):
        why = f"{path} cannot be written."
        yield wrong("witness", StoreError(why, remedy="Let the user of the console write there."))
        return
    if known_witness.damaged:
        detail = f"{known_witness.damaged} lines of {path} are damaged, as by a loss of power."
        yield warn("witness", detail, "They say nothing; the others do.")
    last = 0 if known_witness.last is None else known_witness.last.seq
    if signed > last:
        detail = f"{path} ends at record {last}, and checkpoints at {signed}."
        yield warn("witness", detail, "Make room for it; then run glasshouse audit checkpoint.")
        return
    yield fine("witness", f"it bears out the ledger up to record {last}")

"""The ledger of a console that runs: it says that it runs, and signs with the key of now."""

from __future__ import annotations

import json
from pathlib import Path

from glasshouse.app.ledger import CONSOLE, kept, key_of, renew_key
from glasshouse.ledger.checkpoint import public_key, read
from glasshouse.ledger.record import Event, Record
from glasshouse.ledger.verify import verify
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url


async def test_it_tells_of_its_key_and_its_start_and_signs_at_the_end(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    async with kept(database, tmp_path):
        pass
    events = [json.loads(link.body)["event"] for link in ledger.walk(database)]
    assert events == ["ledger.key", "console.started"]
    signed = [read(text) for text in database.call(ledger.checkpoints)]
    assert signed[-1].seq == 2
    assert verify(database.call(ledger.ledger_id), ledger.walk(database), signed).fault is None
    async with kept(database, tmp_path):
        pass
    assert len(list(ledger.walk(database))) == 3  # the key stays
    database.close()


async def test_another_key_counts_at_once_in_a_console_that_runs(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    async with kept(database, tmp_path):
        old = key_of(database, tmp_path)
        renew_key(database, tmp_path, CONSOLE)
        database.call(ledger.append, Record(event=Event.SETTINGS, at=1.0, who=CONSOLE))
    new = key_of(database, tmp_path)
    assert new != old
    signed = [read(text) for text in database.call(ledger.checkpoints)]
    assert signed[-1].key == public_key(new)
    verdict = verify(database.call(ledger.ledger_id), ledger.walk(database), signed)
    assert verdict.fault is None
    assert signed[-1].seq == verdict.head.seq
    database.close()

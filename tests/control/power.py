"""Power lost on a console and its embedded server: what both disks may hold, moment by moment.

SQLite promises, with ``synchronous = FULL`` in WAL mode, that a transaction is on the disk when
its commit returns: it appends to the log and syncs that, and a checkpoint after it writes the
database and syncs that before the log begins anew. So at any moment the disk holds everything
up to the last commit that returned, and any part of what was written since: blocks of the log
before its sync, blocks of the database before its own. The server's disk is as of its last
answer, which waits for its own sync (see ``tests/engine/test_power.py``).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from glasshouse.engine.acts import Act
from glasshouse.storage.database import Call, Database, P, T, sqlite_url
from glasshouse.upstream.embedded_operator import EmbeddedOperator

BLOCK = 4096


class Disk(NamedTuple):
    """The files of the console's database."""

    main: bytes
    log: bytes


class Moment(NamedTuple):
    """What is surely on both disks."""

    disk: Disk
    engine: Path


class Recorder:
    """Keeps what the disks hold after every commit and every answer of the server."""

    def __init__(self, state: Path, data: Path, folder: Path) -> None:
        self.state, self.data, self.folder = state, data, folder
        self.moments: list[Moment] = []
        self.on = False

    def begin(self) -> None:
        self.on = True
        self.moments = [Moment(self._disk(), self._engine())]

    def end(self) -> None:
        self.on = False

    def committed(self) -> None:
        if self.on and self._disk() != self.moments[-1].disk:
            self.moments.append(Moment(self._disk(), self.moments[-1].engine))

    def answered(self) -> None:
        if self.on:
            self.moments.append(Moment(self.moments[-1].disk, self._engine()))

    def _disk(self) -> Disk:
        main, log = self.state / "console.db", self.state / "console.db-wal"
        return Disk(main.read_bytes(), log.read_bytes() if log.exists() else b"")

    def _engine(self) -> Path:
        kept = self.folder / f"engine-{len(self.moments)}"
        kept.mkdir(parents=True)
        for file in self.data.iterdir():
            if file.is_file():
                shutil.copy(file, kept / file.name)
        return kept


class WatchedDatabase(Database):
    """A database that tells when a transaction has returned."""

    recorder: Recorder | None = None

    def __init__(self, state: Path) -> None:
        super().__init__(sqlite_url(state))
        # So that a short test meets checkpoints.
        sa.event.listen(
            self._engine, "connect", lambda db, _: db.execute("PRAGMA wal_autocheckpoint = 12")
        )
        self._engine.dispose()

    def call(self, ask: Call[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        found = super().call(ask, *args, **kwargs)
        if self.recorder is not None:
            self.recorder.committed()
        return found


class WatchedOperator(EmbeddedOperator):
    """An operator that tells when the server has answered."""

    recorder: Recorder | None = None

    async def _ask(self, act: Act) -> Any:
        found = await super()._ask(act)
        if self.recorder is not None:
            self.recorder.answered()
        return found


def cuts(moments: list[Moment], seed: int, ways: int) -> Iterator[Moment]:
    """Yield what may be found after a loss of power at any time."""
    chance = random.Random(seed)
    for now, after in zip(moments, [*moments[1:], None], strict=True):
        yield now
        if after is None or after.disk == now.disk:
            continue
        old, new = now.disk, after.disk
        for _ in range(ways):
            yield Moment(Disk(old.main, _torn(old.log, new.log, chance)), now.engine)
            if new.main != old.main:
                # The log was synced before the database is written.
                yield Moment(Disk(_torn(old.main, new.main, chance), new.log), now.engine)


def _torn(old: bytes, new: bytes, chance: random.Random) -> bytes:
    """Return a file of which some blocks have been written, and others not."""
    made = bytearray(old.ljust(max(len(old), len(new)), b"\0"))
    reached = len(old)
    for at in range(0, len(new), BLOCK):
        if new[at : at + BLOCK] != old[at : at + BLOCK] and chance.random() < 0.5:
            made[at : at + BLOCK] = new[at : at + BLOCK].ljust(BLOCK, b"\0")[: len(made) - at]
            reached = max(reached, min(at + BLOCK, len(new)))
    return bytes(made[:reached])


def lay_out(moment: Moment, folder: Path) -> None:
    """Put both disks where a console and a server can be started from them."""
    (folder / "state").mkdir(parents=True)
    (folder / "state/console.db").write_bytes(moment.disk.main)
    if moment.disk.log:
        (folder / "state/console.db-wal").write_bytes(moment.disk.log)
    shutil.copytree(moment.engine, folder / "engine")

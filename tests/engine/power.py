"""A SQLite VFS under which only synced writes survive, to play power loss.

Files behave as ever, and beside each the VFS keeps what a disk would hold if
the power went now: writes reach that image at xSync, and not before.
"""

from __future__ import annotations

import enum
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from glasshouse.engine import checkpoint, journal
from glasshouse.engine.disk import Disk, PlainFile

Write = tuple[int, bytes | None]
Files = dict[str, bytes]
_SECTOR = 512


def _put(image: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del image[offset:]
        return
    if len(image) < offset:
        image.extend(bytes(offset - len(image)))
    image[offset : offset + len(data)] = data


class Past:
    """What a platter went through, so that the power may be cut at any moment of it."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, int, bytes | None]] = []

    def cuts(self, chance: random.Random | None = None) -> Iterator[tuple[int, Files]]:
        """Yield (number of events before, files) for a cut before each sync, and at the end.

        With ``chance`` each write that was not synced is there or not, and may
        be there in part, up to a whole sector.
        """
        durable: dict[str, bytearray] = {}
        pending: dict[str, list[Write]] = {}
        for number, (kind, name, offset, data) in enumerate(self.events):
            if kind == "write":
                pending.setdefault(name, []).append((offset, data))
            elif kind == "delete":
                durable.pop(name, None)
                pending.pop(name, None)
            else:
                yield number, _after(durable, pending, chance)
                image = durable.setdefault(name, bytearray())
                for write in pending.pop(name, []):
                    _put(image, *write)
        yield len(self.events), _after(durable, pending, chance)


def _after(
    durable: dict[str, bytearray], pending: dict[str, list[Write]], chance: random.Random | None
) -> Files:
    if chance is None:
        return {name: bytes(image) for name, image in durable.items()}
    files = {name: bytearray(image) for name, image in durable.items()}
    for name, writes in pending.items():
        for offset, data in writes:
            if data is not None and chance.random() < 0.1:
                torn = chance.randrange(0, len(data) + 1)
                torn = max(0, (offset + torn) // _SECTOR * _SECTOR - offset)
                _put(files.setdefault(name, bytearray()), offset, data[:torn])
            elif chance.random() < 0.5:
                _put(files.setdefault(name, bytearray()), offset, data)
    return {name: bytes(image) for name, image in files.items()}


def lay_out(files: Files, folder: Path) -> Path:
    """Write ``files`` into a new ``folder``."""
    folder.mkdir(mode=0o700)
    for name, image in files.items():
        (folder / Path(name).name).write_bytes(image)
    return folder


class Platter:
    """What has reached the platter, by file name."""

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[Write]] = {}
        self.past = Past()
        self.syncs = 0
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def write(self, name: str, offset: int, data: bytes | None) -> None:
        with self._lock:
            self.past.events.append(("write", name, offset, data))
            self.pending.setdefault(name, []).append((offset, data))

    def sync(self, name: str) -> None:
        with self._lock:
            self.past.events.append(("sync", name, 0, None))
            self.syncs += 1
            image = self.durable.setdefault(name, bytearray())
            for write in self.pending.pop(name, []):
                _put(image, *write)

    def delete(self, name: str) -> None:
        with self._lock:
            self.past.events.append(("delete", name, 0, None))
            self.durable.pop(name, None)
            self.pending.pop(name, None)

    def power_loss(self, folder: Path) -> None:
        """Lay out in ``folder`` what would be there after the power came back."""
        with self._lock:
            lay_out({name: bytes(image) for name, image in self.durable.items()}, folder)

    def cut(self, chance: random.Random) -> Files:
        """Return what would be there if the power went now; see ``Past.cuts``."""
        with self._lock:
            return _after(self.durable, self.pending, chance)

    def holding(self, files: Files, folder: Path) -> None:
        """Take ``files``, which lie in ``folder`` now, for what the disk has."""
        self.durable = {
            str(folder / Path(name).name): bytearray(image) for name, image in files.items()
        }
        for name, image in self.durable.items():
            self.past.events += [("write", name, 0, bytes(image)), ("sync", name, 0, None)]


class _File(apsw.VFSFile):
    def __init__(self, disk: Platter, base: str, name: object, flags: list[int]) -> None:
        super().__init__(base, name, flags)  # type: ignore[arg-type]
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        super().xWrite(data, offset)
        self._disk.write(self._name, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        super().xTruncate(newsize)
        self._disk.write(self._name, newsize, None)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.gate.wait(60)
        super().xSync(flags)
        self._disk.sync(self._name)


class Honesty(enum.Enum):
    """Whether a file's sync is one."""

    SYNCS = "each is"
    EARLY = "every other says so before it is"
    NEVER = "none of the journal's is"
    OFF = "none is, nor of the database's"


class _Log(PlainFile):
    """A plain file on the disk above, whose syncs are what ``honesty`` says."""

    def __init__(self, disk: Platter, path: Path, honesty: Honesty, slow: float) -> None:
        super().__init__(path)
        self._platter, self._name, self._honesty, self._slow = disk, str(path), honesty, slow
        self._asked = 0

    def fit(self, size: int) -> None:
        super().fit(size)
        self._platter.write(self._name, size, None)

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        self._platter.write(self._name, offset, data)

    def sync(self) -> None:
        self._asked += 1
        early = self._honesty is Honesty.EARLY and self._asked % 2 == 0
        if early or self._honesty in {Honesty.NEVER, Honesty.OFF}:
            return
        time.sleep(self._slow)
        self._platter.gate.wait(60)
        self._platter.sync(self._name)


class PowerVFS(apsw.VFS):
    """Registers itself under ``name``; its disk can lose power at any time."""

    def __init__(self, name: str) -> None:
        self.disk = Platter()
        self.name = name
        super().__init__(name, base="")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self.disk, "", name, flags)

    def as_disk(self, honesty: Honesty = Honesty.SYNCS, *, slow: float = 0.0) -> Disk:
        """Return this as the engine's disk; a sync of its journal takes ``slow`` seconds."""
        return Disk(
            swift=False,
            vfs=self.name,
            synchronous="OFF" if honesty is Honesty.OFF else "NORMAL",
            log=lambda path: _Log(self.disk, path, honesty, slow),
        )

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.disk.delete(filename)


def make_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let segments change and the log be folded often."""
    monkeypatch.setattr(journal, "SEGMENT", 8 << 10)
    monkeypatch.setattr(checkpoint, "_LONG", 60)
    monkeypatch.setattr(checkpoint, "_TAIL", 20)
    monkeypatch.setattr(checkpoint, "_AGAIN", 10)

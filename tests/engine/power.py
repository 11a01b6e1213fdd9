"""A SQLite VFS under which only synced writes survive, to play power loss.

Files behave as ever, and beside each the VFS keeps what a disk would hold if
the power went now: writes reach that image at xSync, and not before.
"""

from __future__ import annotations

import threading
from pathlib import Path

import apsw

from glasshouse.engine.disk import Disk, PlainFile

Write = tuple[int, bytes | None]


class Platter:
    """What has reached the platter, by file name."""

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[Write]] = {}
        self.syncs = 0
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def write(self, name: str, offset: int, data: bytes | None) -> None:
        with self._lock:
            self.pending.setdefault(name, []).append((offset, data))

    def sync(self, name: str) -> None:
        with self._lock:
            self.syncs += 1
            image = self.durable.setdefault(name, bytearray())
            for offset, data in self.pending.pop(name, []):
                if data is None:
                    del image[offset:]
                    continue
                if len(image) < offset:
                    image.extend(bytes(offset - len(image)))
                image[offset : offset + len(data)] = data

    def delete(self, name: str) -> None:
        with self._lock:
            self.durable.pop(name, None)
            self.pending.pop(name, None)

    def power_loss(self, folder: Path) -> None:
        """Lay out in ``folder`` what would be there after the power came back."""
        folder.mkdir(mode=0o700)
        with self._lock:
            for name, image in self.durable.items():
                (folder / Path(name).name).write_bytes(bytes(image))


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
        self._disk.gate.wait(10)
        super().xSync(flags)
        self._disk.sync(self._name)


class _Log(PlainFile):
    """A plain file on the disk above; without ``synced`` its syncs do nothing."""

    def __init__(self, disk: Platter, path: Path, *, synced: bool) -> None:
        super().__init__(path)
        self._platter, self._name, self._synced = disk, str(path), synced

    def fit(self, size: int) -> None:
        super().fit(size)
        self._platter.write(self._name, size, None)

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        self._platter.write(self._name, offset, data)

    def sync(self) -> None:
        if self._synced:
            self._platter.gate.wait(10)
            self._platter.sync(self._name)


class PowerVFS(apsw.VFS):
    """Registers itself under ``name``; its disk can lose power at any time."""

    def __init__(self, name: str) -> None:
        self.disk = Platter()
        self.name = name
        super().__init__(name, base="")

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self.disk, "", name, flags)

    def as_disk(self, *, synced: bool = True) -> Disk:
        """Return this as the engine's disk; without ``synced``, nothing is ever made durable."""
        return Disk(
            swift=False,
            vfs=self.name,
            synchronous="NORMAL" if synced else "OFF",
            log=lambda path: _Log(self.disk, path, synced=synced),
        )

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.disk.delete(filename)

"""A SQLite VFS under which only synced writes survive, to play power loss.

Files behave as ever, and beside each the VFS keeps what a disk would hold if
the power went now: writes reach that image at xSync, and not before.
"""

from __future__ import annotations

import threading
from pathlib import Path

import apsw

from glasshouse.engine.schema import FILE
from glasshouse.engine.sync import Disk

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


class _LogSync:
    """The engine's own sync of its log, played on the disk above."""

    def __init__(self, disk: Platter, folder: Path) -> None:
        self._disk, self._name = disk, str(folder / f"{FILE}-wal")

    def __call__(self) -> None:
        self._disk.gate.wait(10)
        self._disk.sync(self._name)

    def close(self) -> None:
        pass


class _NoSync:
    def __call__(self) -> None:
        pass

    def close(self) -> None:
        pass


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
        if not synced:
            return Disk(vfs=self.name, synchronous="OFF", sync=lambda _folder: _NoSync())
        return Disk(vfs=self.name, sync=lambda folder: _LogSync(self.disk, folder))

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        super().xDelete(filename, syncdir)
        self.disk.delete(filename)

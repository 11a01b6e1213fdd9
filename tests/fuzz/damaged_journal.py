"""Journals that a disk has damaged: nothing is ever read from them that was not written."""

from __future__ import annotations

import functools
import struct
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from glasshouse.engine import journal
from glasshouse.engine.journal import LINEAGE_BYTES, Journal
from glasshouse.engine.journal_reading import read
from glasshouse.model.errors import StoreError

LINEAGE = b"L" * LINEAGE_BYTES
_SEGMENT = 2048
_SECTOR = 512
_OPERATION = struct.Struct("<BBHH")
_LIVES, _RECORDS = 3, 25
_NO_JOURNAL = 200

SEEDS = (
    b"",
    b"\x00" + _OPERATION.pack(0, 0, 70, 3),
    b"\x05" + _OPERATION.pack(1, 1, 100, 40) + _OPERATION.pack(2, 0, 900, 0),
    b"\x10" + _OPERATION.pack(3, 0, 1, 7) + _OPERATION.pack(4, 1, 512, 20),
    b"\x20" + _OPERATION.pack(5, 0, 600, 64) + _OPERATION.pack(6, 1, 0, 0),
    b"\xff" + b"GLASSJN1" * 12,
)


class MemoryFile:
    """A ``LogFile`` in memory."""

    def __init__(self) -> None:
        self.text = bytearray()

    def read(self) -> bytes:
        return bytes(self.text)

    def fit(self, size: int) -> None:
        self.text.extend(bytes(max(0, size - len(self.text))))

    def write(self, offset: int, data: bytes) -> None:
        self.fit(offset + len(data))
        self.text[offset : offset + len(data)] = data

    def sync(self) -> None:
        """Be on the disk already."""

    def close(self) -> None:
        """Stay."""


class History(NamedTuple):
    """What was written, and how the two files looked after each record."""

    bodies: dict[int, bytes]
    images: list[tuple[bytes, bytes]]
    wanted: int
    """Up to here the database has all of it, so the journal need not."""


@functools.cache
def history() -> History:
    """Write a journal over three lives; some of its records look like segments themselves."""
    files = (MemoryFile(), MemoryFile())
    bodies: dict[int, bytes] = {}
    images: list[tuple[bytes, bytes]] = []
    wanted = seq = 0
    with (
        mock.patch.object(journal, "SEGMENT", _SEGMENT),
        mock.patch("secrets.randbits", _Epochs()),
    ):
        for _ in range(_LIVES):
            written = Journal((files[0], files[1]), LINEAGE, seq)
            wanted = seq
            for number in range(_RECORDS):
                body = b"%d:" % (seq + 1) + bytes([number]) * (number * 37 % 300)
                if number == _RECORDS // 2:
                    body = files[0].read()[:700]
                seq = written.append(body)
                bodies[seq] = body
                written.sync_work()()
                images.append((files[0].read(), files[1].read()))
                if written.wanted and number % 3 == 0:
                    wanted = written.wanted
                    written.release(wanted)
    return History(bodies, images, wanted)


class _Epochs:
    """Epochs that differ, and are the same in each run: what is found can be found again."""

    def __init__(self) -> None:
        self.last = 0x1234567890

    def __call__(self, _bits: int) -> int:
        self.last = self.last * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        return self.last


def _damage(files: list[bytearray], kind: int, which: int, at: int, value: int) -> None:
    """Do to a file what a disk does, or worse."""
    images = history().images
    file = files[which & 1]
    older = images[value % len(images)]
    sector = at // _SECTOR * _SECTOR
    match kind % 8:
        case 0:
            file[at : at + 1] = bytes(byte ^ 1 << (value & 7) for byte in file[at : at + 1])
        case 1:
            file[at : at + value] = bytes(len(file[at : at + value]))
        case 2:
            del file[at:]
        case 3:  # a write that never arrived
            file[sector : sector + _SECTOR] = older[which & 1][sector : sector + _SECTOR]
        case 4:  # or went to the wrong file
            file[sector : sector + _SECTOR] = older[1 - (which & 1)][sector : sector + _SECTOR]
        case 5:
            file[at:at] = file[value : value + _SECTOR]
        case 6:
            files.reverse()
        case _:
            file[:] = older[which & 1]


def check_journal(data: bytes) -> None:
    """Of damaged files, each record read is one that was written, and none is skipped."""
    written = history()
    after, data = (data[:1] or b"\0")[0], data[1:]
    files = [bytearray(text) for text in written.images[-1]]
    whole = after < _NO_JOURNAL and len(data) < _OPERATION.size
    if after < _NO_JOURNAL:
        for at in range(0, len(data) - _OPERATION.size + 1, _OPERATION.size):
            _damage(files, *_OPERATION.unpack_from(data, at))
    else:  # no journal at all
        half = len(data) // 2
        files = [bytearray(data[:half]), bytearray(data[half:])]
    after %= len(written.bodies) + 2
    following = after
    try:
        for seq, body in read(
            [bytes(file) for file in files], LINEAGE, after, Path("data")
        ).sound():
            following += 1
            assert seq == following
            assert written.bodies.get(seq) == body
    except StoreError:
        assert following == after
        return
    if whole and after >= written.wanted:
        assert following == max(after, len(written.bodies))

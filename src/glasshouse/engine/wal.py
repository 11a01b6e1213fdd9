"""What SQLite's write-ahead log says about itself, read from its bytes (sqlite.org/walformat).

SQLite takes a log whose checksums fail for one that ends there, and says
nothing: right after a loss of power, when the rest was never acknowledged, and
wrong when something else wrote into the file. So the engine and ``engine
check`` look for themselves. Nothing here is locked or changed; SQLite holds no
lock on the log, so that closing it here takes none away.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">4I")
_FRAME_HEADER = 24
_MAGIC = {0x377F0682: "<", 0x377F0683: ">"}
_MASK = 0xFFFFFFFF


def log_path(database: Path) -> Path:
    """Return where the log of ``database`` lies."""
    return database.with_name(database.name + "-wal")


def header_damaged(log: Path) -> bool:
    """Tell whether the log holds something and its head is not SQLite's.

    A log of zeros counts as empty: a file system may leave that after a loss of power.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with log.open("rb") as file:
            head = file.read(_HEADER.size)
    except FileNotFoundError:
        return False
    return any(head) and _fields(head) is None


def commits(log: Path) -> list[int]:
    """Return the frames (from 1) that end a transaction and belong to the present log.

    Only the frames' heads are read, not their checksums.

    Raises:
        OSError: it cannot be read.
    """
    try:
        with log.open("rb", buffering=0) as file:
            fields = _fields(file.read(_HEADER.size))
            return [] if fields is None else list(_commits(file, fields))
    except FileNotFoundError:
        return []


def _commits(file: FileIO, fields: tuple[int, ...]) -> Iterator[int]:
    _, _, page, _, *salt = fields[:6]
    number = 1
    while len(head := file.read(_FRAME.size)) == _FRAME.size:
        _, size_after, *its_salt = _FRAME.unpack(head)
        if size_after and its_salt == salt:
            yield number
        file.seek(_HEADER.size + number * (_FRAME_HEADER + page))
        number += 1


def _fields(head: bytes) -> tuple[int, ...] | None:
    """Return the header's numbers, or ``None`` if its magic or its checksum is wrong."""
    if len(head) < _HEADER.size:
        return None
    fields = _HEADER.unpack(head)
    order = _MAGIC.get(fields[0])
    if order is None:
        return None
    first = second = 0
    words = struct.unpack(f"{order}6I", head[:24])
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return fields if (first, second) == fields[6:] else None

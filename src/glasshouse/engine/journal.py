"""The journal: what makes a command durable, and what a restart replays.

Each batch of changes is appended here as one record and synced; the database
follows a little later, with what is left of many batches (``commit.py``). A
record holds final states, not steps, so replaying one that the database has
already taken in changes nothing. ``seq`` numbers the records of a folder
without a gap; the database knows up to which it has been brought.

There are two segments. One is written to, the other is free again once the
database has all of it on the disk. A segment is overwritten in place: each has
an ``epoch`` of its own that every checksum covers, so that what an earlier use
left behind is never taken for a record.
"""

from __future__ import annotations

import secrets
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from glasshouse.engine.disk import LogFile
from glasshouse.model.errors import StoreError

FILES = ("journal-0", "journal-1")
SEGMENT = 4 << 20
LINEAGE_BYTES = 16

_MAGIC = b"GLASSJN1"
_HEADER = struct.Struct("<8s16sQQ")
_CHECKSUM = struct.Struct("<I")
_FIRST_RECORD = 64
_RECORD = struct.Struct("<IIQ")  # checksum, length, seq
_CHECKED = struct.Struct("<QIQ")  # epoch, length, seq


class Segment:
    """One file: where the next record goes and which records it holds."""

    def __init__(self, file: LogFile) -> None:
        """Hold ``file``, whatever is in it."""
        self.file = file
        self.epoch = 0
        self.synced = 0  # the epoch whose header is known to be on the disk
        self.end = 0
        self.last_seq = 0

    @property
    def known(self) -> bool:
        """Whether a restart finds this segment, whatever happens to the power."""
        return self.synced == self.epoch

    def begin(self, lineage: bytes, first_seq: int) -> None:
        """Start anew; what it held must no longer be needed.

        Raises:
            OSError: the disk refuses.
        """
        self.epoch = secrets.randbits(64)
        header = _HEADER.pack(_MAGIC, lineage, self.epoch, first_seq)
        self.file.fit(SEGMENT)
        self.file.write(0, header + _CHECKSUM.pack(zlib.crc32(header)))
        self.end, self.last_seq = _FIRST_RECORD, first_seq - 1

    def erase(self) -> None:
        """Let nothing in it be taken for a record again, once that is synced.

        Raises:
            OSError: the disk refuses.
        """
        self.file.write(0, bytes(_FIRST_RECORD))
        self.file.fit(SEGMENT)

    def append(self, seq: int, body: bytes) -> None:
        """Write one record; after an error it is as if nothing had been tried.

        Raises:
            OSError: the disk refuses.
        """
        size = len(body)
        checksum = zlib.crc32(body, zlib.crc32(_CHECKED.pack(self.epoch, size, seq)))
        self.file.write(self.end, _RECORD.pack(checksum, size, seq) + body)
        self.end += _RECORD.size + size
        self.last_seq = seq


class Journal:
    """The two segments of a running engine."""

    def __init__(self, files: tuple[LogFile, LogFile], lineage: bytes, last_seq: int) -> None:
        """Begin after ``last_seq``; everything up to it must be in the database, durably.

        Raises:
            OSError: the disk refuses.
        """
        self.seq = last_seq
        self._lineage = lineage
        self._active, self._other = (Segment(file) for file in files)
        self._active.begin(lineage, last_seq + 1)
        # It may hold records that were never acknowledged, behind others that the
        # power took: their numbers are about to be given again.
        self._other.erase()
        self._unsynced = [self._active, self._other]
        self._needed = False
        self.sync_work()()

    @property
    def wanted(self) -> int:
        """Up to which record the database must durably be for a segment to be free; 0: none."""
        return self._other.last_seq if self._needed else 0

    def append(self, body: bytes) -> int:
        """Write a record and return its number; it is durable after the next ``sync``.

        Raises:
            OSError: the disk refuses; nothing was written.
        """
        if self._active.end + len(body) > SEGMENT and not self._needed and self._active.known:
            self._switch()
        self._active.append(self.seq + 1, body)
        self.seq += 1
        return self.seq

    def sync_work(self) -> Callable[[], None]:
        """Return what makes everything appended so far durable; it may run on a thread."""
        segments = [(segment, segment.epoch) for segment in self._unsynced]
        self._unsynced = [self._active]

        def work() -> None:
            for segment, epoch in segments:
                segment.file.sync()
                segment.synced = epoch

        return work

    def release(self, seq: int) -> None:
        """Say that the database durably has every record up to ``seq``."""
        if seq >= self._other.last_seq:
            self._needed = False

    def close(self) -> None:
        """Close the files."""
        self._active.file.close()
        self._other.file.close()

    def _switch(self) -> None:
        self._other.begin(self._lineage, self.seq + 1)
        self._active, self._other = self._other, self._active
        self._needed = True
        self._unsynced = [*self._unsynced, self._active]


def records(
    texts: list[bytes], lineage: bytes, after: int, folder: Path
) -> Iterator[tuple[int, bytes]]:
    """Yield (seq, body) of every record behind ``after``, in order and without a gap.

    ``texts`` are the files' contents. What follows the first record that is
    not whole was never acknowledged and is left out: also in the next segment,
    which is only synced together with the one before it.

    Raises:
        StoreError: the journal is damaged, belongs to another database, or lacks
            records that the database has not been brought to.
    """
    opened = [_opened(text, folder) for text in texts]
    segments = sorted(found for found in opened if found is not None)
    following, begun = after + 1, False
    for first_seq, epoch, theirs, text in segments:
        if theirs != lineage:
            raise StoreError(
                f"The journal in {folder} belongs to another database.",
                remedy="After restoring a backup, begin with an empty folder; else move the files "
                f"{FILES[0]} and {FILES[1]} away.",
            )
        if first_seq > following:
            if begun:
                return
            raise StoreError(
                f"The journal in {folder} begins at record {first_seq}, the database needs "
                f"{following}.",
                remedy="The database is older than the journal, or damaged: put back the newer "
                "one, or restore a backup into an empty folder.",
            )
        for seq, body in _chain(text, epoch, first_seq):
            if seq == following:
                yield seq, body
                following += 1
        begun = True


def _opened(text: bytes, folder: Path) -> tuple[int, int, bytes, bytes] | None:
    """Return (first seq, epoch, lineage, text) of a segment, or ``None`` if it was never begun.

    A header lies within one sector: the power takes all of it or nothing.

    Raises:
        StoreError: it was begun, and what it says of itself is damaged.
    """
    if not any(text[:_FIRST_RECORD]):
        return None
    header = text[: _HEADER.size]
    if len(text) >= _HEADER.size + _CHECKSUM.size:  # the length may not have reached the disk
        (checksum,) = _CHECKSUM.unpack_from(text, _HEADER.size)
        magic, lineage, epoch, first_seq = _HEADER.unpack(header)
        if magic == _MAGIC and zlib.crc32(header) == checksum:
            return first_seq, epoch, lineage, text
    raise StoreError(
        f"The journal in {folder} is damaged: the beginning of {FILES[0]} or {FILES[1]} cannot be "
        "read.",
        remedy="Keep a copy of the folder, then restore a backup into an empty one. Without those "
        "two files the engine starts with what the database has; the last changes may be missing.",
    )


def _chain(text: bytes, epoch: int, seq: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a segment up to the first that is not whole."""
    offset = _FIRST_RECORD
    while offset + _RECORD.size <= len(text):
        checksum, size, found = _RECORD.unpack_from(text, offset)
        body = text[offset + _RECORD.size : offset + _RECORD.size + size]
        expected = zlib.crc32(body, zlib.crc32(_CHECKED.pack(epoch, size, found)))
        if found != seq or len(body) != size or checksum != expected:
            return
        yield seq, body
        offset += _RECORD.size + size
        seq += 1

"""The journal: what makes a command durable, and what a restart replays.

Each batch of changes is appended here as one record and synced; the database
follows a little later, with the net result of many batches (``commit.py``). A
record holds final states, not steps, so replaying one that the database
already contains changes nothing. ``seq`` numbers the records of a folder
without a gap; the database keeps the number of the last one that it contains.

There are two segments. One is written to; the other is free again once the
database has all of it on the disk. A segment is overwritten in place: each has
its own ``epoch``, which every checksum covers, so that what an earlier use
left behind is never taken for a record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from glasshouse.engine.disk import LogFile
from glasshouse.engine.journal_format import FIRST_RECORD, pack_header, pack_record

FILES = ("journal-0", "journal-1")
SEGMENT = 4 << 20
LINEAGE_BYTES = 16


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
        """Whether a restart finds this segment, even after a power loss."""
        return self.synced == self.epoch

    def begin(self, lineage: bytes, first_seq: int, since: int) -> None:
        """Start over; what it held must no longer be needed.

        Raises:
            OSError: the disk refuses.
        """
        self.epoch = secrets.randbits(64) or 1
        self.file.fit(SEGMENT)
        self.file.write(0, pack_header(lineage, self.epoch, first_seq, since))
        self.end, self.last_seq = FIRST_RECORD, first_seq - 1

    def erase(self, lineage: bytes, since: int) -> None:
        """Make sure that nothing in it is taken for a record again, once that is synced.

        Raises:
            OSError: the disk refuses.
        """
        self.file.write(0, pack_header(lineage, 0, 0, since))
        self.file.fit(SEGMENT)

    def append(self, seq: int, durable: int, body: bytes) -> None:
        """Write one record; after an error it is as if nothing had been attempted.

        Raises:
            OSError: the disk refuses.
        """
        record = pack_record(self.epoch, seq, durable, body)
        self.file.write(self.end, record)
        self.end += len(record)
        self.last_seq = seq


class Journal:
    """The two segments of a running engine; its life began with record ``since``."""

    def __init__(self, files: tuple[LogFile, LogFile], lineage: bytes, last_seq: int) -> None:
        """Begin after ``last_seq``; everything up to it must be in the database, durably.

        Raises:
            OSError: the disk refuses.
        """
        self.seq = last_seq
        self.since = last_seq + 1
        self._lineage = lineage
        self._durable = last_seq
        self._active, self._other = (Segment(file) for file in files)
        self._active.begin(lineage, last_seq + 1, self.since)
        # It may hold records that were never acknowledged, behind others that were lost
        # with the power: their numbers are about to be assigned again.
        self._other.erase(lineage, self.since)
        self._unsynced = [self._active, self._other]
        self._needed = False
        self.sync_work()()

    @property
    def wanted(self) -> int:
        """The record that the database must durably reach for a segment to be free; 0: none."""
        return self._other.last_seq if self._needed else 0

    def append(self, body: bytes) -> int:
        """Write a record and return its number; it is durable after the next ``sync``.

        Raises:
            OSError: the disk refuses; nothing was written.
        """
        if self._active.end + len(body) > SEGMENT and not self._needed and self._active.known:
            self._switch()
        self._active.append(self.seq + 1, self._durable, body)
        self.seq += 1
        return self.seq

    def sync_work(self) -> Callable[[], None]:
        """Return a function that makes everything appended so far durable; a thread may run it."""
        segments = [(segment, segment.epoch) for segment in self._unsynced]
        self._unsynced = [self._active]
        seq = self.seq

        def work() -> None:
            for segment, epoch in segments:
                segment.file.sync()
                segment.synced = epoch
            self._durable = max(self._durable, seq)

        return work

    def release(self, seq: int) -> None:
        """Note that the database durably has every record up to ``seq``."""
        if seq >= self._other.last_seq:
            self._needed = False

    def close(self) -> None:
        """Close the files."""
        self._active.file.close()
        self._other.file.close()

    def _switch(self) -> None:
        self._other.begin(self._lineage, self.seq + 1, self.since)
        self._active, self._other = self._other, self._active
        self._needed = True
        self._unsynced = [*self._unsynced, self._active]

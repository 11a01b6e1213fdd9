"""The bytes of a journal file: its header, its records, and how both are read back.

A file begins with its header, twice, in two sectors: a power loss affects a whole
sector or none of it, and if the disk damages one, the other still states what
follows. Each record carries a tag of its file's ``epoch``, so that records
behind a damaged one are found, and ``durable``: the record up to which everything
was known to be on the disk when it was written. That distinguishes damage from a
power loss, which affects only what had not been synced.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import msgspec

FIRST_RECORD = 1024
_SECTOR = 512
_MAGIC = b"GLASSJN2"
_HEADER = struct.Struct("<8s16sQQQ")  # magic, lineage, epoch, first seq, since
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size + _CHECKSUM.size
_RECORD = struct.Struct("<IIIQQ")  # tag, checksum, length, seq, durable
_CHECKED = struct.Struct("<QIQQ")  # epoch, length, seq, durable
_TAG = struct.Struct("<I")
_TAG_MASK = (1 << 32) - 1
RECORD_BYTES = _RECORD.size

# What earlier versions wrote: one header, and records up to the first that is incomplete.
_FIRST_MAGIC = b"GLASSJN1"
_FIRST_HEADER = struct.Struct("<8s16sQQ")
_FIRST_VERSION_RECORD = 64
_FIRST_RECORD = struct.Struct("<IIQ")
_FIRST_CHECKED = struct.Struct("<QIQ")


class Header(msgspec.Struct, frozen=True):
    """What a file states about itself.

    ``epoch`` is 0 while the file is free. ``since`` is the record with which the run
    of the engine that wrote it began; 0 if an earlier version wrote it.
    """

    lineage: bytes
    epoch: int
    first_seq: int
    since: int
    version: int = 2


class Record(msgspec.Struct, frozen=True):
    """One complete record; ``durable`` is 0 if an earlier version wrote it."""

    seq: int
    durable: int
    body: bytes


def pack_header(lineage: bytes, epoch: int, first_seq: int, since: int) -> bytes:
    """Return the first ``FIRST_RECORD`` bytes of a file."""
    header = _HEADER.pack(_MAGIC, lineage, epoch, first_seq, since)
    return (header + _CHECKSUM.pack(zlib.crc32(header))).ljust(_SECTOR, b"\0") * 2


def pack_record(epoch: int, seq: int, durable: int, body: bytes) -> bytes:
    """Return a record as it is stored in a file of this ``epoch``."""
    size = len(body)
    checksum = zlib.crc32(body, zlib.crc32(_CHECKED.pack(epoch, size, seq, durable)))
    return _RECORD.pack(epoch & _TAG_MASK, checksum, size, seq, durable) + body


def unpack_header(text: bytes) -> tuple[Header | None, bool]:
    """Return the header, or ``None`` if none can be read, and whether both copies are intact."""
    if text.startswith(_FIRST_MAGIC) and (first := _first_header(text)) is not None:
        return first, True
    copies = [_header(text, at) for at in (0, _SECTOR)]
    header = next((copy for copy in copies if copy is not None), None)
    return header, None not in copies


def _header(text: bytes, at: int) -> Header | None:
    if len(text) < at + _HEADER_BYTES:
        return None
    (checksum,) = _CHECKSUM.unpack_from(text, at + _HEADER.size)
    magic, lineage, epoch, first_seq, since = _HEADER.unpack_from(text, at)
    if magic != _MAGIC or zlib.crc32(text[at : at + _HEADER.size]) != checksum:
        return None
    return Header(lineage, epoch, first_seq, since)


def _first_header(text: bytes) -> Header | None:
    size = _FIRST_HEADER.size
    if len(text) < size + _CHECKSUM.size:
        return None
    (checksum,) = _CHECKSUM.unpack_from(text, size)
    if zlib.crc32(text[:size]) != checksum:
        return None
    _, lineage, epoch, first_seq = _FIRST_HEADER.unpack_from(text)
    return Header(lineage, epoch, first_seq, 0, version=1)


def unpack_records(text: bytes, header: Header) -> Iterator[Record]:
    """Yield every complete record of the file, in order, including those behind a damaged one."""
    if header.version == 1:
        yield from _first_records(text, header)
        return
    tag, seq = _TAG.pack(header.epoch & _TAG_MASK), header.first_seq
    at = text.find(tag, FIRST_RECORD)
    while at >= 0:
        record = _record(text, at, header.epoch)
        if record is None or record.seq < seq:
            at += 1
        else:
            yield record
            seq = record.seq + 1
            at += RECORD_BYTES + len(record.body)
        at = text.find(tag, at)


def _record(text: bytes, at: int, epoch: int) -> Record | None:
    if at + RECORD_BYTES > len(text):
        return None
    _, checksum, size, seq, durable = _RECORD.unpack_from(text, at)
    body = text[at + RECORD_BYTES : at + RECORD_BYTES + size]
    expected = zlib.crc32(body, zlib.crc32(_CHECKED.pack(epoch, size, seq, durable)))
    if len(body) != size or checksum != expected:
        return None
    return Record(seq, durable, body)


def _first_records(text: bytes, header: Header) -> Iterator[Record]:
    at, seq = _FIRST_VERSION_RECORD, header.first_seq
    while at + _FIRST_RECORD.size <= len(text):
        checksum, size, found = _FIRST_RECORD.unpack_from(text, at)
        begin = at + _FIRST_RECORD.size
        body = text[begin : begin + size]
        expected = zlib.crc32(body, zlib.crc32(_FIRST_CHECKED.pack(header.epoch, size, found)))
        if found != seq or len(body) != size or checksum != expected:
            return
        yield Record(seq, 0, body)
        at, seq = begin + size, seq + 1

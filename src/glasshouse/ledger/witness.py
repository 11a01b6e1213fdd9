r"""The witness: every checkpoint of one console, in lines of JSON that are only appended to.

It is outside the database, so that changing only the database does not change it. The first
line states which ledger it belongs to and how many records there were when it was started. A
line that a power loss cut off in the middle stays where it is, is closed by the next line
feed, and counts as damaged.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from glasshouse.ledger.chain import Head
from glasshouse.ledger.checkpoint import Checkpoint, is_signed, read
from glasshouse.model.errors import InvalidError

VERSION = 1


class WitnessHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: the ledger (its id, hex), and the record after which it was started.

    ``again`` says that there was an earlier one, which was lost.
    """

    witness: int = VERSION
    ledger: str
    begins: int
    again: bool = False


# Created at import: two threads that decode a type for the first time at once break msgspec.
_decode_begun = msgspec.json.Decoder(WitnessHeader).decode


class Witness(NamedTuple):
    """The contents of a witness file; ``damaged`` is how many of its lines cannot be read."""

    begun: WitnessHeader
    checkpoints: tuple[Checkpoint, ...]
    damaged: int

    @property
    def last(self) -> Checkpoint | None:
        """The checkpoint of the latest record."""
        return max(self.checkpoints, key=lambda one: one.seq, default=None)


def begun(ledger: bytes, head: Head, *, again: bool) -> bytes:
    """Return the first line of a witness that is started when the ledger ends with ``head``."""
    header = WitnessHeader(ledger=ledger.hex(), begins=head.seq, again=again)
    return msgspec.json.encode(header) + b"\n"


def parsed(text: bytes) -> Witness | None:
    """Return the contents of a witness file; ``None`` if no line of it can be read.

    A checkpoint whose signature was not made by its key is a damaged line.
    """
    lines = [_line(line) for line in text.splitlines() if line]
    checkpoints = [one for one in lines if isinstance(one, Checkpoint)]
    first = next((one for one in lines if isinstance(one, WitnessHeader)), None)
    return _witness(first, checkpoints, lines.count(None))


def latest(text: bytes) -> Witness | None:
    """Return the same with only the last checkpoint, and without counting damaged lines."""
    lines = [line for line in text.splitlines() if line]
    last = next((one for line in reversed(lines) if (one := _checkpoint(line))), None)
    first = next((head for line in lines if (head := _begun(line))), None)
    return _witness(first, [] if last is None else [last], 0)


def _witness(
    first: WitnessHeader | None, checkpoints: list[Checkpoint], damaged: int
) -> Witness | None:
    if first is None and checkpoints:
        first = WitnessHeader(ledger=checkpoints[0].ledger, begins=checkpoints[0].seq)
    return None if first is None else Witness(first, tuple(checkpoints), damaged)


def checkpoints(text: bytes) -> list[Checkpoint]:
    """Return the checkpoints in stored lines, whether from a witness file or not.

    Raises:
        InvalidError: a line is neither a checkpoint nor the first of a witness.
    """
    lines = (line for line in text.splitlines() if line.strip())
    return [read(line) for line in lines if _begun(line) is None]


def _line(line: bytes) -> WitnessHeader | Checkpoint | None:
    return _begun(line) or _checkpoint(line)


def _checkpoint(line: bytes) -> Checkpoint | None:
    try:
        checkpoint = read(line)
    except InvalidError:
        return None
    return checkpoint if is_signed(checkpoint) else None


def _begun(line: bytes) -> WitnessHeader | None:
    try:
        return _decode_begun(line)
    except (msgspec.DecodeError, UnicodeError):
        return None

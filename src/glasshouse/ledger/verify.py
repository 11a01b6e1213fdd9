"""Verification: every record in its place, every checkpoint true; the first fault is told.

What is looked at is bytes alone: nothing that the database says of a record beside them is
believed. A checkpoint is true if its signature is good, if its key was made known by a
record of this ledger no later than the checkpoint, and if the record that it names has the
digest that it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from glasshouse.ledger.chain import VERSION, Head, Link, digest_of
from glasshouse.ledger.checkpoint import Checkpoint, is_signed
from glasshouse.ledger.record import Event, canonical


class Fault(NamedTuple):
    """The first thing that is wrong, at which record."""

    seq: int
    what: str


class Verdict(NamedTuple):
    """How far the ledger was found whole: its end, and how many checkpoints bear it out."""

    head: Head
    checkpoints: int
    fault: Fault | None


class Start(NamedTuple):
    """Where a ledger begins whose older records were archived: the last of these.

    ``keys`` are the public keys that they made known.
    """

    head: Head
    keys: frozenset[str]

    @property
    def told_keys(self) -> str:
        """The keys as a record tells them."""
        return " ".join(sorted(self.keys))


class Verifier:
    """Takes a ledger record by record; holds digests of checkpointed records alone."""

    def __init__(
        self, ledger: bytes, checkpoints: Iterable[Checkpoint], start: Start | None = None
    ) -> None:
        """Expect the records of ``ledger``, from the first on, or those behind ``start``.

        A record has to say then that the others were archived; of their checkpoints only
        that of the last one can be looked at.
        """
        self._ledger = ledger
        self._start = start
        self._head = Head(0, ledger) if start is None else start.head
        self.keys: set[str] = set() if start is None else set(start.keys)
        self._waiting: dict[int, list[Checkpoint]] = {}
        self._good = 0
        for checkpoint in checkpoints:
            if start is None or checkpoint.seq >= start.head.seq:
                self._waiting.setdefault(checkpoint.seq, []).append(checkpoint)

    def take(self, link: Link) -> Fault | None:
        """Look at the next record; return what is wrong with it."""
        expected = self._head.seq + 1
        if self._start is not None:
            fault = self._borne_out()
            if fault is not None:
                return Fault(expected - 1, fault)
        if link.seq != expected:
            return Fault(expected, f"record {expected} is missing: {link.seq} follows")
        fault = self._placed(link)
        if fault is not None:
            return Fault(expected, fault)
        self._head = Head(expected, digest_of(link.body))
        fault = self._borne_out()
        return None if fault is None else Fault(expected, fault)

    def end(self) -> Verdict:
        """Return the verdict after the last record: whatever was signed has to be there."""
        fault = None
        if self._start is not None:
            last = self._start.head.seq
            told = f"no record says that the records up to {last} were archived"
            fault = Fault(last + 1, told)
        elif self._waiting:
            seq = min(self._waiting)
            told = f"the ledger ends at record {self._head.seq}, a checkpoint names {seq}"
            fault = Fault(self._head.seq + 1, told)
        return Verdict(self._head, self._good, fault)

    def _borne_out(self) -> str | None:
        """Return why a checkpoint of the last record is not true."""
        for checkpoint in self._waiting.pop(self._head.seq, ()):
            fault = self._untrue(checkpoint)
            if fault is not None:
                return fault
            self._good += 1
        return None

    def _placed(self, link: Link) -> str | None:
        """Return why a record is not the one that belongs here."""
        if digest_of(link.body) != link.digest:
            return "its digest is another: it was changed"
        told = _opened(link.body)
        if told is None:
            return "it is not in canonical form"
        if told.get("v") != VERSION or told.get("seq") != link.seq:
            return "it says of itself that it is another record"
        if told.get("prev") != self._head.digest.hex():
            return "it does not follow the record before it"
        detail = told.get("detail")
        if told.get("event") == Event.KEY and isinstance(detail, dict):
            self.keys.add(str(detail.get("key")))
        if told.get("event") == Event.ARCHIVED and isinstance(detail, dict):
            return self._archived(detail)
        return None

    def _archived(self, detail: Mapping[str, object]) -> str | None:
        """Take what a record says of the archive; return why that is not where we began."""
        start = self._start
        if start is None or detail.get("last") != str(start.head.seq):
            return None
        told = (detail.get("digest"), detail.get("keys"))
        if told != (start.head.digest.hex(), start.told_keys):
            return "what was archived ended otherwise than this ledger begins"
        self._start = None
        return None

    def _untrue(self, checkpoint: Checkpoint) -> str | None:
        if checkpoint.ledger != self._ledger.hex():
            return "a checkpoint of it is of another ledger"
        if checkpoint.key not in self.keys:
            return "a checkpoint of it is signed with a key that this ledger does not know"
        if not is_signed(checkpoint):
            return "the signature of a checkpoint of it is wrong"
        if checkpoint.digest != self._head.digest.hex():
            return "a checkpoint of it has another digest: the ledger was written anew"
        return None


def _opened(body: bytes) -> dict[str, object] | None:
    """Return a record, if ``body`` is the canonical form of one."""
    try:
        told = json.loads(body)
        if isinstance(told, dict) and canonical(told) == body:
            return told
    except (ValueError, TypeError, RecursionError):
        pass
    return None


def verify(
    ledger: bytes,
    links: Iterable[Link],
    checkpoints: Iterable[Checkpoint] = (),
    head: Head | None = None,
    start: Start | None = None,
) -> Verdict:
    """Return how far the records of ``ledger`` are whole.

    ``start`` is behind which record they begin, ``head`` where it ended at the latest when
    reading began.
    """
    verifier = Verifier(ledger, checkpoints, start)
    for link in links:
        fault = verifier.take(link)
        if fault is not None:
            return verifier.end()._replace(fault=fault)
    verdict = verifier.end()
    if verdict.fault is None and head is not None and verdict.head.seq < head.seq:
        seq = verdict.head.seq
        told = f"the ledger ends at record {seq}, {head.seq} had been written"
        return verdict._replace(fault=Fault(seq + 1, told))
    return verdict

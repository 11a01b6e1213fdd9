"""Verification: every record in its place, every checkpoint true; the first fault is reported.

Only bytes count: nothing else in the database about a record is trusted, and where it differs
from the bytes, that is a fault. A checkpoint is true if its signature is valid, if its key was
introduced by a record of this ledger no later than the checkpoint, and if the record that it
names has the digest that it states.

A true checkpoint proves something only if its key is trusted. Trust comes from outside the
ledger, which names any key that someone writes into it. When a trusted key signs a record
that names its successor, the successor is trusted too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from glasshouse.ledger import archived
from glasshouse.ledger.chain import VERSION, Head, Link, digest_of
from glasshouse.ledger.checkpoint import Checkpoint, is_signed
from glasshouse.ledger.record import MOST_TEXT, Event, canonical
from glasshouse.ledger.subject import subject_of

_ACTOR = 300
_ROUNDING = 1e-6
"""Seconds: more than a database's rounding, and less than any relevant difference."""


class Fault(NamedTuple):
    """The first thing that is wrong, and at which record."""

    seq: int
    what: str


class Verdict(NamedTuple):
    """How far the ledger was found intact: its end, and how many checkpoints are true.

    ``signed`` is the last record that a trusted key signed: it confirms all before it.
    ``others`` are keys that also signed and are not trusted.
    """

    head: Head
    checkpoints: int
    fault: Fault | None
    signed: int = 0
    others: frozenset[str] = frozenset()


class TrustedKeys(NamedTuple):
    """The public keys (hex) that are trusted because of something outside the ledger.

    Records up to the number ``unsigned_archives`` may state without a signature that others
    were archived, as earlier versions wrote them; with ``None`` all may.
    """

    keys: frozenset[str] = frozenset()
    unsigned_archives: int | None = None


NOBODY = TrustedKeys()


class RecordColumns(NamedTuple):
    """The columns that the database has next to a record's bytes, and finds it by."""

    at: float
    event: str
    actor: str
    subject: str | None = None


class Start(NamedTuple):
    """Where a ledger begins whose older records were archived: the last archived record.

    ``keys`` are the public keys that those records introduced.
    """

    head: Head
    keys: frozenset[str]

    @property
    def told_keys(self) -> str:
        """The keys as a record states them: all, or their digest if too many for a record."""
        told = self.all_keys
        if len(told) <= MOST_TEXT:
            return told
        return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"

    @property
    def all_keys(self) -> str:
        """The keys, in order."""
        return " ".join(sorted(self.keys))


class Verifier:
    """Verifies a ledger record by record; holds only digests of checkpointed records."""

    def __init__(
        self,
        ledger: bytes,
        checkpoints: Iterable[Checkpoint],
        start: Start | None = None,
        trust: TrustedKeys = NOBODY,
    ) -> None:
        """Expect the records of ``ledger``, from the first on, or those after ``start``.

        With ``start``, a record has to state that the others were archived; of their
        checkpoints only that of the last one can be checked. If keys are trusted, all
        checkpoints that the database keeps have to be given.
        """
        self._ledger = ledger
        self._start = start
        self._head = Head(0, ledger) if start is None else start.head
        self._first = self._head.seq + 1
        self._trust = trust
        self._trusted = set(trust.keys)
        self._named: dict[str, int] = {}
        self._introduced: set[str] = set()
        self._signers: set[str] = set()
        self._successor: tuple[str, str] | None = None
        self._signed = 0
        self.keys: set[str] = set() if start is None else set(start.keys)
        self._waiting: dict[int, list[Checkpoint]] = {}
        self._good = 0
        for checkpoint in checkpoints:
            if start is None or checkpoint.seq >= start.head.seq:
                self._waiting.setdefault(checkpoint.seq, []).append(checkpoint)

    @property
    def head(self) -> Head:
        """The last record that was checked."""
        return self._head

    def take(self, link: Link, columns: RecordColumns | None = None) -> Fault | None:
        """Check the next record, and the columns next to it; return what is wrong."""
        expected = self._head.seq + 1
        if self._start is not None:
            fault = self._borne_out()
            if fault is not None:
                return Fault(expected - 1, fault)
        if link.seq != expected:
            return Fault(expected, f"record {expected} is missing: {link.seq} follows")
        self._successor = None
        fault = self._placed(link, columns)
        if fault is not None:
            return Fault(expected, fault)
        self._head = Head(expected, digest_of(link.body))
        fault = self._borne_out()
        return None if fault is None else Fault(expected, fault)

    def end(self) -> Verdict:
        """Return the verdict after the last record: everything that was signed has to exist."""
        fault = None
        if self._start is not None:
            last = self._start.head.seq
            reason = f"no record says that the records up to {last} were archived"
            fault = Fault(last + 1, reason)
        elif self._waiting:
            seq = min(self._waiting)
            reason = f"the ledger ends at record {self._head.seq}, a checkpoint names {seq}"
            fault = Fault(self._head.seq + 1, reason)
        else:
            fault = self._unproven()
        others = frozenset(self._signers - self._trusted)
        return Verdict(self._head, self._good, fault, self._signed, others)

    def _borne_out(self) -> str | None:
        """Return why a checkpoint of the last record is not true."""
        signers: set[str] = set()
        for checkpoint in self._waiting.pop(self._head.seq, ()):
            fault = self._untrue(checkpoint)
            if fault is not None:
                return fault
            self._good += 1
            signers.add(checkpoint.key)
        if self._successor is not None:
            before, key = self._successor
            if before in self._trusted & signers and key in signers:
                self._trusted.add(key)
        if self._trusted & signers:
            self._signed = self._head.seq
        self._introduced |= {key for key in signers if self._named.get(key) == self._head.seq}
        self._signers |= signers
        return None

    def _unproven(self) -> Fault | None:
        """Return where the ledger lacks what a trusted key signed when it was introduced."""
        if not self._trust.keys or self._head.seq < self._first:
            return None
        if not self._trust.keys & self.keys:
            return Fault(self._first, "no record names a key that is trusted: it was written anew")
        missed = (self._trust.keys & self._named.keys()) - self._introduced
        if not missed:
            return None
        fault = "it names a key that is trusted, and the checkpoint that this key signed is gone"
        return Fault(min(self._named[key] for key in missed), fault)

    def _placed(self, link: Link, columns: RecordColumns | None) -> str | None:
        """Return why a record is not the one that belongs here."""
        if digest_of(link.body) != link.digest:
            return "its digest is another: it was changed"
        fields = _opened(link.body)
        if fields is None:
            return "it is not in canonical form"
        if fields.get("v") != VERSION or fields.get("seq") != link.seq:
            return "it says of itself that it is another record"
        if fields.get("prev") != self._head.digest.hex():
            return "it does not follow the record before it"
        other = None if columns is None else differing(columns, fields)
        if other is not None:
            return f"the column {other} says something else than the record"
        return self._heard(fields, link.seq)

    def _heard(self, fields: Mapping[str, object], seq: int) -> str | None:
        """Process what a record states about keys or an archive; return why it cannot be true."""
        detail = fields.get("detail")
        if not isinstance(detail, dict):
            return None
        if fields.get("event") == Event.KEY:
            key = str(detail.get("key"))
            self.keys.add(key)
            self._named.setdefault(key, seq)
            self._successor = (str(detail.get("before")), key)
        return self._archived(detail, seq) if fields.get("event") == Event.ARCHIVED else None

    def _archived(self, detail: Mapping[str, object], seq: int) -> str | None:
        """Process what a record states about the archive; return why it contradicts the start."""
        start = self._start
        if start is None or detail.get("last") != str(start.head.seq):
            return None
        statement = (detail.get("digest"), detail.get("keys"))
        if statement != (start.head.digest.hex(), start.told_keys):
            return "what was archived ended otherwise than this ledger begins"
        until = self._trust.unsigned_archives
        if self._trust.keys and until is not None and seq > until:
            signer = archived.signer(self._ledger, detail)
            if signer not in self._trusted:
                return (
                    f"it says that the records up to {start.head.seq} were archived, and no key "
                    "that is trusted signed that"
                )
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
    """Return the record whose canonical form is ``body``, or ``None``."""
    try:
        fields = json.loads(body)
        if isinstance(fields, dict) and canonical(fields) == body:
            return fields
    except (ValueError, TypeError, RecursionError):
        pass
    return None


def differing(columns: RecordColumns, fields: Mapping[str, object]) -> str | None:
    """Return the column that differs from the record next to it; ``None`` if none does."""
    who = fields.get("who")
    name = str(who.get("name", "")) if isinstance(who, dict) else ""
    if columns.actor != name[:_ACTOR]:
        return "actor"
    if columns.event != fields.get("event"):
        return "event"
    detail = fields.get("detail")
    about = subject_of(detail) if isinstance(detail, dict) else None
    if columns.subject != (None if about is None else about.key):
        return "subject"
    try:
        at = datetime.fromisoformat(str(fields.get("at"))).timestamp()
    except (ValueError, OverflowError):
        return "at"
    return None if abs(columns.at - at) <= _ROUNDING else "at"


def verify(
    ledger: bytes,
    links: Iterable[Link],
    checkpoints: Iterable[Checkpoint] = (),
    head: Head | None = None,
    start: Start | None = None,
    trust: TrustedKeys = NOBODY,
) -> Verdict:
    """Return how far the records of ``ledger`` are intact.

    ``start`` is the record after which they begin, ``head`` the latest known end of the
    ledger when reading began.
    """
    verifier = Verifier(ledger, checkpoints, start, trust)
    for link in links:
        fault = verifier.take(link)
        if fault is not None:
            return verifier.end()._replace(fault=fault)
    verdict = verifier.end()
    if verdict.fault is None and head is not None and verdict.head.seq < head.seq:
        seq = verdict.head.seq
        reason = f"the ledger ends at record {seq}, {head.seq} had been written"
        return verdict._replace(fault=Fault(seq + 1, reason))
    return verdict

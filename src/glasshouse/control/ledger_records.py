"""What the ledger records about an operation: one place, so that all records are consistent."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from glasshouse.control.affected_queues import concerned, queues_of
from glasshouse.control.requester import Requester
from glasshouse.ledger import subject
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.model.access import Decision
from glasshouse.model.redaction import Redaction
from glasshouse.model.request import OperationRequest
from glasshouse.policy.searching import without_hidden
from glasshouse.storage.operations import RunningOperation
from glasshouse.upstream.operator import Entry, FrozenJobs
from glasshouse.wire.jobs import JobError, parse_job
from glasshouse.wire.masking import masked_push
from glasshouse.wire.payload import read_fields, set_fields

_FEW, _TEXT = 10, 500
_LOOKED_INTO = 8 << 10
"""Bytes of a pushed job's field that are examined: no more than the beginning is recorded."""
_TELLING = frozenset({"jid", "jobtype", "queue"})
_unpack = msgspec.msgpack.Decoder(list[Entry]).decode


def named(
    order: OperationRequest, server: str, requester: Requester, frozen: FrozenJobs | None
) -> dict[str, str]:
    """Return what a request names, in words, without what is hidden from anyone in a job."""
    hidden = tuple(dict.fromkeys((*requester.visibility.hidden, *requester.guarded)))
    detail = {"operation": order.operation.value, "server": server}
    detail |= subject.named(concerned(order, frozen))
    for name in ("set", "worker"):
        value = getattr(order, name)
        if value is not None:
            detail[name] = str(value)
    if order.query is not None:
        detail["query"] = without_hidden(order.query, hidden)
    if order.record is not None:
        detail["restores"] = str(order.record)
    for name, ids in (("jids", order.jids), ("keys", order.keys)):
        if ids:
            detail[name] = _some(ids)
    if order.parameters is not None:
        detail["parameters"] = ", ".join(
            f"{n} = {v:g}" for n, v in sorted(order.parameters.items())
        )
    if order.job is not None:
        detail["job"] = _shown(order.job, hidden)
    return detail


def intent(
    order: OperationRequest,
    server: str,
    requester: Requester,
    decision: Decision,
    frozen: FrozenJobs | None,
    now: float,
) -> Record:
    """Return the record that is written before anything is done."""
    detail = named(order, server, requester, frozen)
    if frozen is not None:
        detail["jobs"] = str(frozen.count)
        detail["digest"] = digest(frozen.chunks)
        if 0 < frozen.count <= _FEW and order.jids is None and order.keys is None:
            detail["jids"] = _some([entry.jid for entry in _unpack(frozen.chunks[0])])
    if order.preview:
        detail["preview"] = order.preview
    if order.lossy:
        detail["lossy"] = "yes"
    if order.reason.strip():
        detail["reason"] = order.reason.strip()
    detail |= {"rule": decision.why.value, "role": decision.role}
    return Record(event=Event.INTENT, at=now, who=requester.who, detail=detail)


def refused(
    order: OperationRequest,
    server: str,
    requester: Requester,
    decision: Decision,
    frozen: FrozenJobs | None,
    now: float,
) -> Record:
    """Return the record of an operation that was not allowed."""
    detail = named(order, server, requester, frozen)
    if frozen is not None:
        detail["jobs"] = str(frozen.count)
    if order.reason.strip():
        detail["reason"] = order.reason.strip()
    detail |= {"rule": decision.why.value, "role": decision.role}
    return Record(event=Event.REFUSED, at=now, who=requester.who, detail=detail)


def stopped(running: RunningOperation, who: Subject, decision: Decision, now: float) -> Record:
    """Return the record of a request to stop an operation."""
    return Record(event=Event.STOPPED, at=now, who=who, detail=_stop(running, decision))


def stop_refused(running: RunningOperation, who: Subject, decision: Decision, now: float) -> Record:
    """Return the record of a refused request to stop an operation."""
    detail = {"action": "stop"} | _stop(running, decision)
    return Record(event=Event.REFUSED, at=now, who=who, detail=detail)


def _stop(running: RunningOperation, decision: Decision) -> dict[str, str]:
    detail = {
        "intent": str(running.record),
        "operation": running.operation,
        "server": running.server,
    }
    detail |= subject.named(queues_of(running))
    return detail | {"rule": decision.why.value, "role": decision.role}


def outcome(running: RunningOperation, who: Subject, now: float, **more: str) -> Record:
    """Return the record of an operation's outcome; ``running`` says how it ended."""
    detail = {
        "intent": str(running.record),
        "operation": running.operation,
        "server": running.server,
        "outcome": running.outcome,
    }
    detail |= subject.named(queues_of(running))
    if running.total:
        detail["jobs"] = str(running.done)
        detail["of"] = str(running.total)
    if running.moved:
        detail["moved"] = str(running.moved)
    if running.stopped_by:
        detail["stopped_by"] = running.stopped_by
    if running.detail:
        detail["told"] = running.detail
    return Record(event=Event.OUTCOME, at=now, who=who, detail=detail | more)


def digest(chunks: Sequence[bytes]) -> str:
    """Return the digest of frozen jobs: SHA-256 of JSON lists ``[number, state, score, jid]``."""
    sha256 = hashlib.sha256()
    for chunk in chunks:
        for entry in _unpack(chunk):
            line = [entry.number, entry.state, entry.score, entry.jid]
            sha256.update(msgspec.json.encode(line) + b"\n")
    return sha256.hexdigest()


def _some(ids: Sequence[str]) -> str:
    rest = len(ids) - _FEW
    return ", ".join(ids[:_FEW]) + (f" and {rest} more" if rest > 0 else "")


def _shown(text: str, hidden: tuple[Redaction, ...]) -> str:
    try:
        job = parse_job(text.encode("utf-8", "replace"))
    except JobError:
        return "no job"
    left = masked_push(job, job.body, hidden, _LOOKED_INTO)
    return _shortened(left).decode("utf-8", "replace")


def _shortened(payload: bytes) -> bytes:
    """Return a job without the longest of its fields, so that the rest is still a job."""
    if len(payload) <= _TEXT:
        return payload
    fields = read_fields(payload)
    size = len(payload)
    for name in sorted(fields, key=lambda name: -len(fields[name])):
        if size > _TEXT and name not in _TELLING:
            note = msgspec.json.encode(f"{len(fields[name]):,} bytes")
            size += len(note) - len(fields[name])
            fields[name] = note
    return set_fields(b"{}", fields)

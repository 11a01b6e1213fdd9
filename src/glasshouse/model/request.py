"""An operation request: one operation with everything that it names.

``NAMES`` has what each operation may name; a request that names anything else, or
lacks something, is invalid.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobSet
from glasshouse.model.messages import message
from glasshouse.model.operation import Operation

MOST_JOBS = 100
"""The most jobs that a request may concern without a preview."""
MOST_REASON = 500
_MOST_IDS = 1000
_MOST_TEXT = 1000
# Servers accept queue names of any length: the jobs in such queues can be deleted.
_MOST_QUEUE = 64 << 10
_MOST_RECORD = 2**63 - 1
_SETS = frozenset(JobSet)


class OperationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operation and what it names. ``keys`` are those of ``StoredJob``; ``job`` is JSON text.

    ``query`` are search words; ``""`` is every job of the set. ``worker`` is a wid or ``*``.
    ``record`` is the number of the earlier operation's audit record. ``lossy`` accepts that
    not every deleted job can be kept for an undo.
    """

    operation: Operation
    queue: str | None = None
    set: str | None = None
    jids: tuple[str, ...] | None = None
    keys: tuple[str, ...] | None = None
    query: str | None = None
    job: str | None = None
    worker: str | None = None
    record: int | None = None
    parameters: Mapping[str, float] | None = None
    reason: str = ""
    preview: str = ""
    lossy: bool = False

    def named(self) -> tuple[str, ...]:
        """Return which of the things that operations can name this one names."""
        return tuple(name for name in _NAMEABLE if getattr(self, name) is not None)

    def canonical(self) -> bytes:
        """Return the request in one canonical form, without its reason and preview."""
        fields = {name: getattr(self, name) for name in self.named()}
        return msgspec.json.encode({"operation": self.operation, **fields}, order="sorted")


# Created at import: two threads that decode a type for the first time at once break msgspec.
decode_order = msgspec.json.Decoder(OperationRequest).decode


class Undo(enum.Enum):
    """Whether what an operation removes is kept in the trash."""

    TRASH = enum.auto()
    NONE = enum.auto()


class RequestFields(NamedTuple):
    """What an operation names: everything in ``needs``, and one of ``jobs`` if there are any.

    ``whole`` means that it concerns a whole queue, a set or the server: it needs a preview.
    """

    needs: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    whole: bool = False
    undo: Undo = Undo.NONE


_IN_SET = ("jids", "keys", "query")
NAMES: Mapping[Operation, RequestFields] = {
    Operation.QUEUE_PAUSE: RequestFields(("queue",)),
    Operation.QUEUE_RESUME: RequestFields(("queue",)),
    Operation.QUEUE_DELETE_JOBS: RequestFields(("queue",), ("jids", "keys"), undo=Undo.TRASH),
    Operation.QUEUE_CLEAR: RequestFields(("queue",), whole=True, undo=Undo.TRASH),
    Operation.JOB_RETRY: RequestFields(("set",), _IN_SET),
    Operation.JOB_KILL: RequestFields(("set",), _IN_SET),
    Operation.JOB_DELETE: RequestFields(("set",), _IN_SET, undo=Undo.TRASH),
    Operation.SET_CLEAR: RequestFields(("set",), whole=True, undo=Undo.TRASH),
    Operation.JOB_PUSH: RequestFields(("job",)),
    Operation.WORKER_QUIET: RequestFields(("worker",)),
    Operation.WORKER_TERMINATE: RequestFields(("worker",)),
    Operation.TRASH_RESTORE: RequestFields(("record",), may=("jids",)),
    Operation.SERVER_CONFIGURE: RequestFields(("parameters",)),
    Operation.SERVER_FLUSH: RequestFields(whole=True, undo=Undo.TRASH),
}
_NAMEABLE = ("queue", "set", "jids", "keys", "query", "job", "worker", "record", "parameters")


def check(order: OperationRequest) -> OperationRequest:
    """Return the request, if it names what its operation names, and nothing else.

    Raises:
        InvalidError: it does not.
    """
    naming, named = NAMES[order.operation], set(order.named())
    if len(naming.jobs) and len(named.intersection(naming.jobs)) != 1:
        names = ", ".join(naming.jobs)
        raise _wrong(message(f"{order.operation} requires one of {names}."))
    for name in naming.needs:
        if name not in named:
            raise _wrong(message(f"{order.operation} requires {name}."))
    extra = named.difference(naming.needs, naming.jobs, naming.may)
    if extra:
        names = ", ".join(sorted(extra))
        raise _wrong(message(f"{order.operation} does not take {names}."))
    _check_values(order)
    return order


def _wrong(detail: str) -> InvalidError:
    return InvalidError(detail, remedy="See docs/operations.md for what each operation takes.")


def _check_values(order: OperationRequest) -> None:
    if order.set is not None and order.set not in _SETS:
        raise InvalidError(
            f"{order.set[:40]!r} is not a set.", remedy=f"The sets are {', '.join(JobSet)}."
        )
    if order.operation is Operation.JOB_KILL and order.set == JobSet.DEAD:
        raise InvalidError("Jobs in the dead set are dead already.", remedy="Delete them.")
    for ids in (order.jids, order.keys):
        if ids is not None and not 0 < len(ids) <= _MOST_IDS:
            raise InvalidError(
                f"An operation can name 1 to {_MOST_IDS:,} jobs.",
                remedy="Use a search for more.",
            )
    if order.record is not None and not 0 < order.record <= _MOST_RECORD:
        raise InvalidError(
            "The audit log has no record with this number.", remedy="Look for it in the audit log."
        )
    if order.parameters is not None and not order.parameters:
        raise InvalidError("No parameter was given.", remedy="Name one with its new value.")
    if len(order.reason) > MOST_REASON:
        raise InvalidError(
            f"A reason can have at most {MOST_REASON} characters.", remedy="Shorten it."
        )
    bounds = (
        (order.queue, _MOST_QUEUE),
        *((text, _MOST_TEXT) for text in (order.query, order.worker, order.preview)),
    )
    for text, most in bounds:
        if text is not None and len(text) > most:
            raise InvalidError("A name is too long.", remedy="Check what was sent.")

"""MUTATE as a typed value: what to do to which jobs of a set (fwp.md §5).

A filter narrows, and never covers more than it states. The reference treats an unknown
key, or one that names nothing, as no filter at all and changes the whole set;
here such a filter is an error and nothing is done.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet

import msgspec

from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobSet
from glasshouse.wire import fields as typed
from glasshouse.wire.echo import echo
from glasshouse.wire.jsontext import Steps, members_in_steps

MAX_JIDS = 50_000

_MUTATE_KEYS = frozenset({"cmd", "target", "filter"})
_FILTER_KEYS = frozenset({"jids", "regexp", "jobtype"})


class MutationError(InvalidError):
    """A mutation cannot be executed; ``detail`` is what follows ``-ERR ``."""

    code = "invalid_command"


class MutateCommand(enum.StrEnum):
    """What MUTATE can do."""

    CLEAR = "clear"
    KILL = "kill"
    DISCARD = "discard"
    REQUEUE = "requeue"


class Mutate(msgspec.Struct, frozen=True):
    """MUTATE: change those jobs of a set that match all of the given filters.

    Without ``jids``, ``regexp`` and ``jobtype``, these are all jobs of the set.
    """

    command: MutateCommand
    target: JobSet
    jids: frozenset[str] = frozenset()
    regexp: str = ""
    jobtype: str = ""


def parse_mutation_in_steps(body: bytes) -> Steps[Mutate]:
    """Return the mutation in ``body``, in steps.

    Raises:
        MutationError: it cannot be executed, or a filter is ambiguous.
        JsonTextError: ``body`` is not such a JSON object.
    """
    if b" " in body:
        raise MutationError("invalid format")
    fields = yield from _members(body, _MUTATE_KEYS, "mutation")
    operation, target = typed.string(fields, "cmd"), typed.string(fields, "target")
    wanted = yield from _members(fields.get("filter", typed.NULL), _FILTER_KEYS, "filter")
    jids = yield from typed.strings_in_steps(wanted, "jids", most=MAX_JIDS + 1)
    if len(jids) > MAX_JIDS:
        raise MutationError(f"a filter takes at most {MAX_JIDS} jids")
    regexp, jobtype = typed.string(wanted, "regexp"), typed.string(wanted, "jobtype")
    _refuse_empty(wanted, {"jids": jids, "regexp": regexp, "jobtype": jobtype})
    if operation not in _OPERATIONS:
        raise MutationError("unknown mutate operation")
    if target not in _TARGETS:
        raise MutationError("invalid target for mutation command")
    command = MutateCommand(operation)
    if command is MutateCommand.CLEAR and wanted:
        raise MutationError("clear takes no filter, discard does")
    return Mutate(command, JobSet(target), frozenset(jids), regexp, jobtype)


def _members(text: bytes, known: AbstractSet[str], what: str) -> Steps[dict[str, bytes]]:
    """Return an object's members by canonical key; ``null`` has none.

    Raises:
        MutationError: a key is unknown, or occurs twice.
        JsonTextError: ``text`` is not a JSON object.
    """
    members: dict[str, bytes] = {}
    if text == typed.NULL:
        return members
    for key, value in (yield from members_in_steps(text)):
        name = typed.read_key(key, known)
        if name is None:
            keys = ", ".join(sorted(known))
            raise MutationError(f"unknown {what} key {echo(key)}, there are {keys}")
        if name in members:
            raise MutationError(f"{what} key {name} is given twice")
        members[name] = value
    return members


def _refuse_empty(wanted: Mapping[str, bytes], values: Mapping[str, Collection[str]]) -> None:
    """Refuse a filter with a key that names nothing; ``null`` next to another key is ignored.

    Raises:
        MutationError: there is such a key.
    """
    given = [name for name, value in wanted.items() if value != typed.NULL]
    for name in given or wanted:
        if not values[name]:
            raise MutationError(f"filter key {name} is empty")


_OPERATIONS = frozenset(operation.value for operation in MutateCommand)
_TARGETS = frozenset(target.value for target in JobSet)

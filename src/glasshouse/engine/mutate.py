"""MUTATE: bulk changes requested by clients, on jobs selected by their properties.

The reference matches substrings of the stored text (fwp.md §5); here an id or
a type is compared with the job's own.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from glasshouse.engine.batch import Row
from glasshouse.engine.memory import DEAD, Memory
from glasshouse.engine.schema import STATE_NUMBERS
from glasshouse.model.job import WRAPPER, JobState
from glasshouse.model.times import format_time
from glasshouse.wire.globs import glob
from glasshouse.wire.jobnames import own_type
from glasshouse.wire.mutation import Mutate, MutateCommand
from glasshouse.wire.payload import set_fields


def mutate(memory: Memory, command: Mutate, now: float) -> Iterator[str | None]:
    """Carry out ``command`` job by job; yield the queue of each that entered one."""
    state = STATE_NUMBERS[JobState(command.target.value)]
    for row in memory.in_state(state):
        if row is None or not _matches(command, row):
            yield None
        elif command.command is MutateCommand.KILL:
            kill(memory, row, now)
            yield None
        elif command.command is MutateCommand.REQUEUE:
            requeue(memory, row, now)
            yield row.queue
        else:
            memory.drop(row)
            yield None


def kill(memory: Memory, row: Row, now: float) -> None:
    """Move a job of a set to the dead set, where its full lifetime starts now."""
    memory.put(row, DEAD, now + memory.parameters.dead_lifetime, row.payload)


def requeue(memory: Memory, row: Row, now: float) -> None:
    """Move a job of a set to the newest end of its queue."""
    stamp = b'"' + format_time(now).encode() + b'"'
    memory.enqueue(row, set_fields(row.payload, {"enqueued_at": stamp}), now)


def _matches(command: Mutate, row: Row) -> bool:
    if command.jids and row.jid not in command.jids:
        return False
    if command.jobtype and not _is_of_type(row, command.jobtype):
        return False
    if command.regexp:
        matches = glob(command.regexp)
        return bool(matches(row.payload) or matches(_compact(row.payload)))
    return True


def _is_of_type(row: Row, jobtype: str) -> bool:
    """Return whether a job has this name or, for ActiveJob's adapter, this type."""
    return row.jobtype == jobtype or (jobtype == WRAPPER and own_type(row.payload) == WRAPPER)


def _compact(payload: bytes) -> bytes:
    """Return the text as the reference stores it, without the spaces that some clients send."""
    try:
        return msgspec.json.format(payload, indent=-1)
    except (ValueError, RecursionError):  # odd texts: Unicode's errors are ValueErrors
        return payload

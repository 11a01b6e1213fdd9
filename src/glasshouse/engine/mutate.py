"""MUTATE: the bulk changes that clients ask for, on jobs found by what they are.

The reference matches substrings of the stored text (fwp.md §5); here an id or
a type is compared with the job's own.
"""

from __future__ import annotations

import fnmatch

from glasshouse.engine.lifecycle import DEAD_FOR
from glasshouse.engine.memory import Memory
from glasshouse.engine.schema import STATE_NUMBERS
from glasshouse.engine.store import Row
from glasshouse.model.job import JobState
from glasshouse.wire.commands import Mutate, MutateCommand
from glasshouse.wire.payload import set_fields
from glasshouse.wire.times import format_time


def mutate(memory: Memory, command: Mutate, now: float) -> set[str]:
    """Carry out ``command``; return the queues that got a job."""
    state = STATE_NUMBERS[JobState(command.target.value)]
    woken: set[str] = set()
    stamp = b'"' + format_time(now).encode() + b'"'
    for row in memory.in_state(state):
        if command.command is not MutateCommand.CLEAR and not _matches(command, row):
            continue
        if command.command is MutateCommand.KILL:
            memory.put(row, STATE_NUMBERS[JobState.DEAD], now + DEAD_FOR, row.payload)
        elif command.command is MutateCommand.REQUEUE:
            memory.enqueue(row, set_fields(row.payload, {"enqueued_at": stamp}), now)
            woken.add(row.queue)
        else:
            memory.drop(row)
    return woken


def _matches(command: Mutate, row: Row) -> bool:
    if not command.filtered:
        return True
    if command.jids:
        return row.jid in command.jids
    if command.jobtype and row.jobtype != command.jobtype:
        return False
    if command.regexp:
        return fnmatch.fnmatchcase(row.payload.decode(errors="replace"), command.regexp)
    return True

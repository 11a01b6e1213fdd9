"""Stopping: whoever may begin an operation may stop it, with the same factor; it is recorded."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from glasshouse.control import ledger_records
from glasshouse.control.affected_queues import deciding, queues_of
from glasshouse.control.group_commit import GroupCommit, StopRequest
from glasshouse.control.refusal_log import RefusalLog
from glasshouse.control.refusals import unrecorded
from glasshouse.control.requester import Requester
from glasshouse.control.runner import stoppable
from glasshouse.model.access import Decision, Outcome
from glasshouse.model.errors import InvalidError, StoreError
from glasshouse.model.operation import Operation
from glasshouse.storage.operations import NotRunningError, RunningOperation


def may_stop(requester: Requester, running: RunningOperation) -> Decision:
    """Return whether the requester may stop an operation: only if now allowed to do the same.

    Stopping does not require a second person.
    """
    operation = Operation(running.operation)
    decision = requester.worst(operation, running.server, deciding(queues_of(running)))
    if decision.outcome is Outcome.NEEDS_SECOND_PERSON:
        return msgspec.structs.replace(decision, outcome=Outcome.ALLOW)
    return decision


class Stopping:
    """Requests operations to stop, whichever console carries them out."""

    def __init__(
        self, writer: GroupCommit, refusing: RefusalLog, clock: Callable[[], float]
    ) -> None:
        """Record with ``writer``."""
        self._writer = writer
        self._refusing = refusing
        self._clock = clock

    async def stop(self, requester: Requester, running: RunningOperation) -> None:
        """Make an operation stop before its next step; see ``Control.stop``."""
        decision, now = may_stop(requester, running), self._clock()
        if decision.outcome is not Outcome.ALLOW:
            record = ledger_records.stop_refused(running, requester.who, decision, now)
            await self._refusing.refuse(
                requester, record, decision, deciding(queues_of(running))[0]
            )
        if running.ended_at is not None or running.stop:
            return
        if not stoppable(running):
            raise InvalidError(
                "This operation has a single step: it cannot be stopped.",
                remedy="Wait for its outcome.",
            )
        record = ledger_records.stopped(running, requester.who, decision, now)
        try:
            await self._writer.write(record, StopRequest(running.id, requester.who.name))
        except NotRunningError:
            # It ended, or someone else stopped it, at this moment.
            return
        except StoreError as error:
            raise unrecorded(error) from error

"""Refusals: recorded individually within limits, then reported to the requester."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from glasshouse.control.group_commit import GroupCommit
from glasshouse.control.refusals import TooManyRefusalsError, refusal, unrecorded
from glasshouse.control.requester import Requester
from glasshouse.ledger.record import Record
from glasshouse.model.access import Decision
from glasshouse.model.errors import StoreError

_REFUSALS, _MINUTE = 120, 60.0


@dataclass
class _Counted:
    since: float
    count: int = 0


class RefusalLog:
    """Refuses a request after recording that."""

    def __init__(self, writer: GroupCommit) -> None:
        """Write with ``writer``."""
        self._writer = writer
        self._counts: dict[str, _Counted] = {}

    async def refuse(
        self, requester: Requester, record: Record, decision: Decision, queue: str | None
    ) -> NoReturn:
        """Record that something is not allowed, and report that.

        Raises:
            NotAllowedError: always, once it is recorded.
            AuditUnavailableError, TooManyRefusalsError: it cannot be recorded.
        """
        self._count(requester, record.at)
        try:
            await self._writer.write(record)
        except StoreError as error:
            raise unrecorded(error) from error
        raise refusal(decision, signed_in=bool(requester.who.name), queue=queue)

    def _count(self, requester: Requester, now: float) -> None:
        key = requester.who.address or requester.who.name
        counted = self._counts.get(key)
        if counted is None or not 0 <= now - counted.since < _MINUTE:
            fresh = {k: c for k, c in self._counts.items() if 0 <= now - c.since < _MINUTE}
            self._counts = fresh
            counted = self._counts[key] = _Counted(now)
        counted.count += 1
        if counted.count > _REFUSALS:
            raise TooManyRefusalsError(counted.since + _MINUTE - now)

"""Records written durably; concurrent ones share a transaction.

Invariant: when ``write`` returns, the record and what belongs to it are durable; when it
raises, neither exists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from glasshouse.ledger.record import Record
from glasshouse.ledger.subject import subject_of
from glasshouse.model.errors import StoreError
from glasshouse.storage import leases, ledger, operations
from glasshouse.storage.database import Database
from glasshouse.storage.operations import NewOperation, RunningOperation

_MOST, _MOST_INTRODUCED = 200, 10_000


class FencedRecord(NamedTuple):
    """A record of an operation that we still carry out: its id, and the fence of the lease."""

    operation: str
    fence: int


class StopRequest(NamedTuple):
    """A request for an operation to stop, and by whom."""

    operation: str
    by: str


Also = NewOperation | RunningOperation | FencedRecord | StopRequest
"""Written together with a record: an operation that begins, and gets its number, or has ended."""


class _Work(NamedTuple):
    record: Record
    also: Also | None
    written: asyncio.Future[int]


class GroupCommit:
    """Appends records to the ledger."""

    def __init__(self, database: Database) -> None:
        """Write to ``database``."""
        self._database = database
        self._waiting: list[_Work] = []
        self._task: asyncio.Task[None] | None = None
        self._introduced: set[str] = set()

    async def write(self, record: Record, also: Also | None = None) -> int:
        """Write a record and return its number.

        Raises:
            LeaseLostError: another console carries out what ended, or it has already ended.
            NotRunningError: the operation to be stopped has ended, or was asked to stop before.
            StoreError: it is not written, and neither is what belongs to it.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Work(record, also, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        # A caller that leaves meanwhile does not cancel the record.
        return await asyncio.shield(future)

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                await self._write(batch)
        finally:
            self._task = None

    async def _write(self, batch: Sequence[_Work]) -> None:
        try:
            numbers = await self._database.run(_append, batch, self._introduced)
        except StoreError as error:
            if len(batch) > 1:
                # A single one may be the cause for all.
                for work in batch:
                    await self._write([work])
            else:
                _settle(batch[0].written, error)
            return
        except Exception as error:  # noqa: BLE001 - each of them is notified
            for work in batch:
                _settle(work.written, error)
            return
        self._introduce(batch)
        for work, number in zip(batch, numbers, strict=True):
            if not work.written.done():
                work.written.set_result(number)

    def _introduce(self, batch: Sequence[_Work]) -> None:
        """Remember the subjects of durable records: they need not be searched for again."""
        if len(self._introduced) > _MOST_INTRODUCED:
            self._introduced = set()
        subjects = (subject_of(work.record.detail) for work in batch)
        self._introduced.update(subject.key for subject in subjects if subject is not None)


def _settle(future: asyncio.Future[int], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # no one may be waiting any longer


def _append(db: sa.Connection, batch: Sequence[_Work], introduced: Collection[str]) -> list[int]:
    last = ledger.append(db, *(work.record for work in batch), introduced=introduced).seq
    numbers = list(range(last - len(batch) + 1, last + 1))
    begun: list[NewOperation] = []
    ended: list[RunningOperation] = []
    held: list[FencedRecord] = []
    for work, number in zip(batch, numbers, strict=True):
        match work.also:
            case NewOperation():
                kept = msgspec.structs.replace(work.also.running, record=number)
                begun.append(work.also._replace(running=kept))
            case RunningOperation():
                ended.append(work.also)
                held.append(FencedRecord(work.also.id, work.also.fence))
            case FencedRecord():
                held.append(work.also)
            case StopRequest():
                operations.stop(db, *work.also)
            case None:
                pass
    if held:
        leases.hold(db, *held)
    if begun:
        operations.begin(db, leases.moment(db), *begun)
    if ended:
        operations.end(db, *ended)
    return numbers

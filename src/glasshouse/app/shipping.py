"""Shipping of the ledger: every record goes to every receiver, in order.

The database gets a record first, and whatever waits for it continues; the receivers get it
within a second or so. One that does not answer is retried forever, and misses nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from glasshouse.integrations.ledger_receivers import (
    FileReceiver,
    HttpReceiver,
    Receiver,
    SinkError,
    SyslogReceiver,
)
from glasshouse.ledger.export import line
from glasshouse.model.errors import GlasshouseError, StoreError
from glasshouse.model.messages import message
from glasshouse.settings.console import ConsoleSettings
from glasshouse.settings.sinks import Sink
from glasshouse.storage import ledger, sinks
from glasshouse.storage.database import Database
from glasshouse.storage.sinks import SinkPosition

log = structlog.get_logger()

LOOK = 1.0
"""Seconds between two checks for new records."""
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0)
_LAST_WORD = 3.0
"""Seconds for sending the remainder at the end."""


def receivers_of(settings: ConsoleSettings) -> list[Receiver]:
    """Return the receivers that the settings name next to the database; nothing is opened."""
    return [_receiver(sink) for sink in settings.sinks]


def _receiver(sink: Sink) -> Receiver:
    if sink.kind == "file":
        return FileReceiver(Path(sink.target))
    if sink.kind == "syslog":
        return SyslogReceiver(Path(sink.target))
    return HttpReceiver(sink.target, None if sink.token is None else sink.token.reveal())


class Shipper:
    """Sends the ledger to one receiver."""

    def __init__(
        self,
        database: Database,
        receiver: Receiver,
        clock: Callable[[], float] = time.time,
        look: float = LOOK,
    ) -> None:
        """Send from ``database``; nothing is sent before it runs."""
        self._database = database
        self._receiver = receiver
        self._clock = clock
        self._look = look
        self._place: SinkPosition | None = None
        self._unkept = False
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Send existing and new records until stopped; then the remainder, once."""
        tries = 0
        while True:
            last = self._stop.is_set()
            try:
                while await self.send_some():
                    pass
                tries, wait = 0, self._look
            except GlasshouseError as error:
                await self._note(error)
                wait = _WAITS[min(tries, len(_WAITS) - 1)]
                tries += 1
            except Exception:
                log.exception("the ledger is not sent on", to=self._receiver.name)
                await self._note(SinkError(message("Sending to it failed.")))
                wait = _WAITS[-1]
            if last:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._stop.wait()

    def stop(self) -> None:
        """Let ``run`` end after it has sent what there is."""
        self._stop.set()

    async def send_some(self) -> bool:
        """Send the next records with their checkpoints; return whether there may be more.

        Raises:
            SinkError: the receiver does not take them.
            StoreError: the database cannot be queried.
        """
        now = self._place if self._place is not None else await self._begun()
        links = await self._database.run(ledger.page, ledger.EVERYTHING, after=now.seq)
        seq = links[-1].seq if links else now.seq
        if links and now.seq and links[0].seq != now.seq + 1:
            log.warning(
                "records were archived that were not sent on", to=self._receiver.name,
                first=now.seq + 1, last=links[0].seq - 1,
            )  # fmt: skip
        signed = await self._database.run(ledger.signed, after=now.signed, upto=seq)
        if links or signed:
            # A receiver that fails may have some of them: its position is queried again.
            self._place = None
            texts = [text.encode() + b"\n" for _, text in signed]
            await self._receiver.send(list(map(line, links)), texts)
            last = signed[-1][0] if signed else now.signed
            self._place = SinkPosition(seq=seq, signed=last, at=self._clock())
            self._unkept = True
        if now.fault:
            log.info("the ledger is sent on again", to=self._receiver.name)
            if self._place is now:
                self._place = msgspec.structs.replace(now, fault="", at=self._clock())
                self._unkept = True
        if self._unkept and self._place is not None:
            await self._keep(self._place)
            self._unkept = False
        return bool(links)

    async def _begun(self) -> SinkPosition:
        """Return the receiver's position: from its own contents, else from what is known of it."""
        known = await self._known()
        last = await self._receiver.last()
        if last is not None:
            ours = await self._database.run(
                ledger.page, ledger.EVERYTHING, after=last.seq - 1, upto=last.seq
            )
            if (ours and ours[0] != last) or (not ours and last.seq > known.seq):
                raise SinkError(
                    message("It contains another audit log."), remedy="Name another file."
                )
            signed = min(known.signed, last.seq)
            known = msgspec.structs.replace(known, seq=last.seq, signed=signed)
        self._place = known
        return known

    async def _known(self) -> SinkPosition:
        """Return the receiver's position in the database."""
        key = self._receiver.key
        return (await self._database.run(sinks.places, (key,))).get(key, SinkPosition())

    async def _keep(self, place: SinkPosition) -> None:
        await self._database.run(sinks.keep, self._receiver.key, place)

    async def _note(self, error: GlasshouseError) -> None:
        """Report once that the receiver gets nothing now, also where the auditor sees it."""
        if isinstance(error, StoreError):
            return
        with contextlib.suppress(StoreError):
            known = await self._known()
            self._place = None
            if known.fault != error.detail:
                log.warning(
                    "the ledger is not sent on", to=self._receiver.name, why=error.detail,
                    remedy=error.remedy,
                )  # fmt: skip
                now = self._clock()
                await self._keep(msgspec.structs.replace(known, fault=error.detail, at=now))


@contextlib.asynccontextmanager
async def shipping(database: Database, receivers: Sequence[Receiver]) -> AsyncIterator[None]:
    """Ship the ledger while the block runs, and send the remainder at its end for a few seconds."""
    shippers = [Shipper(database, receiver) for receiver in receivers]
    tasks = [asyncio.create_task(shipper.run()) for shipper in shippers]
    try:
        yield
    finally:
        for shipper in shippers:
            shipper.stop()
        if tasks:
            await asyncio.wait(tasks, timeout=_LAST_WORD)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(receiver.close() for receiver in receivers))

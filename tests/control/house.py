"""A control over a real engine and a real database, and somebody who asks."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from glasshouse.control.control import Control
from glasshouse.control.requester import Requester
from glasshouse.control.result import Result
from glasshouse.engine import schema
from glasshouse.ledger.export import read
from glasshouse.ledger.record import Event, Subject
from glasshouse.model.access import Actor, Context
from glasshouse.model.operation import Operation
from glasshouse.model.request import OperationRequest
from glasshouse.model.retention import Bounds
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.ledger import RecordFilter
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from tests.engine.peer import Running, running
from tests.steady import LONG

HERE = ipaddress.ip_address("127.0.0.1")
EVERYTHING = {"boss": RoleTable(inherits="viewer", allow=("*",), factor_age="none")}
FAR = "2036-01-01T00:00:00Z"


def requester(
    role: str = "boss",
    rules: Rules | None = None,
    *,
    name: str = "local:ops",
    address: str = "127.0.0.1",
    factor_age: float | None = None,
) -> Requester:
    rules = rules or Rules(roles=resolve(EVERYTHING), flushable=frozenset({"main"}))
    actor = Actor(name=name, roles=(role,))
    context = Context(address=ipaddress.ip_address(address), factor_age=factor_age)
    return Requester(
        who=Subject(name=name, roles=(role,), address=address),
        visibility=rules.visibility(actor, "main", context),
        decide=lambda operation, target: rules.decide(actor, operation, target, context),
        globs=rules.roles[role].queues if role in rules.roles else (),
        guarded=rules.guarded(),
    )


BOSS = requester()


def order(operation: Operation | str, **more: Any) -> OperationRequest:
    return msgspec.convert({"operation": str(operation), **more}, OperationRequest)


class House:
    """The engine, the control, and what both have written."""

    def __init__(self, engine: Running, control: Control, data: Path, state: Path) -> None:
        self.engine, self.control, self.data, self.state = engine, control, data, state

    async def ask(self, operation: Operation | str, who: Requester = BOSS, **more: Any) -> Result:
        return await self.control.perform(who, "main", order(operation, **more))

    async def agree(self, operation: Operation | str, who: Requester = BOSS, **more: Any) -> Result:
        """Look at a preview, agree to it, and wait for the end."""
        shown = await self.control.preview(who, "main", order(operation, **more))
        result = await self.ask(operation, who, **more, preview=shown.preview)
        await self.control.settled()
        found = await self.control.status(result.running.id)
        assert found is not None
        return found

    def records(self, event: Event | None = None) -> list[dict[str, Any]]:
        wanted = RecordFilter(event="" if event is None else event.value)
        links = ledger.walk(self.control.database, wanted)
        return [read(link) for link in links]

    def jobs(self) -> list[tuple[Any, ...]]:
        """Return every job, whole, in the order of its state and queue."""
        self.engine.engine.committer.settle()
        db = schema.open_reader(self.data)
        try:
            return list(
                db.execute(
                    "SELECT id, state, score, queue, jid, jobtype, retry, reserve_for, enqueued_at,"
                    " payload FROM job ORDER BY state, queue, score, id"
                )
            )
        finally:
            db.close()

    def state_of(self) -> dict[str, int]:
        return {row[4]: row[1] for row in self.jobs()}

    async def fill(self, queue: str, count: int, start: int = 0, **more: Any) -> list[str]:
        """Push jobs to a queue; return their ids in order."""
        peer = await self.engine.peer()
        jids = [f"{queue}-{number:07}" for number in range(start, start + count)]
        for part in range(0, count, 1000):
            jobs = [
                {"jid": jid, "jobtype": "Test", "queue": queue, "args": [jid, "ä"], **more}
                for jid in jids[part : part + 1000]
            ]
            assert await peer.ask(b"PUSHB " + msgspec.json.encode(jobs)) == b"{}"
        peer.close()
        return jids

    async def dead(self, queue: str, count: int) -> list[str]:
        """Make dead jobs that failed; return their ids, the first to die first."""
        jids = await self.fill(queue, count, retry=-1)
        peer = await self.engine.peer(wid="killer")
        for number in range(len(jids)):
            if number % 50 == 0:  # a worker that is silent for a minute is let go
                assert await peer.ask('BEAT {"wid":"killer"}') == "+OK"
            job = await peer.fetch(queue)
            assert job is not None
            failed = {"jid": job["jid"], "errtype": "CardRefused", "message": "no money"}
            assert await peer.ask(b"FAIL " + msgspec.json.encode(failed)) == "+OK"
        peer.close()
        return jids


@contextlib.asynccontextmanager
async def living(
    folder: Path,
    *,
    bounds: Bounds | None = None,
    url: str | None = None,
    engine: Running | None = None,
) -> AsyncIterator[House]:
    """Yield a control over an engine that has nothing, or over one that runs."""
    async with contextlib.AsyncExitStack() as stack:
        if engine is None:
            engine = await stack.enter_async_context(running(folder / "engine"))
        database = Database(url or sqlite_url(folder / "state"))
        control = Control(
            database=database,
            operators={"main": EmbeddedOperator(engine.data)},
            bounds=bounds or Bounds(),
            patience=LONG,
        )
        try:
            await control.resume()
            yield House(engine, control, engine.data, folder / "state")
        finally:
            await control.close()
            database.close()

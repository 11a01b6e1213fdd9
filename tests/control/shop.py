"""A console with a control over a real engine, on loopback, and its operator."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from httpx import AsyncClient as Client

from glasshouse.control.control import Control
from glasshouse.identity import passwords, totp
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts, factors
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.web.app import create_app
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.request.rules import Access
from tests.engine.peer import Clock, Peer, Running, push_orders, running
from tests.steady import LONG
from tests.web.looks import Looks
from tests.web.people.home import PASSWORD, SECRET
from tests.web.serving import serving

ROLES = {
    "operator": RoleTable(
        inherits="viewer",
        see=("audit", "trash"),
        allow=(
            "queue.pause", "queue.resume", "queue.clear", "queue.delete_jobs", "job.*",
            "set.clear", "worker.quiet", "worker.terminate", "trash.restore", "server.configure",
        ),
        factor_age="1h",
        reason=("queue.clear", "set.clear", "job.delete"),
    ),
    "clerk": RoleTable(see=("queues:mail", "trash"), factor_age="none"),
    "helper": RoleTable(inherits="viewer", allow=("queue.pause",), factor_age="none"),
}  # fmt: skip


class Shop(msgspec.Struct):
    """Both, the operator's console at ``url``, and the clock of people."""

    engine: Running
    url: str
    clock: Clock
    control: Control
    people: People

    def code(self, ahead: int = 0) -> str:
        """Return the operator's code of now, or of some steps ahead."""
        return totp.code_at(SECRET, int(self.clock() // totp.PERIOD) + ahead)

    async def failed(self, count: int, queue: str = "billing", **more: Any) -> list[str]:
        """Make jobs that failed for good; return their ids."""
        client, worker = await self.engine.peer(), await self.engine.peer(wid="w-1")
        jids = [f"charge-{queue}-{number:04}" for number in range(count)]
        await push_orders(client, queue, *jids, retry=-1, **more)
        for _ in jids:
            job = await worker.fetch(queue)
            assert job is not None
            told = {"jid": job["jid"], "errtype": "CardRefused", "message": "no money left"}
            assert await worker.ask("FAIL " + json.dumps(told)) == "+OK"
        client.close()
        worker.close()
        return jids

    async def fill(self, queue: str, count: int) -> list[str]:
        """Push jobs to a queue; return their ids."""
        client = await self.engine.peer()
        jids = [f"{queue}-{number:04}" for number in range(count)]
        await push_orders(client, queue, *jids)
        client.close()
        return jids

    async def worker(self, wid: str, host: str = "app-1") -> Peer:
        """Connect a worker."""
        return await self.engine.peer(wid=wid, hostname=host, pid=7, labels=["shop"])

    @contextlib.asynccontextmanager
    async def signed_in(self, name: str = "ops", *, proven: bool = True) -> AsyncIterator[Client]:
        """Yield somebody's browser, with the second factor shown if ``proven``."""
        headers = {"origin": self.url, "sec-fetch-site": "same-origin"}
        async with Client(base_url=self.url, headers=headers, timeout=60) as client:
            await client.post(
                "/sign-in", data={"name": name, "password": PASSWORD, "next": "/main"}
            )
            if proven:
                self.clock.ahead += 60
                shown = await client.post("/step-up", data={"code": self.code(), "next": "/main"})
                assert shown.headers["location"] == "/main"
            yield client


def add(people: People, name: str, role: str, at: float) -> None:
    """Add an account with an authenticator app."""
    stored = passwords.hashed(PASSWORD, b"s" * 16)
    account = Account(name=name, password=stored, role=role, created_at=at)
    people.tools.database.call(accounts.add, account)
    people.tools.database.call(factors.set_totp, f"local:{name}", SECRET, at, 0)


@contextlib.asynccontextmanager
async def shop(
    folder: Path,
    *,
    anonymous: str | None = "viewer",
    roles: Mapping[str, RoleTable] | None = None,
) -> AsyncIterator[Shop]:
    """Run everything while the block runs; ``anonymous`` is what everybody is."""
    data, clock = folder / "engine", Clock()
    access = Access(rules=Rules(roles=resolve(ROLES | dict(roles or {})), anonymous=anonymous))
    async with running(data) as engine:
        people = People(
            AuthDependencies(database=Database(sqlite_url(folder / "state")), clock=clock), access
        )
        add(people, "ops", "operator", clock())
        add(people, "helper", "helper", clock())
        add(people, "clerk", "clerk", clock())
        control = Control(
            database=people.tools.database,
            operators={"main": EmbeddedOperator(data)},
            patience=LONG,
        )
        await control.resume()
        reader, scanner = EmbeddedReader(data), EmbeddedScanner(data)
        looks = Looks(reader)
        server = ServerMonitor("main", looks.reader, clock=clock, scanner=scanner)
        monitor = Monitor({"main": server})
        app = create_app(monitor, clock=clock, people=people, control=control)
        try:
            async with monitor.running(), serving(app) as port:
                url = f"http://localhost:{port}"
                with looks.known(url, server):
                    yield Shop(engine, url, clock, control, people)
        finally:
            await control.close()
            people.tools.close()

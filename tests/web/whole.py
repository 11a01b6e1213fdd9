"""A whole console without a socket: people, a control and a ledger over a real engine.

Whoever is signed in may see and do everything.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec

from glasshouse.control.control import Control
from glasshouse.identity import passwords
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.upstream.embedded import EmbeddedReader
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.upstream.embedded_scan import EmbeddedScanner
from glasshouse.web.app import Application, create_app
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.request.rules import Access
from tests.engine.peer import Clock, Running, running
from tests.steady import LONG
from tests.web.fakes import ASSETS
from tests.web.people.home import BASE, PASSWORD, SAME, sign_in

ROLES = {
    "boss": RoleTable(
        inherits="viewer", see=("audit", "trash", "payload"), allow=("*",), factor_age="none"
    )
}


class Whole(msgspec.Struct):
    """The console, what it looks at, and the browser of who may do everything."""

    engine: Running
    server: ServerMonitor
    control: Control
    people: People
    app: Application
    browser: httpx.AsyncClient
    clock: Clock

    @property
    def cookie(self) -> str:
        """What the browser sends of itself."""
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    async def get(self, path: str) -> httpx.Response:
        """Ask for an address exactly as it is written."""
        return await self.browser.get(exactly(path))

    async def post(self, path: str, **order: Any) -> httpx.Response:
        """Send an order."""
        return await self.browser.post(exactly("/api/v1/servers/main" + path), json=order)


def exactly(path: str) -> httpx.URL:
    """Return an address that the client changes nothing of, as it would dots."""
    return httpx.URL(BASE).copy_with(raw_path=path.encode())


@contextlib.asynccontextmanager
async def whole(folder: Path, url: str | None = None) -> AsyncIterator[Whole]:
    """Run everything while the block runs; ``url`` is the console's database."""
    data, clock, now = folder / "engine", Clock(), time.time()
    rules = Rules(roles=resolve(ROLES), anonymous="viewer", flushable=frozenset({"main"}))
    # Nothing falls due and nobody is given up while a test takes its time.
    async with running(data, clock=lambda: now) as engine:
        database = Database(url or sqlite_url(folder / "state"))
        people = People(AuthDependencies(database=database, clock=clock), Access(rules=rules))
        stored = passwords.hashed(PASSWORD, b"s" * 16)
        account = Account(name="ops", password=stored, role="boss", created_at=clock())
        database.call(accounts.add, account)
        operators = {"main": EmbeddedOperator(data)}
        control = Control(database=database, operators=operators, patience=LONG)
        await control.resume()
        reader, scanner = EmbeddedReader(data), EmbeddedScanner(data)
        server = ServerMonitor("main", reader, clock=clock, scanner=scanner)
        monitor = Monitor({"main": server})
        app = create_app(monitor, clock=clock, people=people, control=control, assets=ASSETS)
        browser = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, client=("127.0.0.1", 4000)),
            base_url=BASE,
            headers=SAME,
            timeout=LONG,
        )
        try:
            async with monitor.running(), browser:
                await sign_in(browser, "ops")
                yield Whole(engine, server, control, people, app, browser, clock)
        finally:
            await control.close()
            people.tools.close()

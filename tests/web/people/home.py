"""A console that knows people, over an empty server, with a clock that tests set."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from glasshouse.identity import passwords, totp
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import accounts, factors
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.web.app import Application, create_app
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.passwords import File
from glasshouse.web.request.rules import Access, ProxyHeader, PublicSite
from tests.web.fakes import ASSETS, FAST, FakeReader

PASSWORD = "correct horse"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
BASE = "http://house"
SAME = {"origin": BASE, "sec-fetch-site": "same-origin"}


class Home:
    """The console, its people, and browsers that look at it."""

    def __init__(
        self,
        folder: Path,
        *,
        rules: Rules | None = None,
        file: File | None = None,
        proxy: ProxyHeader | None = None,
        trusted: tuple[str, ...] = (),
        site: PublicSite | None = None,
        url: str | None = None,
    ) -> None:
        self.now = 1_800_000_000.0
        self.rules = rules or Rules(roles=resolve({}), anonymous="viewer")
        self.access = Access(
            rules=self.rules,
            proxy=proxy,
            trusted_proxies=tuple(map(ipaddress.ip_network, trusted)),
            site=site or PublicSite(),
        )
        self.set_back = 0.0
        tools = AuthDependencies(
            database=Database(url or sqlite_url(folder)),
            clock=lambda: self.now - self.set_back,
            monotonic=lambda: self.now,
        )
        self.people = People(tools, self.access, file)
        self.database = tools.database
        self.server = ServerMonitor("main", FakeReader(), clock=lambda: self.now, pace=FAST)
        self.monitor = Monitor({"main": self.server})
        self.app: Application = create_app(
            self.monitor, clock=lambda: self.now, assets=ASSETS, people=self.people
        )

    def add(self, name: str, role: str = "operator", *, proven: bool = False) -> None:
        """Add an account with ``PASSWORD``; with ``proven`` it has an authenticator app."""
        stored = passwords.hashed(PASSWORD, b"s" * 16)
        account = Account(name=name, password=stored, role=role, created_at=self.now)
        self.database.call(accounts.add, account)
        if proven:
            self.database.call(factors.set_totp, f"local:{name}", SECRET, self.now, 0)

    def code(self, ahead: int = 0) -> str:
        """Return the code of now, or of some steps ahead."""
        return totp.code_at(SECRET, int(self.now // totp.PERIOD) + ahead)

    def browser(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """Return a browser at an address; it says that its forms are from our own pages."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 4000)),
            base_url=BASE,
            headers=SAME,
        )

    def script(self, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
        """Return a program at an address, which sends these headers."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 4000)),
            base_url=BASE,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )


@contextlib.asynccontextmanager
async def living(folder: Path, **more: object) -> AsyncIterator[Home]:
    """Yield a console whose server was read once."""
    home = Home(folder, **more)  # type: ignore[arg-type]
    try:
        async with home.monitor.running():
            yield home
    finally:
        home.people.tools.close()


async def sign_in(
    browser: httpx.AsyncClient, name: str, password: str = PASSWORD, onward: str = "/main"
) -> httpx.Response:
    """Send the form of the sign-in page."""
    return await browser.post("/sign-in", data={"name": name, "password": password, "next": onward})


async def step_up(browser: httpx.AsyncClient, code: str, onward: str = "/main") -> httpx.Response:
    """Send the form of the second factor."""
    return await browser.post("/step-up", data={"code": code, "next": onward})


async def may(client: httpx.AsyncClient, operation: str = "queue.pause") -> str:
    """Return what is decided about an operation for who asks."""
    told = (await client.get("/api/v1/me")).json()
    return next(
        str(row["outcome"])
        for server in told["servers"]
        for row in server["may"]
        if row["operation"] == operation
    )


def field(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def role(**values: object) -> Rules:
    """Return rules in which strangers see nothing and ``operator`` has these values."""
    return Rules(roles=resolve({"operator": RoleTable(**values)}))  # type: ignore[arg-type]

"""The console as a process of its own over an embedded server, for what only a process can meet."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx

from glasshouse.identity import passwords
from glasshouse.ledger.export import read
from glasshouse.storage import accounts, ledger, operations
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database
from glasshouse.storage.ledger import RecordFilter
from tests.steady import LONG
from tests.web.people.home import PASSWORD

SETTINGS = """
[console]
{console}

[roles.boss]
inherits = "viewer"
see = ["audit", "trash"]
allow = ["*"]
factor_age = "none"

[[servers]]
name = "main"
engine = "{engine}"
"""


_START = """
from glasshouse.control import in_progress
in_progress.LEASE = {lease}
from glasshouse.cli import main
main()
"""


class Console:
    """A console that is started, killed and started again on the same folder.

    ``lease`` is for how many seconds it keeps what it carries out when it says nothing.
    """

    def __init__(
        self, folder: Path, engine: Path, database: str | None = None, lease: float = 0.5
    ) -> None:
        self.folder, self.url, self.lease = folder, "", lease
        self.state = folder / "state"
        folder.mkdir(parents=True, exist_ok=True)
        given = "" if database is None else f'database = "{database}"'
        settings = SETTINGS.format(console=given, engine=engine)
        (folder / "glasshouse.toml").write_text(settings)
        self.process: subprocess.Popen[str] | None = None
        self.client = httpx.AsyncClient()

    async def start(self) -> None:
        """Start it, and wait until it serves."""
        self.url = await asyncio.to_thread(self._start)
        await self.client.aclose()
        self.client = httpx.AsyncClient(
            base_url=self.url, auth=httpx.BasicAuth("ops", PASSWORD), timeout=60
        )

    def _start(self) -> str:
        command = [
            sys.executable, "-c", _START.format(lease=self.lease),
            "serve", "--listen", "127.0.0.1:0",
            "-c", str(self.folder / "glasshouse.toml"), "--state", str(self.state),
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            line = stdout.readline()
        assert line, (self.folder / "log").read_text()[-2000:]
        return str(json.loads(line)["console"])

    @property
    def pid(self) -> int:
        """The process that runs."""
        assert self.process is not None
        return self.process.pid

    def pause(self) -> None:
        """Let it stand still, as a machine does that has no time for it."""
        os.kill(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """Let it end at once, with nothing said."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.wait, LONG)

    async def post(self, path: str, **order: Any) -> httpx.Response:
        """Send an order."""
        return await self.client.post("/api/v1/servers/main" + path, json=order)

    async def agree(self, **order: Any) -> httpx.Response:
        """Look at a preview, and agree to it."""
        told = (await self.post("/operations/preview", **order)).json()
        return await self.post("/operations", **order, preview=told["preview"])

    async def close(self) -> None:
        """Let it end as SIGTERM ends it."""
        await self.client.aclose()
        if self.process is not None and self.process.poll() is None:
            self.go_on()
            self.process.terminate()
            await asyncio.to_thread(self.process.wait, LONG)


@contextlib.asynccontextmanager
async def console(
    folder: Path, engine: Path, database: str | None = None
) -> AsyncIterator[Console]:
    """Yield a console that is not started yet; whatever happens, none is left behind."""
    made = Console(folder, engine, database)
    try:
        yield made
    finally:
        await made.close()


def add_boss(database: Database) -> None:
    """Add an account that may do everything, by its password alone."""
    stored = passwords.hashed(PASSWORD, b"s" * 16)
    account = Account(name="ops", password=stored, role="boss", created_at=1_700_000_000.0)
    database.call(accounts.add, account)


def records(database: Database, after: int = 0) -> list[dict[str, Any]]:
    """Return the records of operations behind a number."""
    found = (read(link) for link in ledger.walk(database, RecordFilter()))
    return [r for r in found if r["seq"] > after and r["event"].startswith("operation.")]


async def settled(database: Database) -> None:
    """Return when every operation has its outcome."""
    async with asyncio.timeout(60):
        while await database.run(operations.unended):
            await asyncio.sleep(0.02)


def outcomes(told: Iterable[dict[str, Any]]) -> dict[int, dict[str, str]]:
    """Return what came of each intent; fails unless there is one of each, and nothing after it."""
    told = list(told)
    intents = [r["seq"] for r in told if r["event"] == "operation.intent"]
    found: dict[int, dict[str, str]] = {}
    for record in told:
        if record["event"] == "operation.outcome":
            intent, detail = int(record["detail"]["intent"]), record["detail"]
            assert intent not in found, detail
            if detail["outcome"] != "unknown":
                found[intent] = detail
    assert sorted(found) == intents
    return found

"""The ``demo`` command: engine and workload as children, the console in this process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import msgspec

from glasshouse.app.announce import console_url, ready_line, say
from glasshouse.app.attach import started
from glasshouse.app.child import Child
from glasshouse.app.console import embedded, warn_when_open
from glasshouse.app.control import working
from glasshouse.app.demo_folder import filled, prepare
from glasshouse.app.hosts import hosts_of
from glasshouse.app.ledger import kept
from glasshouse.app.lifetime import run_until, stop_on_signals
from glasshouse.app.sockets import address_of, bind, choose
from glasshouse.control.control import Control
from glasshouse.demo.logins import make_people
from glasshouse.policy.rules import default_rules
from glasshouse.settings import SERVER, DemoSettings, Listen
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.upstream.embedded_operator import EmbeddedOperator
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.http.static import load as load_assets
from glasshouse.web.request.rules import Access

LIVE_JOBS = 400
QUIET_JOBS = 80


async def demo(settings: DemoSettings) -> None:
    """Run the demo until SIGINT or SIGTERM.

    Raises:
        ListenError: an address cannot be used.
        StoreError: the folder is in use, or holds something that is not the demo's.
        ChildError: the engine or the workload could not be started.
    """
    stop = stop_on_signals()
    with bind(settings.listen, option="--listen") as sock:
        warn_when_open(address_of(sock))
        await run_until(stop, _run(settings, sock))


async def _run(settings: DemoSettings, sock: socket.socket) -> None:
    faktory = Listen(choose(settings.faktory, option="--faktory"), asked=settings.faktory.asked)
    # Whatever could fail is tried before the folder is emptied.
    load_assets()
    fresh = prepare(settings)
    database = Database(sqlite_url(settings.data / "console"))
    logins = make_people(database)
    people = People(AuthDependencies(database=database), Access(rules=default_rules()))
    control = Control(database=database, operators={SERVER: EmbeddedOperator(settings.data)})
    hosts = await asyncio.to_thread(hosts_of, address_of(sock), None, settings.hosts)
    application = embedded(settings.data, hosts, people, control)
    say("Starting the work server and filling it with a shop's jobs…")
    async with (
        _closing(people),
        kept(database, settings.data / "console"),
        started(settings.data, faktory) as url,
        working(control),
        _workload(settings, url, fresh=fresh),
    ):

        def on_ready() -> None:
            console = console_url(address_of(sock))
            say(f"Glasshouse shows the demo at {console}; push jobs to {url}.")
            say("Everybody may look. To sign in (the codes are for an authenticator app):")
            for login in logins:
                code = f", secret {login.totp_secret}" if login.totp_secret else ""
                say(f"  {login.name}  {login.password}  ({login.role}{code})")
            say("Ctrl-C stops.")
            ready_line(console=console, faktory=url, logins=msgspec.to_builtins(logins))

        await application.serve(sock, on_ready)


@contextlib.asynccontextmanager
async def _closing(people: People) -> AsyncIterator[None]:
    try:
        yield
    finally:
        people.tools.close()


@contextlib.asynccontextmanager
async def _workload(settings: DemoSettings, url: str, *, fresh: bool) -> AsyncIterator[None]:
    command = ["workload", "--faktory", url.removeprefix("tcp://")]
    if settings.quiet:
        command.append("--quiet")
    jobs = settings.jobs
    if jobs is None:
        jobs = QUIET_JOBS if settings.quiet else LIVE_JOBS
    child = Child("workload", [*command, "--jobs", str(jobs), *(["--seed"] if fresh else [])])
    keeper: asyncio.Task[None] | None = None
    try:
        await child.start()
        filled(settings)
        # After a crash and restart, it must not fill the server a second time.
        keeper = asyncio.create_task(child.keep(command))
        yield
    finally:
        if keeper is not None:
            keeper.cancel()
        await child.stop()

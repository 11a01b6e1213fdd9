"""The hidden ``workload`` command: the demo's shop as a separate process."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from random import Random

from glasshouse.app.announce import ready_line
from glasshouse.app.lifetime import run_until, stop_on_signals, stop_when_stdin_closes
from glasshouse.demo.client import Client
from glasshouse.demo.producer import produce
from glasshouse.demo.seed import seed_live, seed_quiet
from glasshouse.demo.staff import QUIET_STAFF, STAFF
from glasshouse.demo.worker import run_post, stay_connected
from glasshouse.model.errors import UpstreamUnavailableError
from glasshouse.settings import Address


async def workload(
    address: Address, *, jobs: int, seed: bool, quiet: bool, until_stdin_closes: bool
) -> None:
    """Fill the server if requested, report ready, and keep it busy until stopped.

    Raises:
        UpstreamUnavailableError: nobody answers at ``address`` at the start.
        RefusedError: the server is not empty, or rejects these jobs.
    """
    stop = stop_on_signals()
    if until_stdin_closes:
        stop_when_stdin_closes(stop)
    await run_until(stop, _run(address, jobs=jobs, seed=seed, quiet=quiet))


async def _run(address: Address, *, jobs: int, seed: bool, quiet: bool) -> None:
    try:
        await _begin(address, jobs=jobs, seed=seed, quiet=quiet)
    except OSError as error:
        raise UpstreamUnavailableError(
            f"No work server answers at {address}: {error.strerror or error}.",
            remedy="Start one with: glasshouse engine.",
        ) from None
    host, port = address.host, address.port
    rng = Random()  # noqa: S311 - a shop, not a secret
    async with asyncio.TaskGroup() as group:
        for post in QUIET_STAFF if quiet else STAFF:
            group.create_task(run_post(host, port, post, rng, moving=not quiet))
        if not quiet:
            group.create_task(
                stay_connected(lambda: Client.connect(host, port), lambda c: produce(c, rng))
            )
        ready_line()


async def _begin(address: Address, *, jobs: int, seed: bool, quiet: bool) -> None:
    client = await Client.connect(address.host, address.port)
    try:
        now = datetime.now(UTC)
        if seed and quiet:
            await seed_quiet(client, address.host, address.port, jobs=jobs, now=now)
        elif seed:
            await seed_live(client, jobs=jobs, now=now)
    finally:
        client.close()

"""Simulated worker processes: fetch, work for a while, acknowledge or fail, and beat.

Every loop reconnects after an error, so the shop survives a restart of the server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import structlog

from glasshouse.demo.client import Client, RefusedError
from glasshouse.demo.people import Json
from glasshouse.demo.shop import BY_TYPE
from glasshouse.demo.staff import DemoWorker, hello_of

log = structlog.get_logger()

RECONNECT_SECONDS = 1.0
_BEAT_SECONDS = (5.0, 10.0)


async def stay_connected(
    connect: Callable[[], Awaitable[Client]], work: Callable[[Client], Awaitable[None]]
) -> None:
    """Do ``work`` on a connection forever, with a new one whenever it breaks."""
    while True:
        client: Client | None = None
        try:
            client = await connect()
            await work(client)
        except (OSError, RefusedError) as error:
            log.debug("demo connection lost", detail=str(error))
            await asyncio.sleep(RECONNECT_SECONDS)
        finally:
            if client is not None:
                client.close()


async def run_post(host: str, port: int, post: DemoWorker, rng: Random, *, moving: bool) -> None:
    """Act as one worker process: a connection that beats and, if ``moving``, one for each slot."""

    def connect() -> Awaitable[Client]:
        return Client.connect(host, port, **hello_of(post))

    async with asyncio.TaskGroup() as group:
        group.create_task(stay_connected(connect, lambda c: beat(c, post, rng, moving=moving)))
        for queues in post.slots if moving else ():
            group.create_task(stay_connected(connect, _taking(queues, rng)))


async def beat(client: Client, post: DemoWorker, rng: Random, *, moving: bool) -> None:
    """Beat every few seconds with the memory in use, until the connection breaks."""
    rss_kb = post.rss_kb
    while True:
        await client.tell("BEAT", {"wid": post.wid, "rss_kb": rss_kb})
        await asyncio.sleep(rng.uniform(*_BEAT_SECONDS))
        if moving:
            rss_kb = max(post.rss_kb // 2, rss_kb + rng.randrange(-1500, 1600))


def _taking(queues: tuple[str, ...], rng: Random) -> Callable[[Client], Awaitable[None]]:
    async def take_for_ever(client: Client) -> None:
        while True:
            job = await client.fetch(*queues)
            if job is not None:
                await perform(client, job, rng)

    return take_for_ever


async def perform(client: Client, job: Json, rng: Random) -> None:
    """Work on a job for as long as its type takes, then ACK or FAIL it."""
    kind = BY_TYPE.get(str(job["jobtype"]))
    if kind is None:
        # A user pushed their own job to the demo: it just succeeds.
        await asyncio.sleep(0.2)
        await client.tell("ACK", {"jid": job["jid"]})
        return
    await asyncio.sleep(rng.uniform(*kind.seconds))
    if rng.random() >= kind.failing:
        await client.tell("ACK", {"jid": job["jid"]})
        return
    error = rng.choice(kind.errors)
    body: Json = {"jid": job["jid"], "errtype": error.errtype, "message": error.message}
    await client.tell("FAIL", body | {"backtrace": error.backtrace})

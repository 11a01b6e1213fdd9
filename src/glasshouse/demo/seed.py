"""Filling an empty server: the live shop's past, and the quiet demo's fixed data set.

A job gets into the retries or the dead set the way real ones do: it is pushed,
fetched and failed. One whose ``failure`` says that it failed thirteen
times waits about eight hours for its next try (back-off of fwp.md §6), so
that nothing moves while someone is watching.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from glasshouse.demo.client import Client, RefusedError
from glasshouse.demo.people import Json
from glasshouse.demo.shop import BY_TYPE, IMPORTS, KINDS, Kind, draw_kind, make_job
from glasshouse.demo.staff import QUIET_STAFF, hello_of

QUIET_RETRIES = 30
QUIET_SCHEDULED = 40
QUIET_DEAD = 27
QUIET_RESERVED = ("NightlySalesReport", "CapturePayment", "ExportStockList")
QUIET_KINDS = tuple(kind for kind in KINDS if kind.queue != "search")
_PAUSED_SHARE = 0.1


async def seed_live(client: Client, *, jobs: int, now: datetime) -> None:
    """Fill the server with ``jobs`` jobs in queues and a past: retries, dead, scheduled."""
    rng = Random(7419)  # noqa: S311 - the same shop each time
    tried = [rng.randrange(0, 9) for _ in range(34)]
    failed = [_failing(rng, draw_kind(rng), retries=25, before=times) for times in tried]
    await fail_all(client, failed, rng)
    await fail_all(client, [_failing(rng, draw_kind(rng), retries=-1) for _ in range(19)], rng)
    await client.push_all(_scheduled(rng, KINDS, 45, now, timedelta(minutes=4)))
    await client.push_all(in_queues(rng, KINDS, jobs))
    await client.call("QUEUE", "PAUSE", IMPORTS.queue)


async def seed_quiet(client: Client, host: str, port: int, *, jobs: int, now: datetime) -> None:
    """Fill the server with the fixed data set."""
    rng = Random(7421)  # noqa: S311 - the same shop each time
    kinds = QUIET_KINDS
    retries = [_failing(rng, _nth(kinds, n), retries=25, before=13) for n in range(QUIET_RETRIES)]
    await fail_all(client, retries, rng)
    dead = [_failing(rng, _nth(kinds, n), retries=-1) for n in range(QUIET_DEAD)]
    await fail_all(client, dead, rng)
    await client.push_all(_scheduled(rng, kinds, QUIET_SCHEDULED, now, timedelta(days=3)))
    await reserve(host, port, rng)
    await client.push_all(in_queues(rng, kinds, jobs))
    await client.call("QUEUE", "PAUSE", IMPORTS.queue)


def in_queues(rng: Random, kinds: tuple[Kind, ...], count: int) -> list[Json]:
    """Return jobs for the queues: one of each type first, then according to the shares."""
    first = list({kind.queue: kind for kind in (IMPORTS, *kinds)}.values())[:count]
    paused = max(0, int(count * _PAUSED_SHARE) - 1)
    rest = [IMPORTS] * min(paused, count - len(first))
    drawn = [draw_kind(rng, kinds) for _ in range(count - len(first) - len(rest))]
    return [make_job(rng, kind) for kind in (*first, *rest, *drawn)]


async def fail_all(client: Client, jobs: Sequence[Json], rng: Random) -> None:
    """Push, fetch and fail each job; its queue must be empty.

    Raises:
        RefusedError: the server had something else in the queue.
    """
    for job in jobs:
        await take(client, job)
        error = rng.choice(BY_TYPE[str(job["jobtype"])].errors)
        body: Json = {"jid": job["jid"], "errtype": error.errtype, "message": error.message}
        await client.tell("FAIL", body | {"backtrace": error.backtrace})


async def take(client: Client, job: Json) -> None:
    """Push a job and fetch that very job.

    Raises:
        RefusedError: the server had something else in the queue.
    """
    await client.push_all([job])
    fetched = await client.fetch(str(job["queue"]))
    if fetched is None or fetched["jid"] != job["jid"]:
        raise RefusedError("The demo can fill an empty work server only.")


async def reserve(host: str, port: int, rng: Random) -> None:
    """Have the quiet workers reserve three jobs for a day; they come back to beat."""
    for jobtype in QUIET_RESERVED:
        kind = BY_TYPE[jobtype]
        post = next(post for post in QUIET_STAFF if kind.queue in post.slots[0])
        worker = await Client.connect(host, port, **hello_of(post))
        try:
            await take(worker, make_job(rng, kind, reserve_for=86400))
        finally:
            worker.close()


def _nth(kinds: tuple[Kind, ...], number: int) -> Kind:
    return kinds[number % len(kinds)]


def _failing(rng: Random, kind: Kind, *, retries: int, before: int = 0) -> Json:
    job = make_job(rng, kind, retry=retries)
    if before:
        job["failure"] = {"retry_count": before - 1, "remaining": retries - before + 1}
    return job


def _scheduled(
    rng: Random, kinds: tuple[Kind, ...], count: int, now: datetime, step: timedelta
) -> list[Json]:
    first = now + step
    return [make_job(rng, _nth(kinds, n), at=(first + step * n).isoformat()) for n in range(count)]

"""The shop's web side: orders arrive at random, and now and then a campaign goes out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random

from glasshouse.demo.client import Client
from glasshouse.demo.people import Json
from glasshouse.demo.shop import BY_TYPE, draw_kind, make_job

ARRIVALS_PER_SECOND = 2.2
_CAMPAIGN_CHANCE = 1 / 180
_CAMPAIGN_JOBS = 40


async def produce(client: Client, rng: Random) -> None:
    """Push jobs at Poisson times until the connection breaks."""
    while True:
        await asyncio.sleep(rng.expovariate(ARRIVALS_PER_SECOND))
        await client.push_all(arriving(rng, datetime.now(UTC)))


def arriving(rng: Random, now: datetime) -> list[Json]:
    """Return what arrives at one moment: mostly one job, sometimes a whole campaign."""
    if rng.random() < _CAMPAIGN_CHANCE:
        kind = BY_TYPE[rng.choice(("SendOrderConfirmation", "ResizeProductImage"))]
        return [make_job(rng, kind) for _ in range(_CAMPAIGN_JOBS)]
    kind = draw_kind(rng)
    if rng.random() < kind.scheduled:
        later = now + timedelta(seconds=rng.uniform(20, 900))
        return [make_job(rng, kind, at=later.isoformat())]
    return [make_job(rng, kind)]

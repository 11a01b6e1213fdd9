"""Nothing claims to be fresher than its data over a Faktory's ports, whatever they do.

The ports answer late, hang, are gone, or talk garbage; see ``ages``.
Longer by hand: ``AGE_SECONDS=600``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable

import httpx

from glasshouse.app.remote import REMOTE, remote_reader
from glasshouse.monitor.monitor import Monitor, ServerMonitor
from glasshouse.settings import parse_faktory
from glasshouse.web.app import create_app
from tests.steady import LONG
from tests.upstream.faktory import StandIn
from tests.web.fakes import ASSETS
from tests.web.serving import serving

from .ages import LIVE, LOOKS, QUEUE, SEARCH, SET, SETS, Known, Samples, job_id
from .test_over_faktory import FAILURE

SECONDS = float(os.environ.get("AGE_SECONDS", "10"))


@contextlib.asynccontextmanager
async def console(faktory: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a console over both ports as the command line makes it."""
    web = f"http://127.0.0.1:{faktory.web.port}"
    made = parse_faktory(f"tcp://127.0.0.1:{faktory.command.port}", web)
    reader, scanner, breaker = remote_reader(made)
    server = ServerMonitor(
        "main", reader, clock=time.time, pace=REMOTE, scanner=scanner, breaker=breaker
    )
    monitor = Monitor({"main": server})
    app = create_app(monitor, clock=time.time, assets=ASSETS)
    async with (
        monitor.running(),
        serving(app) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as client,
    ):
        yield client
        app.close()


async def push(faktory: StandIn, known: Known, sets: Known) -> None:
    """Put numbered jobs into the queue and into the set for ever."""
    while True:
        number = len(known.times) + 1
        faktory.push(QUEUE, job_id(number))
        known.add()
        due = f"2999-01-01T00:{number // 60:02}:{number % 60:02}Z"
        faktory.put(SET, job_id(number), due, failure=FAILURE)
        sets.add()
        await asyncio.sleep(max(0.05, SECONDS / 800))


async def hurt(faktory: StandIn) -> None:
    """Let the ports fail in turn, for ever."""
    while True:
        for kind in ("delay", "hang", "gone", "garbage", "rest"):
            faktory.delay = 0.4 if kind == "delay" else 0.0
            faktory.gone, faktory.garbage = kind == "gone", kind == "garbage"
            if kind == "hang":
                faktory.answering.clear()
            await asyncio.sleep(min(2.0, SECONDS / 10))
            faktory.answering.set()


async def test_no_answer_is_older_than_it_says_whatever_the_ports_do() -> None:
    known, sets = Known(), Known()
    in_queue, in_set = Samples(known), Samples(sets)
    async with StandIn().running() as faktory, console(faktory) as client:
        tasks = [asyncio.create_task(push(faktory, known, sets))]
        for topic, samples in ((LIVE, in_queue), (f"/main/{SET}?order=reverse", in_set)):
            tasks.append(asyncio.create_task(samples.follow(client, topic)))

        async def look(until: Callable[[], bool]) -> None:
            looks = {"queue": (in_queue, LOOKS), "set": (in_set, {**SETS, **SEARCH})}
            await asyncio.gather(
                *(samples.look(client, some, until) for samples, some in looks.values())
            )

        try:
            async with asyncio.timeout(LONG):
                await look(
                    lambda: in_queue.saw((*LOOKS, "live")) and in_set.saw((*SETS, *SEARCH, "live"))
                )
            until = time.monotonic() + SECONDS
            tasks.append(asyncio.create_task(hurt(faktory)))
            await look(lambda: time.monotonic() > until)
        finally:
            faktory.answering.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    print(in_queue.summary(), in_set.summary(), sep="\n")
    assert (in_queue.wrong + in_set.wrong)[:20] == []

"""What a console shows: nothing, an ordinary shop, or a server that is gone; and all its pages."""

from __future__ import annotations

import json
from typing import Any

from glasshouse.web.request.routes import ROUTES, Kind
from tests.browser.house import House

PAGES = {
    "fleet": ["/"],
    "overview": ["/main"],
    "queues": ["/main/queues", "/main/queues?q=mail&sort=latency&order=reverse"],
    "queue": ["/main/queues/mailers", "/main/queues/mailers?q=nothing", "/main/queues/?name=.."],
    "retries": ["/main/retries", "/main/retries?q=error%3Acard"],
    "scheduled": ["/main/scheduled?order=reverse"],
    "dead": ["/main/dead", "/main/dead?q=type%3A"],
    "search": ["/main/search", "/main/search?q=order", "/main/search?q=nothing-like-this"],
    "busy": ["/main/busy", "/main/busy?sort=expires"],
    "job": [
        "/main/jobs/dead-order-1",
        "/main/jobs/retry-order-1",
        "/main/jobs/held-order",
        "/main/jobs/big-import",
    ],
    "finished": ["/main/finished", "/main/finished?outcome=failed&type=ChargeOrder"],
    "history": ["/main/history", "/main/history?days=180"],
    "parameters": ["/main/parameters"],
}
"""Addresses of every page, by the name of its route, with data that ``fill_shop`` stored."""

WRONG = {
    "/nowhere": 404,
    "/main/jobs/never-was": 404,
    "/main/nowhere": 404,
    "/main/retries?page=none": 400,
}
"""Addresses that are answered with an error page, and its status."""

assert PAGES.keys() == {route.name for route in ROUTES if route.kind is Kind.PAGE}


async def fill_shop(home: House) -> None:
    """Store a shop's jobs: some in each state, more than one page of some."""
    peer = await home.engine.peer()
    for number in range(60):
        args = [{"order": 1000 + number, "to": "someone@example.com"}]
        await peer.push(f"mail-{number:04}", jobtype="SendMail", queue="mailers", args=args)
        at = f"2999-01-01T00:{number % 60:02}:00Z"
        await peer.push(f"later-{number:04}", jobtype="Remind", queue="mailers", args=args, at=at)
    for name in (".", "..", "reports"):
        await peer.push(f"report-in-{name}", jobtype="Report", queue=name, custom={"tenant": "a"})
    await peer.push("big-import", jobtype="Import", queue="imports", args=["x" * 300_000])
    await peer.ask("QUEUE PAUSE reports")
    worker = await home.worker("w-1")
    for number in range(30):
        for kind, retry in (("retry", 5), ("dead", -1), ("done", 5)):
            await _run(worker, f"{kind}-order-{number}", retry=retry, failing=kind != "done")
    await peer.push("held-order", jobtype="ChargeOrder", queue="orders", reserve_for=60)
    await worker.ask("FETCH orders")
    quiet = await home.worker("w-2", "app-2", 8)
    await quiet.ask('BEAT {"wid":"w-2","current_state":"quiet","rss_kb":51200}')


async def _run(worker: Any, jid: str, *, retry: int, failing: bool) -> None:
    args = [{"order": jid, "amount": 12.5}]
    await worker.push(jid, jobtype="ChargeOrder", queue="orders", retry=retry, args=args)
    await worker.ask("FETCH orders")
    failure = {
        "jid": jid,
        "errtype": "CardError",
        "message": f"The card was refused for {jid}",
        "backtrace": [f"app/charge.py:{line}:in charge" for line in range(12)],
    }
    said = f"FAIL {json.dumps(failure)}" if failing else f'ACK {{"jid":"{jid}"}}'
    assert await worker.ask(said) == "+OK"

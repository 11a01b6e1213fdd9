"""Two questions that a developer brings to the dashboard, answered without asking anybody."""

from __future__ import annotations

import json

from playwright.async_api import BrowserContext, expect

from tests.engine.peer import Peer

from .house import House, open_live


async def charge(peer: Peer, order: int, error: str = "") -> None:
    """Push the payment of an order, and let it fail with ``error``."""
    jid = f"charge-{order}"
    await peer.push(
        jid, jobtype="ChargeOrder", queue="payments",
        args=[{"order": order, "cents": 4200, "gateway": {"name": "acme", "live": True}}],
    )  # fmt: skip
    if not error:
        return
    await peer.fetch("payments")
    trace = ["app/payments/gateway.py:88:in charge", "app/jobs/charge_order.py:12:in perform"]
    failure = {"jid": jid, "errtype": "GatewayError", "message": error, "backtrace": trace}
    assert await peer.ask("FAIL " + json.dumps(failure)) == "+OK"


async def test_why_did_the_payment_of_this_order_fail(
    empty: House, context: BrowserContext
) -> None:
    worker = await empty.engine.peer(wid="worker-1")
    for order in range(48_200, 48_230):
        why = "insufficient funds" if order == 48_213 else f"gateway timed out ({order})"
        await charge(worker, order, why)
    page = await open_live(context, f"{empty.url}/main")
    await page.get_by_role("link", name="Retries").first.click()
    await page.get_by_role("searchbox").fill("args.0.order:48213")
    await page.keyboard.press("Enter")
    await expect(page.locator("main tbody tr")).to_have_count(1)
    row = page.locator("main tbody tr")
    await expect(row).to_contain_text("insufficient funds")
    await row.get_by_role("link", name="charge-48213").click()
    await expect(page.locator(".failure")).to_contain_text("GatewayError")
    await expect(page.locator(".failure")).to_contain_text("insufficient funds")
    await expect(page.locator(".failure")).to_contain_text("app/payments/gateway.py:88:in charge")
    await expect(page.locator(".verdict")).to_contain_text("will be retried in")
    await expect(page.locator("main")).to_contain_text("acme")
    # Was it the only one? The others with its error are one click away.
    same = page.locator(".related", has_text="Same error message")
    await same.get_by_role("link", name="Retries").click()
    await expect(page.locator("main tbody tr")).to_have_count(1)
    await expect(page.locator("main tbody tr")).to_contain_text("charge-48213")


async def test_the_order_number_alone_is_enough(empty: House, context: BrowserContext) -> None:
    worker = await empty.engine.peer(wid="worker-1")
    for order in range(48_200, 48_230):
        await charge(worker, order, "no" if order == 48_213 else "timed out")
    page = await open_live(context, f"{empty.url}/main")
    await page.get_by_role("link", name="Retries").first.click()
    await page.get_by_role("searchbox").fill("48213")
    await page.keyboard.press("Enter")
    await expect(page.locator("main tbody tr")).to_have_count(1)


async def test_is_my_job_stuck_or_just_late(empty: House, context: BrowserContext) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    for order in (1, 2):
        await charge(peer, 70_000 + order)
    assert await peer.ask("QUEUE PAUSE payments") == "+OK"
    page = await open_live(context, f"{empty.url}/main")
    # What holds it up is said before the job is even looked for.
    await expect(page.locator(".attention")).to_contain_text("payments")
    await page.locator(".attention").get_by_role("link", name="payments").first.click()
    await page.wait_for_url("**/queues/payments")
    await page.get_by_role("searchbox").fill("args.0.order:70002")
    await page.keyboard.press("Enter")
    await page.locator("main tbody tr").get_by_role("link", name="charge-70002").click()
    verdict = page.locator(".verdict")
    await expect(verdict).to_contain_text("Stuck: its queue payments is paused.")
    assert await peer.ask("QUEUE RESUME payments") == "+OK"
    # Not stuck any more: it waits behind another, and the page says so by itself.
    await expect(verdict).to_contain_text("Waiting for its turn")
    assert (await peer.fetch("payments") or {})["jid"] == "charge-70001"
    assert (await peer.fetch("payments") or {})["jid"] == "charge-70002"
    await expect(verdict).to_contain_text("Running")
    assert await peer.ask('ACK {"jid":"charge-70002"}') == "+OK"
    await expect(page.locator("main")).to_contain_text("done")

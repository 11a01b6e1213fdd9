"""The page of a job as a developer reads it: the verdict, the error, the payload to the bottom."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.engine.peer import Peer

from .house import House, hear, heard, open_live

WATCH = """() => {
  window.longest = 0;
  new PerformanceObserver((list) => {
    const spans = list.getEntries().map((entry) => entry.duration);
    window.longest = Math.max(window.longest, ...spans);
  }).observe({ entryTypes: ["longtask"] });
}"""
ORDER = {"number": "GH-1042", "customer": {"name": "Zoë", "id": 12345678901234567890}, "lines": [
    {"sku": "MUG", "n": 2}, {"sku": "TEA", "n": 1}]}  # fmt: skip


async def push(peer: Peer, jid: str, args: object, **fields: object) -> None:
    job = {"jid": jid, "jobtype": "ChargeOrder", "queue": "orders", "args": args} | fields
    assert await peer.ask("PUSH " + json.dumps(job, ensure_ascii=False)) == "+OK"


async def fail(peer: Peer, jid: str, backtrace: list[str]) -> None:
    await peer.fetch("orders")
    body = {"jid": jid, "errtype": "Stripe::CardError", "message": "Your card was declined.",
            "backtrace": backtrace}  # fmt: skip
    assert await peer.ask("FAIL " + json.dumps(body)) == "+OK"


async def open_job(context: BrowserContext, console: House, jid: str) -> Page:
    return await open_live(context, f"{console.url}/main/jobs/{jid}")


async def said(page: Page) -> str:
    return await page.locator(".verdict").first.inner_text()


async def test_a_job_is_followed_through_its_states(empty: House, context: BrowserContext) -> None:
    peer = await empty.engine.peer()
    await push(peer, "order-1042", [ORDER])
    page = await open_job(context, empty, "order-1042")
    await page.evaluate("window.neverReloaded = true")
    assert "Stuck: no worker is connected." in await said(page)
    worker = await empty.engine.peer(wid="worker-1")
    await page.get_by_text("Waiting for its turn").wait_for()
    await worker.fetch("orders")
    await page.locator(".verdict", has_text="Running").wait_for()
    trace = ["app/charge.rb:22:in `call'", "lib/worker.rb:7:in `run'"]
    body = {"jid": "order-1042", "errtype": "Stripe::CardError", "message": "declined",
            "backtrace": trace}  # fmt: skip
    assert await worker.ask("FAIL " + json.dumps(body)) == "+OK"
    await page.get_by_text("It failed and will be retried in").wait_for()
    await page.get_by_text("This will be retry 1 of 25.").wait_for()
    await page.get_by_label("Backtrace").get_by_text("app/charge.rb:22").wait_for()
    assert await page.get_by_text("Attempt ended").count() == 1
    assert await page.evaluate("window.neverReloaded")


async def test_a_scheduled_a_dead_and_an_unknown_job_say_so(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await push(peer, "later-0001", [], at="2099-01-01T00:00:00Z")
    page = await open_job(context, empty, "later-0001")
    assert "Due in" in await said(page)
    await push(peer, "order-dead", [ORDER], retry=-1)
    await fail(peer, "order-dead", [])
    page = await open_job(context, empty, "order-dead")
    assert "It is dead" in await said(page)
    assert await page.get_by_text("No backtrace was reported.").count() == 1
    answer = await page.goto(f"{empty.url}/main/jobs/nobody-knows")
    assert answer is not None
    assert answer.status == 404
    await page.get_by_text("This job is no longer on the server.").wait_for()


async def test_two_entries_with_one_id_are_both_told(empty: House, context: BrowserContext) -> None:
    peer = await empty.engine.peer()
    await push(peer, "twin-00001", ["first"])
    await push(peer, "twin-00001", ["second"], at="2099-01-01T00:00:00Z")
    page = await open_job(context, empty, "twin-00001")
    await page.get_by_text("2 entries have this id; all are shown.").wait_for()
    assert await page.locator(".verdict").count() == 2
    assert await page.locator(".jv").count() == 2


async def test_the_payload_is_folded_searched_and_named_by_keyboard_alone(
    empty: House, context: BrowserContext
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    peer = await empty.engine.peer()
    await push(peer, "order-1042", [ORDER])
    page = await open_job(context, empty, "order-1042")
    view = page.locator(".jv").first
    await view.get_by_text("12345678901234567890").wait_for()
    await page.get_by_role("searchbox", name="Search this text").first.focus()
    await page.keyboard.type("tea")
    # Each letter is looked for: the two before it are found in other places too.
    await expect(view.locator("mark")).to_have_text(["TEA"])
    await view.get_by_text("1 of 1").wait_for()
    assert await view.locator(".jv-path").inner_text() == "args.0.lines.1.sku"
    tree = view.get_by_role("tree")
    await tree.focus()
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    assert await view.locator("mark").count() == 0
    assert "… 2 keys" in await view.inner_text()
    assert await view.locator(".jv-row.active").get_attribute("aria-expanded") == "false"
    # What is folded is opened again when a hit is in it.
    await page.get_by_role("searchbox", name="Search this text").first.focus()
    await page.keyboard.press("Enter")
    assert await view.locator("mark.here").inner_text() == "TEA"
    await hear(page)
    await view.get_by_role("button", name="Copy path").focus()
    await page.keyboard.press("Enter")
    await heard(page, "Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == "args.0.lines.1.sku"
    # Folds and the search stay when live data arrive.
    await view.get_by_role("button", name="Collapse all", exact=True).click()
    assert "… 3 keys" in await view.inner_text()
    worker = await empty.engine.peer(wid="worker-1")
    await page.get_by_text("Waiting for its turn").wait_for()
    assert "… 3 keys" in await view.inner_text()
    assert await page.get_by_role("searchbox", name="Search this text").first.input_value() == "tea"
    worker.close()


@pytest.mark.parametrize("kind", ["long", "many", "deep"])
async def test_megabytes_are_read_to_the_bottom_without_holding_up_the_page(
    kind: str, empty: House, context: BrowserContext
) -> None:
    args = {
        "long": '["' + "x" * 10_000_000 + 'needle"]',
        "many": "[{" + ",".join(f'"key-{n}":{n}' for n in range(400_000)) + ',"end":"needle"}]',
        "deep": "[" + "[" * 9_000 + '"needle"' + "]" * 9_000 + ',"' + "y" * 70_000 + '"]',
    }[kind]
    peer = await empty.engine.peer()
    job = f'{{"jid":"heavy-0001","jobtype":"T","queue":"orders","args":{args}}}'
    assert await peer.ask(f"PUSH {job}") == "+OK"
    page = await open_job(context, empty, "heavy-0001")
    await page.get_by_text("Showing the beginning of").first.wait_for()
    await page.evaluate(WATCH)
    await page.get_by_role("button", name="Show in full").first.click()
    view = page.locator(".jv").first
    await view.wait_for()
    await page.get_by_role("searchbox", name="Search this text").first.fill("needle")
    await view.get_by_text("1 of 1").wait_for()
    await view.locator("mark.here").wait_for()
    rows = await view.locator(".jv-row").count()
    print(f"\n{kind}: longest task {await page.evaluate('window.longest')} ms, {rows} rows")
    assert rows < 60
    path = await view.locator(".jv-path").inner_text()
    assert path.startswith("args")


async def test_hostile_text_in_the_view_is_shown_and_never_obeyed(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    evil = "<img src=x onerror='window.hacked=1'>\u202e\u0000\u200b"
    job = json.dumps({"jid": "evil-00001", "jobtype": "T", "queue": "q", "args": [{evil: evil}]})
    assert await peer.ask("PUSH " + job.replace("\\u202e", "\u202e")) == "+OK"
    page = await open_job(context, empty, "evil-00001")
    view = page.locator(".jv").first
    await view.get_by_text("<img src=x").first.wait_for()
    text = await view.inner_text()
    assert "\u202e" not in text
    assert "\\u202e" in text
    assert await page.evaluate("window.hacked") is None


async def test_a_payload_that_is_gone_when_it_is_asked_for_is_said_to_be_gone(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await push(peer, "heavy-0001", ["x" * 100_000])
    page = await open_job(context, empty, "heavy-0001")
    await page.route("**/stored?*", lambda route: route.fulfill(status=404))
    await page.get_by_role("button", name="Show in full").first.click()
    await page.get_by_text("This is no longer on the server.").wait_for()
    await page.unroute("**/stored?*")
    await page.route("**/stored?*", lambda route: route.abort())
    again = await open_job(context, empty, "heavy-0001")
    await again.route("**/stored?*", lambda route: route.abort())
    await again.get_by_role("button", name="Show in full").first.click()
    await again.get_by_text("Loading failed; try again.").wait_for()
    assert await again.get_by_role("button", name="Show in full").first.is_enabled()


async def test_a_job_of_a_server_that_went_away_stays_with_its_age(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await push(peer, "order-1042", [ORDER])
    page = await open_job(context, empty, "order-1042")
    await empty.end_console()
    await page.locator("#banner:visible").wait_for()
    assert "GH-1042" in await page.locator(".jv").first.inner_text()


async def test_a_job_fits_a_phone(empty: House, context: BrowserContext) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await push(peer, "order-1042", [ORDER], retry=-1)
    await fail(peer, "order-1042", ["x" * 300])
    page = await context.new_page()
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(f"{empty.url}/main/jobs/order-1042")
    await page.locator(".jv").first.wait_for()
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0

"""Everything by keyboard alone; the focus is never lost; letters can be switched off."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Route, expect

from tests.engine.peer import Peer

from .conftest import Console
from .house import house, open_live, push

TOP = "(row) => row.getBoundingClientRect().top"
WATCH = """() => {
  const root = document.documentElement;
  const told = () => root.dataset.loading
    && console.log("busy", document.querySelector("main").ariaBusy);
  new MutationObserver(told).observe(root, {attributes: true});
}"""
FOCUSED = "document.activeElement.closest('tr,li')?.id ?? document.activeElement.localName"


async def fail_many(peer: Peer, count: int) -> None:
    """Put ``count`` jobs into the retries, which come hours from now."""
    for number in range(count):
        jid = f"order-{number:04}"
        await peer.push(
            jid, jobtype="ChargeOrder", queue="orders", args=[{"order": number}],
            failure={"retry_count": 9, "failed_at": "2026-11-26T07:00:00Z"},
        )  # fmt: skip
        await peer.fetch("orders")
        why = "card refused" if number % 2 else "timed out"
        said = json.dumps({"jid": jid, "errtype": "CardError", "message": why})
        assert await peer.ask(f"FAIL {said}") == "+OK"


async def keys(page: Page, *pressed: str) -> None:
    for key in pressed:
        await page.keyboard.press(key)


async def test_a_journey_by_keyboard_alone(empty: Console, context: BrowserContext) -> None:
    await fail_many(await empty.engine.peer(), 80)
    page = await open_live(context, f"{empty.url}/main")
    await keys(page, "g", "r")
    await page.wait_for_url("**/main/retries")
    await keys(page, "/")
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.type("refused")
    await keys(page, "Enter")
    await page.wait_for_url("**/main/retries?q=refused")
    await keys(page, "j", "j", "k", "j")
    row = await page.evaluate(FOCUSED)
    assert row == await page.locator("main tbody tr").nth(1).get_attribute("id")
    jid = await page.locator("main tbody tr").nth(1).locator(".jid a").inner_text()
    await keys(page, "Enter")
    await page.wait_for_url(f"**/main/jobs/{jid}")
    await expect(page.locator(".failure")).to_contain_text("card refused")
    await keys(page, "u")
    await page.wait_for_url("**/main/retries?q=refused")
    await keys(page, "n")
    await page.wait_for_url("**/main/retries?*from=*")
    await expect(page.locator("main tbody tr")).to_have_count(15)
    await keys(page, "g", "r")
    await page.wait_for_url("**/main/retries")
    await expect(page.locator("main")).to_contain_text("1–25 of 80")
    await keys(page, "n")
    await expect(page.locator("main")).to_contain_text("26–50 of 80")
    await keys(page, "p")
    await expect(page.locator("main")).to_contain_text("1–25 of 80")
    await keys(page, "u")
    await page.wait_for_url(f"{empty.url}/main")
    await keys(page, "u")
    await page.wait_for_url(f"{empty.url}/")


async def test_the_focus_follows_its_row_and_goes_to_the_neighbour(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        peer = await home.engine.peer()
        await push(peer, "orders", "order-0001", "order-0002", "order-0003")
        page = await open_live(context, f"{home.url}/main/queues/orders")
        await page.wait_for_function("document.querySelectorAll('main tbody tr').length === 3")
        ids = [await row.get_attribute("id") for row in await page.locator("tbody tr").all()]
        await keys(page, "j")
        assert await page.evaluate(FOCUSED) == ids[0]
        worker = await home.worker("worker-1")
        assert await worker.fetch("orders")
        await expect(page.locator("main tbody tr")).to_have_count(2)
        assert await page.evaluate(FOCUSED) == ids[1]
        # The last one leaves: the page itself keeps the focus, and the keys go on working.
        await worker.fetch("orders")
        await worker.fetch("orders")
        await expect(page.locator("main tbody tr")).to_have_count(0)
        assert await page.evaluate("document.activeElement.id") == "live"
        await push(peer, "orders", "order-0010")
        await expect(page.locator("main tbody tr")).to_have_count(1)
        await keys(page, "k")
        assert await page.evaluate(FOCUSED) == await page.locator("tbody tr").get_attribute("id")


async def test_rows_that_come_in_above_do_not_move_what_is_read(
    tmp_path: Path, context: BrowserContext
) -> None:
    async with house(tmp_path / "data") as home:
        worker = await home.worker("worker-1")
        for number in range(25):
            await run(worker, f"order-{number:04}")
        page = await open_live(context, f"{home.url}/main/finished")
        await expect(page.locator("main .log tbody tr")).to_have_count(25)
        row = page.locator("main .log tbody tr", has_text="order-0010")
        await row.locator("a[href*='/jobs/']").focus()
        # Far enough down for new rows to come in above of what is seen.
        await page.evaluate("scrollTo(0, 500)")
        top = await row.evaluate(TOP)
        await run(worker, "order-1000")
        await expect(page.locator("main")).to_contain_text("order-1000")
        assert abs(await row.evaluate(TOP) - top) <= 1
        assert "order-0010" in await page.evaluate("document.activeElement.closest('tr').innerText")


async def run(worker: Peer, jid: str) -> None:
    await worker.push(jid, jobtype="ChargeOrder", queue="orders")
    await worker.fetch("orders")
    assert await worker.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"


async def test_letters_can_be_switched_off_and_are_letters_in_a_box(
    empty: Console, context: BrowserContext
) -> None:
    await fail_many(await empty.engine.peer(), 2)
    page = await open_live(context, f"{empty.url}/main/retries")
    await keys(page, "/")
    await page.keyboard.type("j?tug")
    await expect(page.get_by_role("searchbox")).to_have_value("j?tug")
    assert "retries" in page.url
    await keys(page, "Escape", "?")
    dialog = page.locator("dialog[open]")
    await expect(dialog).to_contain_text("Next row, row before")
    await dialog.get_by_label("Letters are shortcuts").uncheck()
    await keys(page, "Escape")
    await expect(dialog).to_have_count(0)
    for key in ("?", "/", "j", "t"):
        await keys(page, key)
    await expect(dialog).to_have_count(0)
    assert await page.evaluate("document.activeElement.localName") in {"body", "button"}
    await page.reload()
    await keys(page, "j")
    assert await page.evaluate(FOCUSED) == "body"
    await page.locator("[data-action=keys]").click()
    await dialog.get_by_label("Letters are shortcuts").check()
    await keys(page, "Escape", "j")
    assert await page.evaluate(FOCUSED) == await page.locator("tbody tr").first.get_attribute("id")


async def test_the_id_of_the_focused_row_is_copied_and_said(
    empty: Console, context: BrowserContext
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    await fail_many(await empty.engine.peer(), 2)
    page = await open_live(context, f"{empty.url}/main/retries")
    await keys(page, "j", "c")
    await expect(page.locator("#said")).to_contain_text("Copied order-")
    jid = await page.locator("main tbody tr").first.locator(".jid a").inner_text()
    assert await page.evaluate("navigator.clipboard.readText()") == jid
    await keys(page, "Enter")
    await page.wait_for_url("**/jobs/*")
    await page.evaluate("navigator.clipboard.writeText('')")
    await keys(page, "c")
    await expect(page.locator("#said")).to_contain_text(jid)


async def test_a_page_that_is_long_in_coming_shows_that_it_comes(
    empty: Console, context: BrowserContext
) -> None:
    page = await open_live(context, f"{empty.url}/main")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        held.append(route)

    await page.route("**/main/dead", hold)
    await page.evaluate(WATCH)
    # Nothing can be asked of a page while the next one is on its way: it tells by itself.
    async with page.expect_console_message(timeout=5000) as said:
        await page.get_by_role("link", name="Dead").first.click(no_wait_after=True)
    assert (await said.value).text == "busy true"
    await held[0].continue_()
    await page.wait_for_url("**/main/dead")
    await page.go_back()
    await expect(page.locator("main")).not_to_have_attribute("aria-busy", "true")
    assert await page.locator("html[data-loading]").count() == 0


async def test_paper_shows_the_whole_and_nothing_to_press(
    empty: Console, context: BrowserContext
) -> None:
    await fail_many(await empty.engine.peer(), 2)
    page = await open_live(context, f"{empty.url}/main/retries")
    await page.emulate_media(media="print", color_scheme="dark")
    for gone in (".side", ".find", "main button", "#indicator"):
        assert not await page.locator(gone).first.is_visible(), gone
    await expect(page.locator("main tbody tr").first).to_contain_text("UTC")
    background = "getComputedStyle(document.body).backgroundColor"
    assert await page.evaluate(background) == "rgb(255, 255, 255)"

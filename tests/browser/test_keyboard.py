"""By keyboard alone: a journey, a focus that survives, and keys that keep quiet."""

from __future__ import annotations

from playwright.async_api import BrowserContext, Page, expect

from tests.engine.peer import Peer

from .house import House, hear, heard, open_live
from .test_lists import fill

FOCUSED = "document.activeElement.closest('tr')?.querySelector('th a')?.textContent ?? null"
WHERE = "document.activeElement.localName"


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def focused(page: Page) -> str | None:
    """Return the id of the job whose row has the focus."""
    text: str | None = await page.evaluate(FOCUSED)
    return text


async def becomes(page: Page, jid: str) -> None:
    """Wait until the focus is in this job's row."""
    await page.wait_for_function(f"jid => ({FOCUSED}) === jid", arg=jid)


async def test_a_job_is_found_read_and_left_by_keyboard_alone(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, "retries", 60)
    page = await open_live(context, f"{empty.url}/main")
    await press(page, "g", "r")
    await page.get_by_text("1–25 of 60").wait_for()
    await press(page, "/")
    await page.keyboard.type("type:Charge*")
    await press(page, "Enter")
    await page.get_by_role("link", name="Show all").wait_for()
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await press(page, "j", "j", "j", "k")
    wanted = await focused(page)
    assert wanted == await page.locator("main tbody th a").nth(1).inner_text()
    await press(page, "Enter")
    await page.wait_for_url(f"**/jobs/{wanted}")
    await page.get_by_role("heading", name="Timeline").wait_for()
    await press(page, "u")
    await page.wait_for_url("**/retries?q=type*")
    await becomes(page, wanted)  # back in the row that was left
    await press(page, "n")
    await page.wait_for_url("**/retries?q=type*page=2")
    await press(page, "j")
    assert await focused(page) not in {None, wanted}
    await press(page, "u")
    await page.wait_for_url("**/main/retries")
    await press(page, "n")
    await page.get_by_text("26–50 of 60").wait_for()
    await press(page, "p")
    await page.get_by_text("1–25 of 60").wait_for()
    await press(page, "u")
    await page.wait_for_url("**/main")


async def test_up_from_a_job_that_was_opened_by_its_address_leads_to_its_list(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    page = await open_live(context, f"{empty.url}/main/jobs/item-first")
    for expected in ("**/main/queues/orders", "**/main/queues", "**/main", f"{empty.url}/"):
        await press(page, "u")
        await page.wait_for_url(expected)


async def test_rows_stay_round_the_one_that_has_the_focus_until_it_is_let_go(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    for n in range(4):
        await peer.push(f"item-00{n}", queue="orders")
    page = await open_live(context, f"{empty.url}/main/queues/orders")
    await page.get_by_role("link", name="item-003").wait_for()
    await press(page, "j", "j")
    assert await focused(page) == "item-001"
    await peer.push("item-004", queue="orders")
    for n in range(2):
        await peer.fetch("orders")
        await expect(page.locator(f"tr[data-gone]:has-text('item-00{n}')")).to_have_count(1)
        assert await focused(page) == "item-001"
    await press(page, "Escape")
    await page.get_by_role("link", name="item-004").wait_for()
    for n in range(2):
        await page.get_by_role("link", name=f"item-00{n}").wait_for(state="detached")


async def test_the_focus_stays_with_its_execution_while_others_end(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    for n in range(4):
        await peer.push(f"item-00{n}", queue="orders")
    await _end(peer, "item-000", "item-001")
    page = await open_live(context, f"{empty.url}/main/finished")
    await press(page, "j", "j")  # the first row is of the times per type
    assert await focused(page) == "item-001"
    await _end(peer, "item-002", "item-003")
    await expect(page.locator("#waiting")).to_have_text("2 pending")
    assert await focused(page) == "item-001"
    await press(page, "Escape")
    await page.get_by_role("link", name="item-003").wait_for()


async def _end(peer: Peer, *jids: str) -> None:
    for jid in jids:
        await peer.fetch("orders")
        assert await peer.ask(f'ACK {{"jid":"{jid}"}}') == "+OK"


async def test_keys_say_nothing_while_somebody_types_or_holds_a_modifier(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, "retries", 30)
    page = await open_live(context, f"{empty.url}/main/retries")
    await press(page, "/")
    await page.keyboard.type("tjkgd?/nu")
    box = page.get_by_role("searchbox")
    assert await box.input_value() == "tjkgd?/nu"
    await expect(page.locator("#keys")).to_be_hidden()
    await box.fill("")
    await press(page, "Escape")
    assert await page.evaluate(WHERE) == "body"
    for modifier in ("Control", "Alt", "Meta"):
        await press(page, f"{modifier}+j")
        assert await focused(page) is None
    assert await page.locator("html").get_attribute("data-theme") is None
    await press(page, "t")
    assert await page.locator("html").get_attribute("data-theme") == "dark"
    assert page.url.endswith("/main/retries")


async def test_single_keys_can_be_switched_off_and_on_again(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    page = await open_live(context, f"{empty.url}/main/queues/orders")
    await press(page, "?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    await dialog.wait_for()
    for text in ("Next row, previous row", "Copy the id of the row or job", "Back to the list"):
        await expect(dialog.get_by_text(text)).to_be_visible()
    switch = dialog.get_by_role("checkbox", name="Use single-key shortcuts")
    await expect(switch).to_be_checked()
    await press(page, "Shift+Tab", "Space", "Escape")
    await expect(dialog).to_be_hidden()
    other = await open_live(context, f"{empty.url}/main/queues/orders")
    for tab in (page, other):
        await tab.bring_to_front()
        await press(tab, "j", "?", "g", "d")
        assert await focused(tab) is None
        await expect(tab.locator("#keys")).to_be_hidden()
    await other.get_by_role("button", name="Keyboard").click()
    await expect(other.get_by_role("checkbox")).not_to_be_checked()
    await other.get_by_role("checkbox").check()
    await press(other, "Escape", "j")
    assert await focused(other) == "item-first"


async def test_c_copies_the_id_of_the_row_and_of_the_job(
    empty: House, context: BrowserContext
) -> None:
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders")
    await peer.push("item-other", queue="orders")
    page = await open_live(context, f"{empty.url}/main/queues/orders")
    await hear(page)
    await press(page, "j", "j", "c")
    await heard(page, "Copied: item-other")
    assert await page.evaluate("navigator.clipboard.readText()") == "item-other"
    await page.goto(f"{empty.url}/main/jobs/item-first")
    await hear(page)
    await press(page, "c")
    await heard(page, "Copied: item-first")
    assert await page.evaluate("navigator.clipboard.readText()") == "item-first"
    await page.goto(f"{empty.url}/main/queues")
    await hear(page)
    await press(page, "j", "c")
    await heard(page, "Copied: orders")

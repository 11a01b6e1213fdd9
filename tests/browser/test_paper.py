"""On paper: light, nothing that can only be pressed, tables whole, times that stay true."""

from __future__ import annotations

from playwright.async_api import BrowserContext, Page, expect

from .house import House, open_live, overflow
from .test_lists import fill

LONG = "x" * 180
A4 = {"width": 711, "height": 1000}
"""A page's width inside its margins, in CSS pixels."""
CUT = """() => [...document.querySelectorAll("main :is(td, th, td *, th *, pre)")].filter(node =>
  node.checkVisibility() && getComputedStyle(node).overflow !== "visible"
  && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1)
).map(node => node.outerHTML)"""


async def printed(context: BrowserContext, url: str) -> Page:
    """Open a page in the dark theme as paper would show it."""
    page = await open_live(context, url)
    await page.emulate_media(media="print", color_scheme="dark")
    await page.set_viewport_size({"width": A4["width"], "height": A4["height"]})
    return page


async def test_a_list_on_paper_is_light_whole_and_dated(
    empty: House, context: BrowserContext
) -> None:
    peer = await empty.engine.peer(wid="worker-1")
    await fill(peer, "dead", 30)
    await peer.push("item-long", queue="orders", jobtype="Type" + LONG, args=[LONG], retry=-1)
    await peer.fetch("orders")
    fail = f'{{"jid":"item-long","errtype":"Error{LONG}","message":"{LONG}"}}'
    assert await peer.ask(f"FAIL {fail}") == "+OK"
    page = await printed(context, f"{empty.url}/main/dead?q=type:*")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    for gone in (".side", ".copy", ".steps", "button", ".how", "#progress"):
        assert await page.locator(gone).filter(visible=True).count() == 0, gone
    await expect(page.get_by_role("searchbox")).to_have_value("type:*")
    await expect(page.get_by_role("searchbox")).to_be_visible()
    dates = page.locator("main tbody tr").first.locator(".abs")
    await expect(dates.first).to_be_visible()
    assert await page.locator("main tbody .stamp time").filter(visible=True).count() == 0
    await expect(page.locator("#indicator")).to_be_visible()
    as_of = await page.evaluate(
        "getComputedStyle(document.getElementById('indicator'), '::after').content"
    )
    assert "20" in as_of
    assert await overflow(page) <= 0
    assert await page.evaluate(CUT) == []
    assert (await page.pdf()).startswith(b"%PDF")


async def test_folds_stay_on_paper_as_they_are(empty: House, context: BrowserContext) -> None:
    peer = await empty.engine.peer()
    await peer.push("item-first", queue="orders", args=[{"order": "GH-1"}])
    page = await printed(context, f"{empty.url}/main/jobs/item-first")
    await expect(page.get_by_text('"GH-1"').first).to_be_visible()
    whole = page.locator("#raw-1 pre.json")
    await expect(whole).to_be_hidden()
    await page.emulate_media(media="screen")
    await page.get_by_text("Everything as stored").click()
    await page.emulate_media(media="print")
    await expect(whole).to_be_visible()
    assert await page.evaluate(CUT) == []
    assert await overflow(page) <= 0

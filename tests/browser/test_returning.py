"""Acting in a real browser: what leads back, what a form keeps, and who a page is for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.control.shop import Shop, shop

from .test_operations import sign_in

LIST = "/main/dead?q=queue%3Amail&order=reverse"


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


async def focused(page: Page) -> str:
    """Return where the focus is."""
    found = await page.evaluate("document.activeElement.name || document.activeElement.id")
    return str(found)


async def test_buttons_are_off_until_something_is_ticked(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(3, "mail")
    page = await context.new_page()
    await sign_in(page, open_shop)
    retry = page.locator("#acts").get_by_role("button", name="Retry")
    await expect(retry).to_be_disabled()
    one = page.get_by_label("Select charge-mail-0002")
    await one.check()
    await expect(retry).to_be_enabled()
    # What comes live leaves it on.
    await open_shop.failed(1, "other")
    await expect(page.locator("nav [data-count=dead]")).to_have_text("4")
    await expect(retry).to_be_enabled()
    await one.uncheck()
    await expect(retry).to_be_disabled()
    every = page.get_by_label("All of this set")
    await every.check()
    await expect(retry).to_be_enabled()
    await every.uncheck()
    await expect(retry).to_be_disabled()
    await page.goto(open_shop.url + "/main/parameters")
    change = page.get_by_role("button", name="Change")
    await expect(change).to_be_disabled()
    await page.get_by_label("New value of default_retry").fill("7")
    await expect(change).to_be_enabled()


async def test_u_leads_back_to_the_row_of_the_filtered_list(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(4, "mail")
    page = await context.new_page()
    await sign_in(page, open_shop)
    await page.goto(open_shop.url + LIST)
    await expect(page.locator("main tbody tr")).to_have_count(4)
    for key in ("j", "j", "x"):
        await page.keyboard.press(key)
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator(".big b")).to_have_text("1 job")
    await page.locator("#h-o").click()
    await page.keyboard.press("u")
    await page.wait_for_url("**" + LIST)
    row = page.locator("main tbody tr").nth(1)
    await expect(row.locator("th a")).to_be_focused()
    await expect(row.get_by_role("checkbox")).to_be_checked()
    await page.get_by_role("button", name="Retry").click()
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Retry jobs").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.keyboard.press("u")
    await page.wait_for_url("**" + LIST)
    await expect(page.locator("main tbody tr")).to_have_count(3)


async def test_after_a_slip_the_text_is_there_and_the_focus_in_it(
    context: BrowserContext, open_shop: Shop
) -> None:
    (jid,) = await open_shop.failed(1)
    page = await context.new_page()
    await sign_in(page, open_shop, f"/main/jobs/{jid}")
    await page.get_by_text("Push an edited copy").click()
    box = page.get_by_label("The job as JSON")
    right = await box.input_value()
    wrong = right.rstrip()[:-1]
    await box.fill(wrong)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator("#slip-push")).to_contain_text("The job is not valid JSON")
    await expect(box).to_be_focused()
    await expect(box).to_have_value(wrong)
    assert page.url == f"{open_shop.url}/main/jobs/{jid}"
    # What comes live leaves it there.
    await open_shop.failed(1, "other")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    await expect(page.locator("nav [data-count=dead]")).to_have_text("2")
    await expect(box).to_have_value(wrong)
    await box.fill(right)
    await page.get_by_role("button", name="Preview").click()
    await expect(page.locator(".told-of")).to_contain_text("billing")
    await page.get_by_role("link", name="Cancel").click()
    await page.wait_for_url(f"**/main/jobs/{jid}")


async def test_an_open_page_says_that_one_was_signed_out_elsewhere(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(2)
    page, account = await context.new_page(), await context.new_page()
    await sign_in(page, open_shop)
    await account.goto(open_shop.url + "/account")
    await page.get_by_label("Select charge-billing-0001").check()
    async with open_shop.signed_in() as elsewhere:
        await elsewhere.post("/account", data={"action": "sessions-end"})
    banner = page.locator("#banner")
    await expect(banner).to_contain_text("You were signed out.")
    await expect(account.locator("#banner")).to_contain_text("You were signed out.")
    # It is not a stranger's page: what was there stays, and nothing is sent.
    await open_shop.failed(1, "other")
    await expect(page.get_by_label("Select charge-billing-0001")).to_be_checked()
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator("#told")).to_contain_text("You were signed out.")
    assert page.url.endswith("/main/dead")
    # Signed in again in another tab, it goes on.
    open_shop.clock.ahead += 60
    other = await context.new_page()
    await sign_in(other, open_shop)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(banner).to_be_hidden()
    await expect(page.locator("main tbody tr")).to_have_count(3)
    await expect(page.get_by_label("Select charge-billing-0001")).to_be_checked()


async def test_a_strangers_page_does_not_turn_into_that_of_who_signs_in(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(1)
    page = await context.new_page()
    await page.goto(open_shop.url + "/main/dead")
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")
    other = await context.new_page()
    await sign_in(other, open_shop, name="helper")
    await expect(other.get_by_role("button", name="Retry")).to_have_count(1)
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await page.reload()
    await expect(page.locator(".me a").first).to_contain_text("helper")

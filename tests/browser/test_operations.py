"""The operator's path in a real browser: by mouse, by keyboard alone, and on a phone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.control.shop import Shop, shop
from tests.web.looks import caught_up
from tests.web.people.home import PASSWORD

from .house import overflow


@pytest_asyncio.fixture(loop_scope="session")
async def open_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as made:
        yield made


async def sign_in(page: Page, shop: Shop, path: str = "/main/dead", name: str = "ops") -> None:
    """Sign in by the password alone, and come to a page of the shop as it is now."""
    await caught_up(shop.url)
    await page.goto(shop.url + "/sign-in?next=" + path)
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Not now").click()
    await page.wait_for_url("**" + path)
    await page.locator("#indicator[data-state=live]").wait_for(state="attached")


@pytest.mark.parametrize("width", [1440, 390])
async def test_failed_jobs_are_found_retried_deleted_and_put_back_by_mouse(
    browser: Browser, open_shop: Shop, width: int
) -> None:
    await open_shop.failed(30)
    await open_shop.failed(4, "mail")
    context = await browser.new_context(viewport={"width": width, "height": 900})
    page = await context.new_page()
    await sign_in(page, open_shop)
    await _find(page, "queue:mail", 4)
    await page.get_by_label("Select charge-mail-0001").check()
    await page.get_by_label("Select charge-mail-0002").check()
    await expect(page.locator("#picked")).to_have_text("2 selected")
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator(".big b")).to_have_text("2 jobs")
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_label("Reason").fill("the card works again")
    assert await overflow(page) == 0
    await page.get_by_role("button", name="Retry jobs").click()
    await expect(page.get_by_role("status")).to_contain_text(["done"])
    await _its_record(page, "the card works again")
    await _delete_all_and_undo(page, open_shop, left=2)
    await context.close()


async def _find(page: Page, words: str, count: int) -> None:
    await page.get_by_role("searchbox").fill(words)
    await page.get_by_role("searchbox").press("Enter")
    await expect(page.locator("main tbody tr")).to_have_count(count)


async def _its_record(page: Page, reason: str) -> None:
    """Go from an outcome to its record in the ledger, and back."""
    await page.locator(".told-of").get_by_role("link", name=re.compile(r"^\d+$")).click()
    await page.wait_for_url("**/audit?until=*")
    newest = page.locator("table.audit tbody tr").first
    await expect(newest).to_contain_text("requested an operation")
    await expect(newest).to_contain_text(reason)
    assert await overflow(page) == 0
    await page.go_back()


async def _delete_all_and_undo(page: Page, shop: Shop, left: int) -> None:
    await page.goto(shop.url + "/main/dead?q=queue:mail")
    await page.get_by_label("All matches").check()
    await page.get_by_role("button", name="Delete").click()
    await expect(page.locator(".big b")).to_have_text(f"{left} jobs")
    await page.get_by_label("Reason").fill("they are tests")
    await page.get_by_role("button", name="Delete jobs").click()
    await page.get_by_role("button", name="Restore").click()
    await expect(page.locator(".big b")).to_have_text(f"{left} jobs")
    await page.get_by_role("button", name="Restore").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.goto(shop.url + "/main/dead?q=queue:mail")
    await expect(page.locator("main tbody tr")).to_have_count(left)
    await page.goto(shop.url + "/main/trash")
    await expect(page.locator("table.trash")).to_contain_text("2 restored")


async def test_the_whole_path_by_keyboard_alone(context: BrowserContext, open_shop: Shop) -> None:
    await open_shop.failed(3)
    page = await context.new_page()
    await sign_in(page, open_shop)
    await expect(page.locator("main tbody tr")).to_have_count(3)
    keys = page.keyboard
    for key in ("j", "j", "x", "k", "x"):
        await keys.press(key)
    await expect(page.locator("#picked")).to_have_text("2 selected")
    await keys.press("b")
    await expect(page.get_by_role("button", name="Retry")).to_be_focused()
    await keys.press("Tab")
    await keys.press("Enter")
    await expect(page.get_by_label("Code from your authenticator app")).to_be_focused()
    await keys.type(open_shop.code())
    await keys.press("Tab")
    await keys.press("Tab")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await keys.type("twice charged")
    await keys.press("Enter")
    undo = page.get_by_role("button", name="Restore")
    await expect(undo).to_be_visible()
    await keys.press("b")
    await expect(undo).to_be_focused()
    await keys.press("Enter")
    await expect(page.get_by_label("Reason")).to_be_focused()
    await keys.press("Enter")
    await expect(page.locator("#follow .big")).to_contain_text("2")
    await expect(page.locator("#follow .badge")).to_have_text("done")


async def test_a_choice_lasts_while_the_pages_are_turned(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(40)
    page = await context.new_page()
    await sign_in(page, open_shop)
    await page.get_by_label("Select all on this page").check()
    await expect(page.locator("#picked")).to_have_text("25 selected")
    await page.get_by_role("link", name="Next").click()
    await page.wait_for_url("**page=2**")
    await page.get_by_label("Select charge-billing-0000").check()
    await expect(page.locator("#picked")).to_have_text("26 selected, 25 of them on other pages")
    # What comes live leaves the boxes as they are.
    await open_shop.failed(1, "other")
    await expect(page.locator("nav [data-count=dead]")).to_have_text("41")
    await expect(page.get_by_label("Select charge-billing-0000")).to_be_checked()
    await page.get_by_role("button", name="Retry").click()
    await expect(page.locator(".big b")).to_have_text("26 jobs")
    # Who only looked is back on the page that was left, and chooses on.
    await page.get_by_role("link", name="Cancel").click()
    await page.wait_for_url("**page=2**")
    await expect(page.locator("#picked")).to_contain_text("26 selected")
    await page.get_by_role("button", name="Retry").click()
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Retry jobs").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.get_by_role("link", name="Back").click()
    await page.wait_for_url("**page=2**")
    await expect(page.locator("nav [data-count=dead]")).to_have_text("15")
    await page.goto(open_shop.url + "/main/dead")
    await expect(page.locator("#picked")).to_have_text("Select jobs to act on them.")


async def test_a_range_is_chosen_with_the_shift_key(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(10)
    page = await context.new_page()
    await sign_in(page, open_shop)
    boxes = page.locator("td.pick input")
    await boxes.nth(2).click()
    await boxes.nth(6).click(modifiers=["Shift"])
    await expect(page.locator("#picked")).to_have_text("5 selected")
    await page.get_by_role("button", name="Select none").click()
    assert await page.locator("td.pick input:checked").count() == 0


async def test_who_may_little_sees_what_is_off_and_why(
    context: BrowserContext, open_shop: Shop
) -> None:
    await open_shop.failed(1)
    page = await context.new_page()
    await sign_in(page, open_shop, name="helper")
    assert await page.get_by_role("button", name="Delete").is_disabled()
    await page.get_by_text("Why not?").first.click()
    await expect(page.locator(".whynot li").first).to_contain_text("role")
    await page.goto(open_shop.url + "/main/queues/billing")
    await page.get_by_role("button", name="Pause").click()
    await page.get_by_label("Reason").fill("deploy")
    await page.get_by_role("button", name="Pause a queue").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.get_by_role("link", name="Back").click()
    await expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    # What is one's own is told also to who does not see the ledger.
    await expect(page.locator(".lately")).to_contain_text("deploy")


async def test_an_edited_copy_is_pushed_and_workers_are_quieted(
    context: BrowserContext, open_shop: Shop
) -> None:
    (jid,) = await open_shop.failed(1)
    worker = await open_shop.worker("w-77")
    page = await context.new_page()
    await sign_in(page, open_shop, f"/main/jobs/{jid}")
    await page.get_by_text("Push an edited copy").click()
    box = page.get_by_label("The job as JSON")
    text = await box.input_value()
    assert '"jid"' not in text
    await box.fill(text.replace(jid, "order-edited"))
    await page.get_by_role("button", name="Preview").click()
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Push a job").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.goto(open_shop.url + "/main/queues/billing")
    await expect(page.locator("main tbody")).to_contain_text("order-edited")
    await page.goto(open_shop.url + "/main/busy")
    await page.locator("tbody", has_text="w-77").get_by_role("button", name="Quiet").click()
    await page.get_by_role("button", name="Quiet workers").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.goto(open_shop.url + "/main/busy")
    marks = page.locator("tbody", has_text="w-77").locator(".badge.warn")
    await expect(marks.filter(has_text="quiet")).to_have_count(1)
    worker.close()


async def test_a_parameter_is_changed(context: BrowserContext, open_shop: Shop) -> None:
    page = await context.new_page()
    await sign_in(page, open_shop, "/main/parameters")
    await page.get_by_label("New value of default_retry").fill("7")
    await page.get_by_role("button", name="Change").click()
    await expect(page.locator(".told-of")).to_contain_text("default_retry")
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Change parameters").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await page.goto(open_shop.url + "/main/parameters")
    row = page.locator("tr", has_text="default_retry")
    await expect(row.locator("b")).to_have_text("7")


async def test_without_scripts_the_same_forms_do_the_same(
    browser: Browser, open_shop: Shop
) -> None:
    await open_shop.failed(2)
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(open_shop.url + "/sign-in?next=/main/dead")
    await page.get_by_label("Name").fill("ops")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("link", name="Not now").click()
    await page.get_by_label("Select charge-billing-0001").check()
    await page.get_by_role("button", name="Retry").click()
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Retry jobs").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await context.close()

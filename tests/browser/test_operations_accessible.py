"""No page that acts breaks a rule of WCAG 2.2 AA, or is wider than its window."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.control.shop import Shop, shop

from .house import overflow
from .test_accessibility import LOOKS, Inspector
from .test_operations import sign_in

HOSTILE = {"jobtype": "<b>x</b>\u202e" + "y" * 200, "custom": {"<i>": "\u0007"}}


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_every_page_that_acts(
    browser: Browser, tmp_path: Path, theme: str, width: int
) -> None:
    async with shop(tmp_path) as open_shop:
        (jid, *_) = await open_shop.failed(3)
        await open_shop.failed(1, "x-" + "long" * 50, **HOSTILE)
        await open_shop.fill("mail", 2)
        worker = await open_shop.worker("w-1")
        context = await browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page = await context.new_page()
        eye = Inspector(page, open_shop.url)
        await sign_in(page, open_shop)
        for path in ("dead", "queues", "queues/mail", "busy", "parameters", f"jobs/{jid}"):
            await eye.look(f"/main/{path}")
            for fold in await page.locator("main .push summary, main .whynot summary").all():
                await fold.click()
            await eye.check(f"{path} with its folds turned")
            assert await overflow(page) == 0, path
        await _preview_to_trash(page, eye, open_shop)
        worker.close()
        await context.close()
        eye.nothing()


async def _preview_to_trash(page: Page, eye: Inspector, open_shop: Shop) -> None:
    await page.goto(open_shop.url + "/main/dead")
    await page.get_by_label("All of this set").check()
    await page.get_by_role("button", name="Delete").click()
    await page.wait_for_url("**/operations/*")
    await page.locator(".samples summary").first.click()
    await _seen(page, eye, "a preview")
    await page.get_by_label("Code from your authenticator app").fill("000000")
    await page.get_by_label("Reason").fill("tests \u202e<b>" + "long" * 80)
    await page.get_by_role("button", name="Delete jobs").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await _seen(page, eye, "a wrong code")
    await page.get_by_label("Code from your authenticator app").fill(open_shop.code())
    await page.get_by_role("button", name="Delete jobs").click()
    await expect(page.locator("#follow .badge")).to_have_text("done")
    await _seen(page, eye, "an outcome")
    for path in ("/main/trash", "/audit", "/main", "/main/dead"):
        await page.goto(open_shop.url + path)
        await _seen(page, eye, path)


async def _seen(page: Page, eye: Inspector, label: str) -> None:
    await eye.check(label)
    assert await overflow(page) == 0, label

"""Every page looks right in German and in Chinese; and what looks wrong is found.

In English pages are measured where other tests walk them: in ``test_accessibility``,
``test_operations_accessible`` and, with hostile jobs, ``test_hostile``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext

from glasshouse.web.text import i18n

from . import visual
from .house import house
from .stages import PAGES, WRONG, fill_shop
from .test_accessibility import LOOKS, inspector

OTHERS = [locale for locale in i18n.LOCALES if locale != i18n.ENGLISH]
WRONG_LOOKS = {
    "columns": """<table style="width:100%"><thead><tr><th style="text-align:right">Ended</th></tr>
        </thead><tbody><tr><td>3 s ago</td></tr></tbody></table>""",
    "width": "<table style='width:40%'><tbody><tr><td>3 s ago</td></tr></tbody></table>",
    "cut": "<p style='width:60px;overflow:hidden;white-space:nowrap'>a text that goes on</p>",
    "word": "<p style='width:30px;overflow-wrap:anywhere'>Incomprehensible</p>",
    "overlap": "<p style='margin:0;height:4px'>one line</p><p style='margin:0'>another line</p>",
    "small": "<button style='width:18px;height:18px;padding:0'>x</button>",
    "sideways": "<p style='width:3000px'>wide</p>",
}


@pytest.mark.parametrize("rule", WRONG_LOOKS)
async def test_what_looks_wrong_is_found(context: BrowserContext, rule: str) -> None:
    page = await context.new_page()
    await page.set_content(f"<main><p>a page</p>{WRONG_LOOKS[rule]}</main>")
    assert {what.partition(":")[0] for what, _ in await visual.faults(page)} == {rule}


@pytest.mark.parametrize("locale", OTHERS)
@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_pages_in_another_language(
    browser: Browser, tmp_path: Path, theme: str, width: int, locale: str
) -> None:
    async with house(tmp_path / "data") as home:
        await fill_shop(home)
        eye = await inspector(browser, home, theme, width, locale)
        for path in (path for paths in PAGES.values() for path in paths):
            await eye.open(path)
            await eye.measure(path)
        for path, status in WRONG.items():
            await eye.open(path, status)
            await eye.measure(path)
        eye.nothing()


@pytest.mark.parametrize("locale", ["en", *OTHERS])
async def test_the_foot_of_the_navigation_is_one_line(
    browser: Browser, tmp_path: Path, locale: str
) -> None:
    async with house(tmp_path / "data") as home:
        context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
        page = await context.new_page()
        await page.goto(home.url + "/main")
        tops = await page.locator(".side-foot > *").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().top)"
        )
        assert len(tops) > 3
        assert max(tops) - min(tops) < 10, tops
        await context.close()

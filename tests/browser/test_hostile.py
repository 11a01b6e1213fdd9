"""Hostile payloads are text on every page: no script runs, no layout breaks, nothing is hidden."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.async_api import BrowserContext

from tests.hostile import CASES, SCRIPT, push_corpus

from . import visual
from .house import House

PAGES = [
    "/", "/main", "/main/queues", "/main/queues/default", "/main/queues/mail.er",
    "/main/queues/?name=..", "/main/queues/?name=.", "/main/retries", "/main/scheduled",
    "/main/retries?q=%3Cscript%3E", "/main/dead", "/main/busy", "/main/busy?sort=expires",
    "/main/finished", "/main/finished?outcome=failed",
    "/main/search", "/main/search?q=hostile", "/main/search?q=%3Cscript%3E", "/main/history",
    f"/main/finished?type={quote(SCRIPT, safe='')}", "/main/parameters",
]  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
async def test_no_script_runs_and_no_layout_breaks(
    empty: House, context: BrowserContext, width: int
) -> None:
    peer = await empty.engine.peer(wid=f"<b onclick=x>{width}", hostname="<i>h")
    await push_corpus(peer)
    jids = [case.jid for case in CASES if "\\u" not in case.jid]
    page = await context.new_page()
    await page.set_viewport_size({"width": width, "height": 900})
    problems: list[str] = []
    faults: dict[str, tuple[str, str]] = {}
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    await page.add_init_script(
        "addEventListener('securitypolicyviolation',"
        " e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
    )
    for path in [*PAGES, *(f"/main/jobs/{quote(jid, safe='')}" for jid in jids)]:
        answer = await page.goto(empty.url + path)
        assert answer is not None
        assert answer.status == 200, path
        assert len(await answer.body()) < 2_000_000
        await page.locator("#indicator[data-state=live]").wait_for(state="attached")
        assert await page.evaluate("window.pwned") is None, path
        overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, (path, overflow)
        for what, where in await visual.faults(page):
            # What is one word of a hundred letters breaks somewhere.
            if not what.startswith("word"):
                faults.setdefault(what, (path, where))
    assert problems == []
    assert faults == {}

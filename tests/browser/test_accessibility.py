"""No page breaks a rule of WCAG 2.2 AA or of axe-core's best practice, whatever it shows.

Nor has it a fault that is seen at once; see ``visual``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger
from tests.browser import visual
from tests.browser.house import House, house
from tests.browser.stages import PAGES, WRONG, fill_shop
from tests.browser.test_people import served, set_up_app, sign_in
from tests.web.people.home import PASSWORD

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
RUN = """async (tags) => {
  const {violations} = await axe.run(document, {
    runOnly: {type: "tag", values: tags},
    resultTypes: ["violations"],
    rules: {"target-size": {enabled: true}},
  });
  const told = ({target, html, failureSummary}) =>
    [target.join(" "), html.slice(0, 200), failureSummary];
  return violations.map(({id, help, nodes}) => [id, help, nodes.slice(0, 5).map(told)]);
}"""
LOOKS = [("light", 1440), ("dark", 390)]
"""Each theme and each width; the other two pairs by hand: AXE_LOOKS=all."""
if os.environ.get("AXE_LOOKS") == "all":
    LOOKS += [("dark", 1440), ("light", 390)]


class Inspector:
    """Opens pages of one console in one look, and gathers what there is against them."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.source = AXE.read_text(encoding="utf-8")
        self.found: dict[str, list[tuple[str, str]]] = {}

    async def open(self, path: str, status: int = 200) -> None:
        answer = await self.page.goto(self.url + path)
        assert answer is not None
        assert answer.status == status, path
        if status == 200 and path != "/":
            await self.page.locator("#indicator[data-state=live]").wait_for(state="attached")

    async def check(self, label: str) -> None:
        # By evaluate: the page's policy lets no script in that the console does not serve.
        await self.page.evaluate(self.source)
        against = await self.page.evaluate(RUN, TAGS)
        for rule, _, nodes in against:
            for target, source, summary in nodes:
                self.found.setdefault(f"{rule}: {source}\n{summary}", []).append((label, target))
        await self.measure(label)

    async def measure(self, label: str) -> None:
        """Look at the page as a person does."""
        for what, where in await visual.faults(self.page):
            self.found.setdefault(what, []).append((label, where))

    def nothing(self) -> None:
        told = [f"{what}\n{len(where)} × {where[0]}" for what, where in self.found.items()]
        assert not told, "\n\n".join(told)

    async def look(self, path: str, status: int = 200) -> None:
        await self.open(path, status)
        await self.check(path)


async def inspector(
    browser: Browser, home: House, theme: str, width: int, locale: str = "en"
) -> Inspector:
    context = await browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if theme == "dark" else "light",
        locale=locale,
    )
    return Inspector(await context.new_page(), home.url)


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_pages_with_data(browser: Browser, tmp_path: Path, theme: str, width: int) -> None:
    async with house(tmp_path / "data") as home:
        await fill_shop(home)
        eye = await inspector(browser, home, theme, width)
        for path in (path for paths in PAGES.values() for path in paths):
            await eye.look(path)
        await eye.open("/main/jobs/dead-order-1")
        for fold in await eye.page.locator("main summary").all():
            await fold.click()
        await eye.check("a job with its folds turned")
        await eye.page.keyboard.press("?")
        await eye.page.locator("dialog[open]").wait_for()
        await eye.check("the keys")
        eye.nothing()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_pages_without_data_and_errors(
    browser: Browser, tmp_path: Path, theme: str, width: int
) -> None:
    async with house(tmp_path / "data") as home:
        eye = await inspector(browser, home, theme, width)
        for name, paths in PAGES.items():
            await eye.look(paths[0], 404 if name in {"queue", "job"} else 200)
        for path, status in WRONG.items():
            await eye.look(path, status)
        eye.nothing()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_pages_of_a_server_that_is_gone(
    browser: Browser, tmp_path: Path, theme: str, width: int
) -> None:
    async with house(tmp_path / "data") as home:
        await fill_shop(home)
        eye = await inspector(browser, home, theme, width)
        await eye.open("/main/retries")
        await home.end_engine()
        await eye.page.locator("#banner:not([hidden])").wait_for()
        await eye.check("/main/retries, stale")
        eye.nothing()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
async def test_signing_in_and_the_account(
    browser: Browser, tmp_path: Path, theme: str, width: int
) -> None:
    async with served(tmp_path) as home:
        context = await browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
        )
        page = await context.new_page()
        eye = Inspector(page, home.url)

        async def narrow_enough(label: str) -> None:
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, label
            await eye.check(label)

        await page.goto(home.url + "/sign-in?next=/main")
        await narrow_enough("sign in")
        await page.get_by_label("Name").fill("<b>" + "W" * 200)
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Sign in").click()
        await page.get_by_role("alert").wait_for()
        await narrow_enough("a wrong password")
        await sign_in(page, home)
        await page.wait_for_url("**/main/dead")
        await page.goto(home.url + "/step-up?next=/main")
        await narrow_enough("no second factor")
        await page.goto(home.url + "/account")
        await narrow_enough("a new account")
        await page.get_by_label("Confirm your password").fill(PASSWORD)
        await page.get_by_role("button", name="Set up an authenticator app").click()
        await page.get_by_role("img", name="QR code").wait_for()
        await narrow_enough("setting up an app")
        await page.goto(home.url + "/account")
        await set_up_app(page, home)
        await narrow_enough("recovery codes")
        await page.get_by_label("Purpose").fill("<i>" + "W" * 90)
        await page.get_by_label("Operations; empty for read-only").fill("job.*, queue.pause")
        await page.get_by_role("button", name="Create token").click()
        await page.locator("#token").wait_for()
        await narrow_enough("a new token")
        await page.goto(home.url + "/step-up?next=/main")
        await narrow_enough("the second factor")
        await page.goto(home.url + "/account")
        await narrow_enough("an account with everything")
        hostile = {"by": "<b>" + "W" * 300, "\x1b[2J": "\u202e"}
        who = Subject(name="local:" + "x" * 280, roles=("<i>",), address="::1", how="session")
        record = Record(event=Event.FACTOR_REFUSED, at=home.clock(), who=who, detail=hostile)
        home.people.tools.database.call(ledger.append, record)
        await page.goto(home.url + "/main")
        await page.get_by_role("link", name="Audit").click()
        await page.locator("details.sealed summary").first.click()
        await narrow_enough("the audit log")
        await page.get_by_label("Text").fill("nowhere")
        await page.get_by_role("button", name="Show").click()
        await page.get_by_text("No matching records.").wait_for()
        await narrow_enough("nothing found in the ledger")
        await context.close()
        eye.nothing()

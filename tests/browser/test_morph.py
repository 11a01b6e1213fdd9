"""A live page ends as the server says, whatever it was before, and what stays is not touched."""

from __future__ import annotations

import json
import random

from playwright.async_api import BrowserContext, Page

from glasshouse.web.live.fragments import cut
from glasshouse.web.live.versions import FragmentVersions

from .house import House

# In place of the shared worker's stream: one that the test speaks through.
FAKE = """
delete window.SharedWorker;
window.EventSource = class extends EventTarget {
  constructor() { super(); window.source = this; }
  close() {}
};
"""
OPEN = """new Promise((done) => {
  const look = () => window.source ? done() : setTimeout(look, 5);
  look();
})"""
TELL = """([kind, data, html]) => {
  const main = document.getElementById("live");
  const before = new Map([...main.querySelectorAll("tr")].map((row) => [row.id, row]));
  source.dispatchEvent(new MessageEvent(kind, {data}));
  const wanted = document.createElement("template");
  wanted.innerHTML = html;
  const same = [...main.querySelectorAll("tr")].filter((row) => before.get(row.id) === row);
  return [main.innerHTML, wanted.innerHTML, same.map((row) => row.id)];
}"""


async def page_of(context: BrowserContext, console: House) -> Page:
    await context.add_init_script(FAKE)
    page = await context.new_page()
    await page.goto(f"{console.url}/main")
    await page.evaluate(OPEN)
    return page


class Teller:
    """Tells a page its editions, as the console does."""

    def __init__(self, page: Page) -> None:
        self.page, self.topic, self.told = page, FragmentVersions("/main"), 0

    async def tell(self, html: str) -> list[str]:
        """Show ``html``; return the ids of the rows that stayed the same nodes."""
        if not self.topic.publish(cut(html.encode())):
            return []
        kind, data, _ = self.topic.since(self.told).decode().split("\n", 2)
        self.told = self.topic.number
        said = [kind.removeprefix("event: "), data.removeprefix("data: "), html]
        shown, wanted, same = await self.page.evaluate(TELL, said)
        assert shown == wanted, json.dumps(said)
        return list(same)


def rows(ids: list[str], text: str = "x") -> str:
    return "\n".join(f'<tr id="{key}"><td>{key} {text}</td></tr>' for key in ids)


def table(ids: list[str], *, before: str = "", text: str = "x", after: str = "") -> str:
    inside = f"<table><tbody>\n{rows(ids, text)}\n</tbody></table>"
    return f'{before}<section class="panel">{inside}</section>{after}'


WATCH = """window.moved = []; new MutationObserver((all) => {
  for (const {addedNodes, removedNodes} of all)
    for (const node of [...addedNodes, ...removedNodes]) if (node.id) moved.push(node.id);
}).observe(document.getElementById("live"), {subtree: true, childList: true})"""
TURNS = (["new", "a", "b", "c"], ["a", "b", "c", "d"], ["a", "c", "d"], ["a", "x", "c"])


async def test_rows_that_are_read_further_down_stay_what_they_are(
    empty: House, context: BrowserContext
) -> None:
    page = await page_of(context, empty)
    teller = Teller(page)
    far = "<p>far</p>" * 200
    await teller.tell(table(["a", "b", "c", "d"], after=far))
    await page.evaluate("document.querySelector('#live > p').scrollIntoView()")
    await page.evaluate(WATCH)
    for ids in TURNS:
        await teller.tell(table(ids, after=far))
    # Only what came and what went was ever touched.
    assert await page.evaluate("moved") == ["new", "d", "new", "d", "b", "x", "d"]


async def test_no_row_in_sight_is_moved(empty: House, context: BrowserContext) -> None:
    teller = Teller(await page_of(context, empty))
    stayed = [await teller.tell(table(ids)) for ids in (["a", "b", "c", "d"], *TURNS)]
    # What keeps its place is not touched, what gets another is made anew there.
    assert stayed == [[], [], [], ["a"], ["a"]]


async def test_a_part_that_moves_elsewhere_comes_whole(
    empty: House, context: BrowserContext
) -> None:
    teller = Teller(await page_of(context, empty))
    one = table(["a", "b"]) + table(["c"])
    other = table(["a"]) + table(["c", "b"])
    for html in (one, other, one, "<p>nothing</p>" + other, table(["b"]) + other[:0]):
        await teller.tell(html)


async def test_whatever_a_page_becomes_it_ends_as_it_was_told(
    empty: House, context: BrowserContext
) -> None:
    teller = Teller(await page_of(context, empty))
    chance = random.Random(2026)
    for _ in range(400):
        ids = chance.sample("abcdefghij", chance.randrange(9))
        cutting = chance.randrange(len(ids) + 1)
        text = chance.choice(["x", "x", "x", "y"])
        loose = [
            '<p class="note">n</p>', "<p>m</p>", '<dl id="load"><dt>l</dt></dl>', "text",
            '<ul class="tiles"><li>1</li><li>2</li></ul>', "<ol><li>3</li></ol>",
        ]  # fmt: skip
        before = "".join(chance.sample(loose, chance.randrange(4)))
        html = table(ids[:cutting], before=before, text=text)
        if chance.random() < 0.6:
            html += table(ids[cutting:], text=text)
        await teller.tell(html)

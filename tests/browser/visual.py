"""What a person would see at once and no rule of accessibility names, measured on the page.

The rules, each by the word that ``visual.js`` tells it with:

- ``columns``: a column's head stands over its cells, aligned as they are;
- ``width``: a table fills the room that it has;
- ``cut``: text that is cut off has a title that tells the rest;
- ``word``: no word is broken in its middle;
- ``overlap``: no text or control lies on another;
- ``small``: what is pressed is 24 pixels wide and high;
- ``sideways``: the page is not wider than its window.
"""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

_LOOK = (Path(__file__).parent / "visual.js").read_text("utf-8")


async def faults(page: Page) -> list[tuple[str, str]]:
    """Return each fault of a page as it is shown: what it is, and where."""
    found: list[list[str]] = await page.evaluate(_LOOK)
    return [(f"{rule}: {what}", where) for rule, where, what in found]

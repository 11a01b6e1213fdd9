"""A page's live part, cut into parts: only the parts that change are sent.

A part is an element that begins with its id (``<tr id="job-1f"…``) and contains no
element of the same name: a row, a tile, the chart. Any other text belongs to what
is between the parts. The words in ``<time>`` are left out everywhere: browsers
generate them, and a page on which only time passes has not changed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

# No text can look like this: templates escape every quote and every "<".
_OPENING = re.compile(r'<(tr|tbody|li|dl|ul|ol|p|div|section) id="([\w.-]+)"')
_TIME = re.compile(r'(<time [^>]*data-at="[^">]*">)[^<]*(?=</time>)')

Piece = str | tuple[str, str] | tuple[str]
"""Text between parts; a part's id with its text; or only the id of an unchanged part."""


class Page(NamedTuple):
    """A cut page: one more text ``between`` than ``parts``, which are in page order."""

    between: tuple[str, ...]
    parts: Mapping[str, str]
    digest: str

    def pieces(self, base: Page | None = None) -> Iterator[Piece]:
        """Yield the whole page; parts that are the same in ``base`` are only named."""
        known = {} if base is None else base.parts
        for text, (key, part) in zip(self.between, self.parts.items(), strict=False):
            yield text
            yield (key,) if known.get(key) == part else (key, part)
        yield self.between[-1]

    def changed(self, base: Page) -> list[tuple[str, str]] | None:
        """Return the parts that differ from ``base``, or ``None`` if more than parts differs."""
        if self.between != base.between or tuple(self.parts) != tuple(base.parts):
            return None
        return [(key, part) for key, part in self.parts.items() if part != base.parts[key]]


def cut(html: bytes) -> Page:
    """Cut a page's live part."""
    text = _TIME.sub(r"\1", html.decode())
    between: list[str] = []
    parts: dict[str, str] = {}
    at = 0
    for match in _OPENING.finditer(text):
        name, key = match.groups()
        end = text.find(f"</{name}>", match.end())
        if match.start() < at or key in parts or end < 0:
            continue
        if text.find(f"<{name}", match.end(), end) >= 0:
            # Perhaps an element of the same name: then this end would belong to that one.
            continue
        between.append(text[at : match.start()])
        at = end + len(name) + 3
        parts[key] = text[match.start() : at]
    between.append(text[at:])
    digest = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return Page(tuple(between), parts, digest)

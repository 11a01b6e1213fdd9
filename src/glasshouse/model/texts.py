"""Texts in a form that can be encoded."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")


def without_halves(text: str) -> str:
    """Return ``text`` with U+FFFD for each half of a character, one for one, as Go reads JSON."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)

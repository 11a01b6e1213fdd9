"""Patterns of search words and of rules: ``*`` stands for any text."""

from __future__ import annotations


def glob(pattern: str, text: str, *, exactly: bool = False) -> bool:
    """Return whether ``text`` is ``pattern``, in which ``*`` is anything.

    Letters match in either case, unless ``exactly``. Takes time in proportion
    to the lengths, whatever the pattern.
    """
    if not exactly:
        pattern, text = pattern.casefold(), text.casefold()
    first, *rest = pattern.split("*")
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    position, last = len(first), rest.pop()
    for part in rest:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    return len(text) - len(last) >= position and text.endswith(last)

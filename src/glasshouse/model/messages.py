"""Texts that reach the screen by another way than a call that names them: marked, not changed."""

from __future__ import annotations


def message(text: str) -> str:
    """Return ``text``: it is one of the screen's messages, for ``scripts/extract_messages.py``."""
    return text

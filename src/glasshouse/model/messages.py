"""Marks texts that reach the screen other than through a call that names them."""

from __future__ import annotations


def message(text: str) -> str:
    """Return ``text`` unchanged; marks it as a message for ``scripts/extract_messages.py``."""
    return text

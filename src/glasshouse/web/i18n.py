"""The words of the screen: English is the key, other languages stand in catalogs.

A text without an entry is shown in English.
"""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.web.chinese import CHINESE

LOCALES = ("en", "zh-CN")


def t(text: str, locale: str, **values: object) -> str:
    """Return ``text`` in ``locale`` with each ``{name}`` replaced by its value, once.

    A value is never read as a pattern itself.
    """
    pattern = CATALOGS.get(locale, _NONE).get(text) or ENGLISH.get(text, text)
    if not values:
        return pattern
    return "".join(
        piece if index % 2 == 0 else str(values.get(piece, "{" + piece + "}"))
        for index, piece in enumerate(_split(pattern))
    )


def _split(pattern: str) -> list[str]:
    """Return literal text and names in turn: ``"a {n} b"`` gives ``["a ", "n", " b"]``."""
    pieces: list[str] = []
    for part in pattern.split("{"):
        name, closed, rest = part.partition("}")
        pieces.extend((name, rest) if closed else (part,))
    return pieces


_NONE: Mapping[str, str] = {}

# Keys that are names rather than sentences.
ENGLISH: Mapping[str, str] = {
    "worker running": "running",
    "worker quiet": "quiet",
    "worker terminate": "terminating",
    "state enqueued": "enqueued",
    "state scheduled": "scheduled",
    "state working": "running",
    "state retries": "retrying",
    "state dead": "dead",
    "outcome done": "done",
    "outcome retried": "retried",
    "outcome buried": "buried",
    "outcome dropped": "dropped",
}

CATALOGS: Mapping[str, Mapping[str, str]] = {"zh-CN": CHINESE}

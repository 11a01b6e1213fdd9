"""The words of the screen: English is the key, other languages stand in catalogs.

A text without an entry is shown in English. Errors come as English sentences with their values
in them, from rooms that know no languages: such a sentence is found by its words, and its values
are put into the other language's sentence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from glasshouse.web.text.chinese import CHINESE, SENTENCES

LOCALES = ("en", "zh-CN")


def t(text: str, locale: str, **values: object) -> str:
    """Return ``text`` in ``locale`` with each ``{name}`` replaced by its value, once.

    A value is never read as a pattern itself.
    """
    pattern = CATALOGS.get(locale, _NONE).get(text) or ENGLISH.get(text)
    if pattern is None:
        pattern = text if values or locale not in _FORMS else _said(text, locale)
    if not values:
        return pattern
    return "".join(
        piece if index % 2 == 0 else str(values.get(piece, "{" + piece + "}"))
        for index, piece in enumerate(_split(pattern))
    )


def _said(sentence: str, locale: str) -> str:
    """Return a sentence that has its values in it; as it is when none of the catalog fits."""
    if len(sentence) > _LONGEST:
        return sentence
    for known, key in _FORMS.get(locale, ()):
        found = known.fullmatch(sentence)
        if found is not None:
            # A value may be a sentence too: why something did not work.
            values = {name: t(value, locale) for name, value in found.groupdict().items()}
            return t(key, locale, **values)
    return sentence


@functools.lru_cache(maxsize=2048)
def _split(pattern: str) -> tuple[str, ...]:
    """Return literal text and names in turn: ``"a {n} b"`` gives ``["a ", "n", " b"]``."""
    pieces: list[str] = []
    for part in pattern.split("{"):
        name, closed, rest = part.partition("}")
        pieces.extend((name, rest) if closed else (part,))
    return tuple(pieces)


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
_LONGEST = 600
_NAME = re.compile(r"\{(\w+)\}")


def _forms(keys: Mapping[str, str]) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield what sentences with values look like, those of the most words first."""
    for key in sorted(keys, key=lambda key: len(_NAME.sub("", key)), reverse=True):
        if _NAME.search(key):
            pieces = _NAME.split(key)
            form = "".join(
                re.escape(piece) if index % 2 == 0 else f"(?P<{piece}>.+?)"
                for index, piece in enumerate(pieces)
            )
            yield re.compile(form, re.DOTALL), key


_FORMS = {"zh-CN": tuple(_forms(SENTENCES))}

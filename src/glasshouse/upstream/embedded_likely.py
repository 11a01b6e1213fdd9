"""What SQLite can tell of a search: a condition that leaves out most entries that cannot match."""

from __future__ import annotations

import itertools
import json
import re

from glasshouse.model.jobquery import JobQuery
from glasshouse.wire.matching import error_parts

# Characters that every JSON encoder writes as themselves.
_RUNS = re.compile(r"[A-Za-z0-9_ .@:,*!?;#$~^|(){}\[\]-]+")
# SQLite knows the two cases of ASCII only.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# The one that is written every day: ß.
_FOLDED = re.compile("ss", re.IGNORECASE)
_SPECIAL = re.compile(r"([%_\\])")
_MOST = 24
"""Texts that are asked for: more tell hardly more, and SQLite takes no condition of thousands."""
_TEXT = "CAST(payload AS TEXT)"

Condition = tuple[str, tuple[str, ...]]


def likely(wanted: JobQuery) -> Condition:
    """Return a condition that holds for every entry that matches, and for few others.

    Entries are left out that match by a letter which only folds to one of ASCII: by a
    ligature, or the sign of Kelvin.
    """
    terms: list[str] = []
    values: list[str] = []
    for column, globs in (
        ("jid", wanted.jid),
        ("jobtype", wanted.jobtype),
        ("queue", wanted.queue),
    ):
        for pattern in globs:
            terms.append(f"{column} LIKE ? ESCAPE '\\'")
            values.append(_like(_NOT_ASCII.sub("*", pattern).split("*")))
    parts = [part for term in wanted.at_path for part in term.value.split("*")]
    texts = dict.fromkeys((*wanted.words, *wanted.args, *error_parts(wanted), *parts))
    for forms in itertools.islice(filter(None, map(_forms, texts)), _MOST):
        terms.append("(" + " OR ".join([f"{_TEXT} LIKE ? ESCAPE '\\'"] * len(forms)) + ")")
        values += forms
    return " AND ".join(terms) or "1", tuple(values)


def _like(parts: list[str]) -> str:
    return "%".join(_SPECIAL.sub(r"\\\1", part) for part in parts)


def _forms(text: str) -> tuple[str, ...]:
    """Return patterns one of which holds for a stored text that has ``text`` in it.

    Encoders write some characters in several ways: of these a gap is left, as of what
    a letter outside of ASCII folds to. A text of nothing else is looked for as it is
    and as its escapes if it is of letters without cases; else there is no pattern.
    """
    runs = [part for run in _RUNS.findall(text) for part in _FOLDED.split(run)]
    if any(runs):
        return (f"%{_like(runs)}%",)
    if not text.isalnum() or not text == text.lower() == text.upper() == text.casefold():
        return ()
    return tuple(f"%{_like([form])}%" for form in sorted({text, json.dumps(text)[1:-1]}))

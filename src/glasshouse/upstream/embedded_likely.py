"""What SQLite can tell of a search: a condition that leaves out most entries that cannot match."""

from __future__ import annotations

import json
import re

from glasshouse.model.jobquery import JobQuery

# Characters that every JSON encoder writes as themselves.
_RUNS = re.compile(r"[A-Za-z0-9_ .@:,*!?;#$~^|(){}\[\]-]+")
# SQLite knows the two cases of ASCII only.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_BETWEEN = re.compile(r"[ :]+")
_SPECIAL = re.compile(r"([%_\\])")
_TEXT = "CAST(payload AS TEXT)"

Condition = tuple[str, tuple[str, ...]]


def likely(wanted: JobQuery) -> Condition:
    """Return a condition that holds for every entry that matches, and for few others."""
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
    # The type and the message of an error are stored apart, and looked for as they are shown.
    parts += [part for text in wanted.error for part in _BETWEEN.split(text)]
    for text in (*wanted.words, *wanted.args, *filter(None, parts)):
        forms = _forms(text)
        terms.append("(" + " OR ".join([f"{_TEXT} LIKE ? ESCAPE '\\'"] * len(forms)) + ")")
        values += forms
    return " AND ".join(terms) or "1", tuple(values)


def _like(parts: list[str]) -> str:
    return "%".join(_SPECIAL.sub(r"\\\1", part) for part in parts)


def _forms(text: str) -> tuple[str, ...]:
    """Return patterns one of which holds for a stored text that has ``text`` in it.

    Encoders write some characters in several ways: of these a gap is left. A text
    of nothing else is looked for as it is, and as its escapes.
    """
    runs = _RUNS.findall(text)
    if runs:
        return (f"%{_like(runs)}%",)
    cases = {text, text.lower(), text.upper()}
    escaped = {json.dumps(case)[1:-1] for case in cases}
    return tuple(f"%{_like([form])}%" for form in sorted(cases | escaped))

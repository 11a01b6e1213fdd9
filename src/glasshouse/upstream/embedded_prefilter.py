"""A condition by which SQLite excludes most entries that cannot match a search.

It runs on stored payloads, which contain everything that is hidden from anyone. So the search
text is compared only with payloads in which nothing can be hidden from the requesting person.
The others pass, whatever is searched for, and are compared after hidden values have been
removed. This way the duration of a search reveals nothing about hidden values.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence

from glasshouse.model.job import WRAPPER
from glasshouse.model.jobquery import JobQuery
from glasshouse.model.name_patterns import alike
from glasshouse.model.redaction import Redaction
from glasshouse.wire.maskpaths import FOLDED_TO_ASCII, plain_key
from glasshouse.wire.matching import error_parts

# Characters that every JSON encoder writes as themselves.
_RUNS = re.compile(r"[A-Za-z0-9_ .@:,*!?;#$~^|(){}\[\]-]+")
# SQLite knows the two cases of ASCII letters only.
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
# The only one in everyday use: ß.
_FOLDED = re.compile("ss", re.IGNORECASE)
_GLOB_SPECIAL = re.compile(r"[?\[]")
_HAS_NUL = "instr(CAST(queue AS BLOB), x'00') > 0"
_MOST = 24
"""Texts used: more would add hardly anything, and SQLite accepts no condition of thousands."""
_LONGEST = 32
"""Characters used of a text: SQLite compares each of them at each place."""
SMALL = 16 << 10
"""Bytes of a payload that SQLite examines: within a longer one it cannot be stopped."""
_TEXT = "CAST(payload AS TEXT)"
_LIKE, _GLOB = f"{_TEXT} LIKE ?", f"{_TEXT} GLOB ?"
# Escapes, any of which may stand for an ASCII letter or for something that folds to one.
_SPELT = (
    *(r"\u002[dD]", r"\u00[4567]", r"\u00[dD][fF]", r"\u01[347fF]"),
    *(r"\u1[eE]9", r"\u212[aA]", r"\u[fF][bB]0"),
)

Condition = tuple[str, tuple[str | bytes, ...]]


def likely(wanted: JobQuery) -> Condition:
    """Return a condition that holds for every entry that matches, and for few others.

    Excluded are entries that match through a letter that merely folds to an ASCII one: a ligature,
    or the Kelvin sign.
    """
    steps: list[tuple[str, Condition]] = []
    shown = shown_condition(wanted.shown)
    # CASE keeps SQLite from evaluating in another order.
    if shown is not None:
        steps.append(("NOT ", shown))
    names = _names(wanted)
    if names is not None:
        steps.append(("NOT ", names))
    parts = [f"WHEN {turn}({condition}) THEN 0" for turn, (condition, _) in steps]
    values = [value for _, (_, some) in steps for value in some]
    texts = _texts(wanted)
    if texts is not None:
        parts.append(f"WHEN length(payload) > {SMALL} THEN 1")
        hides = may_hide(wanted.hidden)
        if hides is not None:
            parts.append(f"WHEN {hides[0]} THEN 1")
            values += hides[1]
        values += texts[1]
    if not parts:
        return "1", ()
    return f"CASE {' '.join(parts)} ELSE {'1' if texts is None else texts[0]} END", tuple(values)


def shown_condition(shown: Sequence[str] | None) -> Condition | None:
    """Return the condition for entries whose queues may be seen; ``None`` where all may be."""
    if shown is None:
        return None
    globs = tuple(_GLOB_SPECIAL.sub(r"[\g<0>]", glob) for glob in shown)
    if not globs:
        return "0", ()
    # SQLite compares a name only up to its first U+0000: such names are checked later.
    return " OR ".join([*["queue GLOB ?"] * len(globs), _HAS_NUL]), globs


def may_hide(rules: Sequence[Redaction]) -> Condition | None:
    """Return a condition that holds for every entry in which a rule may hide something.

    ``None`` where there is no rule.
    """
    if not rules:
        return None
    terms: list[str] = []
    values: list[str | bytes] = []
    for rule in rules:
        parts: list[str] = []
        # A rule for all ActiveJob jobs is not tied to one name: each job goes by its own.
        if rule.jobtype.strip("*") and not alike(rule.jobtype, WRAPPER):
            # SQLite cannot decide whether another name folds to this one.
            parts.append("(jobtype LIKE ? OR length(jobtype) <> length(CAST(jobtype AS BLOB)))")
            values.append(_glob_like(rule.jobtype))
        key = plain_key(rule.path)
        if key is not None:
            parts.append(_LIKE)
            values.append(f"%{_like([key])}%")
        terms.append(" AND ".join(parts) or "1")
    others = " OR ".join(["instr(payload, ?)"] * (len(FOLDED_TO_ASCII) + 1))
    terms.append(f"length({_TEXT}) <> length(payload) AND ({others})")
    values += [b"\0", *FOLDED_TO_ASCII]
    spelt = " OR ".join([_GLOB] * len(_SPELT))
    terms.append(f"{_LIKE} AND ({spelt})")
    values += ["%\\u%", *(f"*{escape}*" for escape in _SPELT)]
    return "(" + " OR ".join(f"({term})" for term in terms) + ")", tuple(values)


def _names(wanted: JobQuery) -> Condition | None:
    terms: list[str] = []
    values: list[str] = []
    for column, globs in (
        ("jid", wanted.jid),
        ("jobtype", wanted.jobtype),
        ("queue", wanted.queue),
    ):
        for pattern in globs:
            terms.append(f"{column} LIKE ?")
            values.append(_glob_like(pattern))
    return (" AND ".join(terms), tuple(values)) if terms else None


def _texts(wanted: JobQuery) -> Condition | None:
    parts = [part for term in wanted.at_path for part in term.value.split("*")]
    texts = dict.fromkeys((*wanted.words, *wanted.args, *error_parts(wanted), *parts))
    terms: list[str] = []
    values: list[str] = []
    for forms in itertools.islice(filter(None, map(_forms, texts)), _MOST):
        terms.append("(" + " OR ".join([_LIKE] * len(forms)) + ")")
        values += forms
    return (" AND ".join(terms), tuple(values)) if terms else None


def _glob_like(pattern: str) -> str:
    return _like(_NOT_ASCII.sub("*", pattern).split("*"))


def _like(parts: list[str]) -> str:
    # LIKE's wildcards in the text only let more through, never less; escaping them costs time.
    return "%".join(parts)


def _forms(text: str) -> tuple[str, ...]:
    """Return patterns, one of which matches a stored text that contains ``text``.

    Encoders write some characters in several ways: these become gaps, as do those that a letter
    outside of ASCII may fold to. A text that consists only of such characters is searched for as
    it is and as its escapes if its letters have no cases; otherwise there is no pattern.
    """
    runs = [part[:_LONGEST] for run in _RUNS.findall(text) for part in _FOLDED.split(run)]
    if any(runs):
        return (f"%{_like(runs)}%",)
    if not text.isalnum() or not text == text.lower() == text.upper() == text.casefold():
        return ()
    return tuple(f"%{_like([form])}%" for form in sorted({text, json.dumps(text)[1:-1]}))

"""Where a job's own values recur in a short text, such as the type of an error: pure, total.

The finished log keeps no arguments, so it cannot be determined later which part of an
error's type is hidden from a user. Instead it keeps the paths of the values that occur in
the type: a user who may not see the value at one of them is not shown the type.

A value is recognized generously: in either case, with anything between its letters and
digits, and by any of its words. What cannot be searched counts as not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from itertools import islice
from unicodedata import normalize
from urllib.parse import quote

from glasshouse.wire import lenient
from glasshouse.wire.decodings import TooManyDecodingsError, decodings, may_be_quoted
from glasshouse.wire.jsontext import JsonTextError
from glasshouse.wire.payload import read_fields

FIELDS = ("args", "custom")
"""The parts of a job that may be hidden from a user."""
_MOST_READ, _MOST_VALUES = 64 << 10, 2000
_MOST_PATHS, _MOST_STEPS = 16, 20
_MOST_QUOTED, _MOST_FORMS = 64, 6
"""Maximum number of values that may be quoted, and of readings of each, to search for."""
_SHORT, _WORD = 3, 4
"""Below so many characters a value counts only as a whole word; from so many on, a part does."""
_BEGINNING = 6
"""Characters of a value that a text that was cut off ends with."""
_BETWEEN = re.compile(r"[\W_]+")
_WORDS = re.compile(rf"[^\W_]{{{_WORD},}}")

Path = tuple[str, ...]


class _Members(list[tuple[str, object]]):
    """The members of an object, including repeated names."""


class _TooMuchError(Exception):
    """There is more than is examined."""


def echoes(payload: bytes, text: str) -> tuple[Path, ...] | None:
    """Return the paths of the values of a stored job that occur in ``text``.

    A path begins with the field. ``None`` when this cannot be determined.
    """
    paths: dict[Path, None] = {}
    try:
        readings = _Readings(text)
        fields = read_fields(payload)
        raws = {name: bytes(fields[name]) for name in FIELDS if name in fields}
        if sum(map(len, raws.values())) > _MOST_READ:
            return None
        for name, raw in raws.items():
            for path, value in _values(name, raw):
                if readings.has(value):
                    paths[path] = None
    except (JsonTextError, UnicodeError, ValueError, RecursionError):
        return None
    except (_TooMuchError, TooManyDecodingsError):
        return None
    if len(paths) > _MOST_PATHS or any(len(path) > _MOST_STEPS for path in paths):
        return None
    return tuple(paths)


def written(paths: tuple[Path, ...] | None) -> str | None:
    """Return paths as text; ``None`` remains ``None``."""
    return None if paths is None else json.dumps(paths, separators=(",", ":"))


def read(text: str | None) -> tuple[Path, ...] | None:
    """Return paths from their text; ``None`` if it is not such a text. Never raises."""
    if text is None:
        return None
    try:
        return tuple(tuple(map(str, path)) for path in json.loads(text))
    except (ValueError, TypeError, RecursionError):
        return None


def _values(name: str, raw: bytes) -> Iterator[tuple[Path, str]]:
    """Yield each text and number with its path; a key with the path of its object."""
    # Numbers keep their text.
    decoded = json.loads(
        lenient.text(raw), strict=False, parse_float=str, parse_int=str, object_pairs_hook=_Members
    )
    todo: list[tuple[Path, object]] = [((name,), decoded)]
    for _ in range(_MOST_VALUES):
        if not todo:
            return
        path, node = todo.pop()
        if isinstance(node, list) and len(node) + len(todo) > _MOST_VALUES:
            break
        if isinstance(node, _Members):
            for key, value in node:
                yield path, key
                todo.append(((*path, key), value))
        elif isinstance(node, list):
            todo.extend(((*path, str(place)), value) for place, value in enumerate(node))
        elif isinstance(node, str):
            yield path, node
    raise _TooMuchError


class _Readings:
    """A short text in every way in which it can be read, as for hidden values in jobs."""

    def __init__(self, text: str) -> None:
        """Read it.

        Raises:
            TooManyDecodingsError: there are too many ways.
        """
        texts = [reading.text for reading in decodings(text)]
        self._said = [_Said(text) for text in dict.fromkeys(map(_plain, texts))]
        self._quoted = 0

    def has(self, value: str) -> bool:
        """Return whether ``value`` is in it, or, for a quoted value, what it stands for.

        Raises:
            _TooMuchError: too many values may be quoted.
        """
        forms = [_plain(value)]
        if may_be_quoted(value):
            self._quoted += 1
            if self._quoted > _MOST_QUOTED:
                raise _TooMuchError
            forms += [_plain(reading.text) for reading in islice(decodings(value), 1, _MOST_FORMS)]
        return any(known.has(form) for known in self._said for form in forms)


class _Said:
    """One reading, in which values are searched for."""

    def __init__(self, text: str) -> None:
        self._text = text.casefold()
        self._joined = _joined(self._text)
        self._is_escaped = any(sign in text for sign in "%\\&")

    def has(self, value: str) -> bool:
        """Return whether ``value``, or a word of it, is in the text in any usual form."""
        plain = value.casefold()
        if len(plain) < _SHORT:
            return bool(plain) and plain in self._text and _alone(plain, self._text)
        if plain in self._text or any(word in self._joined for word in _WORDS.findall(plain)):
            return True
        forms = [plain]
        if self._is_escaped or not value.isascii():
            forms += map(str.casefold, _escaped(value))
        return any(self._holds(_joined(form)) for form in forms)

    def _holds(self, joined: str) -> bool:
        if len(joined) < _SHORT:
            return False
        end = joined.find(self._joined[-_BEGINNING:]) if len(self._joined) >= _BEGINNING else -1
        cut_off = end >= 0 and self._joined.endswith(joined[: end + _BEGINNING])
        return cut_off or joined in self._joined


def _plain(text: str) -> str:
    """Return a text without variants of its letters: accents split off, wide letters plain."""
    return text if text.isascii() else normalize("NFKD", text)


def _alone(word: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _joined(text: str) -> str:
    return _BETWEEN.sub("", text)


def _escaped(value: str) -> tuple[str, ...]:
    quoted = quote(value.encode("utf-8", "replace"), safe="")
    return (
        quoted,
        quoted.replace("%20", "+"),
        escape(value),
        json.dumps(value),
        value.encode("unicode_escape").decode(),
        value.encode("utf-8", "replace").hex(),
    )

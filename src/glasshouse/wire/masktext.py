"""Hiding in JSON text: what stands at a path, and words wherever they stand.

The text is gone through token by token and never decoded as a whole: it may be
nested without end, and its numbers stay as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import quote

from glasshouse.model.redaction import MASK
from glasshouse.wire.maskpaths import State, accepts, after

_LEXEME = re.compile(r'(\s*)("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)
_MASK = json.dumps(MASK, ensure_ascii=False).encode().decode("latin-1")
_SHORT = 3
"""Characters under which a value is recognised only as a word of its own."""
_BEGINNING = 6
"""Characters of a value that a text which was cut off must end with, to be recognised."""
_LITERALS = frozenset({"true", "false", "null"})


class UnreadableError(Exception):
    """The text is no JSON."""


class _Frame:
    """A container that is being gone through."""

    __slots__ = ("expects_key", "index", "object", "state")

    def __init__(self, opener: str, state: State) -> None:
        self.object = opener == "{"
        self.state = state
        self.index = 0
        self.expects_key = self.object


def hide_at(raw: bytes, state: State, words: list[str]) -> bytes:
    """Return ``raw`` with every value hidden to which ``state`` leads; these come into ``words``.

    Raises:
        UnreadableError: it is no JSON.
    """
    lexemes = _lexemes(raw)
    out: list[str] = []
    frames: list[_Frame] = []
    coming = state
    for blank, lexeme in lexemes:
        frame = frames[-1] if frames else None
        if lexeme in "}],:":
            out.append(blank + lexeme)
            coming = _beyond(lexeme, frames, coming)
        elif frame is not None and frame.expects_key:
            out.append(blank + lexeme)
            coming, frame.expects_key = after(frame.state, decoded(lexeme)), False
        elif accepts(coming):
            _skip(lexeme, lexemes, words)
            out.append(blank + _MASK)
        else:
            out.append(blank + lexeme)
            if lexeme in "{[":
                frames.append(_Frame(lexeme, coming))
                coming = after(coming, "0") if lexeme == "[" else coming
    if frames:
        raise UnreadableError
    return "".join(out).encode("latin-1")


def _beyond(lexeme: str, frames: list[_Frame], coming: State) -> State:
    """Return what leads on behind a closing bracket, a comma or a colon."""
    if not frames:
        raise UnreadableError
    frame = frames[-1]
    if lexeme in "}]":
        frames.pop()
    elif lexeme == "," and frame.object:
        frame.expects_key = True
    elif lexeme == ",":
        frame.index += 1
        return after(frame.state, str(frame.index))
    return coming


def _skip(first: str, lexemes: Iterator[tuple[str, str]], words: list[str]) -> None:
    """Go to the end of the value that begins with ``first``, and keep what is in it."""
    depth, lexeme = 0, first
    while True:
        if lexeme in "{[":
            depth += 1
        elif lexeme in "}]":
            depth -= 1
        elif lexeme.startswith('"'):
            words.append(decoded(lexeme))
        elif lexeme not in ",:" and lexeme not in _LITERALS:
            words.append(lexeme)
        if depth == 0:
            return
        try:
            _, lexeme = next(lexemes)
        except StopIteration:
            raise UnreadableError from None


class Words:
    """Texts that may be nowhere, in each of the ways in which they are usually written."""

    def __init__(self, words: list[str]) -> None:
        """Look for ``words``; of a text with line ends, also for its lines."""
        lines = (line for word in words for line in (word, *word.splitlines()))
        known = {form for word in dict.fromkeys(lines) for form in _forms(word)}
        # The longest first: a shorter one may be within it.
        self._known = sorted(known - {""}, key=lambda form: (-len(form), form))
        parts = [
            rf"(?<!\w){re.escape(form)}(?!\w)" if len(form) < _SHORT else re.escape(form)
            for form in self._known
        ]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def hidden_in(self, text: str) -> str:
        """Return ``text`` without them; what it was cut off in is hidden too."""
        if self._pattern is None:
            return text
        text = self._pattern.sub(MASK, text)
        for form in self._known:
            end = form.find(text[-_BEGINNING:]) if len(text) >= _BEGINNING else -1
            if end >= 0 and text.endswith(form[: end + _BEGINNING]):
                return text[: -(end + _BEGINNING)] + MASK
        return text

    def may_be_in(self, raw: bytes) -> bool:
        """Return whether a long text may hold one; true when unsure."""
        return self._pattern is not None


def hide_words(raw: bytes, words: Words) -> bytes:
    """Return JSON text without ``words`` in any of its strings, keys and numbers.

    Raises:
        UnreadableError: it is no JSON.
    """
    return "".join(
        blank + (_retold(lexeme, words) if lexeme not in "{}[],:" else lexeme)
        for blank, lexeme in _lexemes(raw)
    ).encode("latin-1")


def _retold(lexeme: str, words: Words) -> str:
    plain = decoded(lexeme) if lexeme.startswith('"') else lexeme
    if plain in _LITERALS and plain == lexeme:
        return lexeme
    told = words.hidden_in(plain)
    if told == plain:
        return lexeme
    return json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode("latin-1")


def _forms(word: str) -> Iterator[str]:
    yield word
    yield json.dumps(word)[1:-1]
    yield json.dumps(word, ensure_ascii=False)[1:-1]
    yield repr(word)[1:-1]
    safe = word.encode("utf-8", "replace")
    yield quote(safe)
    yield quote(safe, safe="")
    yield quote(safe, safe="").replace("%20", "+")


def decoded(lexeme: str) -> str:
    """Return what a string's lexeme says; its text when that cannot be told."""
    text = lexeme.encode("latin-1").decode("utf-8", "replace")
    if "\\" not in text:
        return text[1:-1]
    try:
        said: str = json.loads(text, strict=False)
    except ValueError:
        return text[1:-1]
    return said


def _lexemes(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield each token with the blanks before it."""
    # Latin-1 keeps one character per byte.
    text = raw.decode("latin-1")
    position = 0
    while position < len(text):
        match = _LEXEME.match(text, position)
        if match is None:
            if text[position:].strip():
                raise UnreadableError
            return
        position = match.end()
        yield match[1], match[2]

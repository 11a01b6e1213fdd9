"""Hiding in JSON text: what is at a path, and values wherever they occur.

The text is processed token by token and never decoded as a whole: it may be
nested without limit, and its numbers stay as they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from glasshouse.model.redaction import MASK
from glasshouse.model.texts import without_halves
from glasshouse.wire.maskpaths import State, accepts, after
from glasshouse.wire.maskvalues import HiddenValues

_LEXEME = re.compile(r'(\s*)("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)
_MASK = json.dumps(MASK, ensure_ascii=False)
_LITERALS = frozenset({"true", "false", "null"})


class UnreadableError(Exception):
    """The text is not JSON."""


class _Frame:
    """A container that is being processed."""

    __slots__ = ("expects_key", "index", "object", "state")

    def __init__(self, opener: str, state: State) -> None:
        self.object = opener == "{"
        self.state = state
        self.index = 0
        self.expects_key = self.object


def hide_at(raw: bytes, state: State, values: list[str]) -> bytes:
    """Return ``raw`` with every value hidden to which ``state`` leads; ``values`` collects them.

    Raises:
        UnreadableError: it is not JSON.
    """
    lexemes = _lexemes(_text(raw))
    out: list[str] = []
    frames: list[_Frame] = []
    coming = state
    for match in lexemes:
        whole, lexeme = match[0], match[2]
        if lexeme in "}],:":
            out.append(whole)
            coming = _beyond(lexeme, frames, coming)
        elif frames and frames[-1].expects_key:
            out.append(whole)
            frame = frames[-1]
            coming, frame.expects_key = after(frame.state, decoded(lexeme)), False
        elif accepts(coming):
            _skip(lexeme, lexemes, values)
            out += (match[1], _MASK)
        else:
            out.append(whole)
            if lexeme in "{[":
                frames.append(_Frame(lexeme, coming))
                coming = after(coming, "0") if lexeme == "[" else coming
    if frames:
        raise UnreadableError
    return _bytes("".join(out))


def _beyond(lexeme: str, frames: list[_Frame], coming: State) -> State:
    """Return the state that continues after a closing bracket, a comma or a colon."""
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


def _skip(first: str, lexemes: Iterator[re.Match[str]], values: list[str]) -> None:
    """Go to the end of the value that begins with ``first``, and collect what is in it."""
    depth, lexeme = 0, first
    while True:
        if lexeme in "{[":
            depth += 1
        elif lexeme in "}]":
            depth -= 1
        elif lexeme.startswith('"'):
            values.append(decoded(lexeme))
        elif lexeme not in ",:" and lexeme not in _LITERALS:
            values.append(lexeme)
        if depth == 0:
            return
        try:
            lexeme = next(lexemes)[2]
        except StopIteration:
            raise UnreadableError from None


def hide_values(raw: bytes, values: HiddenValues) -> bytes:
    """Return JSON text without ``values`` in any of its strings, keys and numbers.

    Raises:
        UnreadableError: it may contain one, and it is not JSON.
    """
    text = _text(raw)
    near = values.near(without_halves(text))
    if not near:
        return raw
    out: list[str] = []
    position = 0
    places = iter(near)
    start, end = next(places)
    for match in _lexemes(text):
        lexeme_end = match.end()
        if lexeme_end <= start:
            continue
        while end <= match.start(2):
            start, end = next(places, (len(text) + 1, len(text) + 1))
        if start < lexeme_end and match[2] not in "{}[],:":
            out += (text[position : match.start(2)], _retold(match[2], values))
            position = lexeme_end
    return _bytes("".join(out) + text[position:])


def _retold(lexeme: str, values: HiddenValues) -> str:
    plain = decoded(lexeme) if lexeme.startswith('"') else lexeme
    if plain in _LITERALS and plain == lexeme:
        return lexeme
    spans = values.hidden_in(plain)
    return lexeme if spans == plain else without_halves(json.dumps(spans, ensure_ascii=False))


def decoded(lexeme: str) -> str:
    """Return the value of a string's lexeme; its text if that cannot be determined."""
    text = without_halves(lexeme)
    if "\\" not in text:
        return text[1:-1]
    try:
        unquoted: str = json.loads(text, strict=False)
    except ValueError:
        return text[1:-1]
    return unquoted


def _lexemes(text: str) -> Iterator[re.Match[str]]:
    """Yield each token, with the blanks before it as the first group.

    Raises:
        UnreadableError: something is not a token.
    """
    position = 0
    for match in _LEXEME.finditer(text):
        if match.start() != position:
            raise UnreadableError
        position = match.end()
        yield match
    if text[position:].strip():
        raise UnreadableError


def _text(raw: bytes) -> str:
    """Return stored bytes as text that preserves each byte."""
    return raw.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")

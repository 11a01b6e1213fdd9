"""The one place where times, durations, sizes, numbers and hostile text become words.

Nothing here raises on odd input: what cannot be formatted is shown unchanged.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from glasshouse.model.addresses import INVISIBLE
from glasshouse.model.times import calendar_time, name_time, stored_time
from glasshouse.web.text import i18n
from glasshouse.web.text.i18n import t

# How Windows programs end a line; those that write it in text mode send one more CR.
_END = re.compile("\r+\n")
_ENDS = re.compile("[ \t]*(?:\r*\n[ \t]*)+")
_BMP = 0xFFFF
_KIB = 1024
_WHOLE = 100
_MINUTE = 60
_FEW = 9.995
_NAME = 300
_UNITS = ((86400, "{n} d"), (3600, "{n} h"), (60, "{n} min"), (1, "{n} s"))


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """A point in time, ready to lay out.

    ``iso`` is empty when the time could not be parsed or no calendar has it; then ``relative``
    holds the stored text or its own, and ``at`` may be 0.
    """

    at: float
    iso: str
    absolute: str
    relative: str


def display_text(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with every invisible, control or direction character as an escape.

    With ``lines``, line ends and tabs stay; a line end is a line feed, whatever system it is from.
    The result can always be encoded.
    """

    def escape(match: re.Match[str]) -> str:
        char = match.group()
        if lines and char in "\n\t":
            return char
        code = ord(char)
        return f"\\u{code:04x}" if code <= _BMP else f"\\U{code:08x}"

    return INVISIBLE.sub(escape, _END.sub("\n", text) if lines else text)


def on_one_line(text: str) -> str:
    """Return text that people wrote in several lines as one line, fit for display."""
    return display_text(_ENDS.sub(" ", text.strip("\r\n")))


def sendable(text: str) -> bool:
    """Return whether text is shown unchanged, so that a form sends back the original."""
    return INVISIBLE.search(text) is None


def display_bytes(data: bytes, *, lines: bool = False) -> str:
    r"""Return stored bytes as text; bytes that are not UTF-8 appear as ``\xNN``."""
    return display_text(data.decode("utf-8", "backslashreplace"), lines=lines)


def cut(text: str, limit: int) -> str:
    """Return at most ``limit`` characters, with an ellipsis when something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def name(text: str) -> str:
    """Return a name cut to fit a row, since it may be of any length; see ``display_text``."""
    return display_text(cut(text, _NAME))


def segment(text: str) -> str:
    """Return ``text`` as one percent-encoded path segment or query value."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def number(value: int, locale: str) -> str:
    """Return an integer with thousands separators."""
    return separated(f"{value:,}", locale)


def separated(text: str, locale: str) -> str:
    """Return a number in Python notation with the separators of a language."""
    table = _separators(locale)
    return text.translate(table) if table else text


@functools.cache
def _separators(locale: str) -> Mapping[int, str]:
    """Return the replacements for Python's separators; empty where they stay."""
    language = i18n.LANGUAGES.get(locale, i18n.LANGUAGES[i18n.ENGLISH])
    table = {",": language.group, ".": language.decimal}
    return {ord(python): own for python, own in table.items() if python != own}


def counted(value: int, one: str, many: str, locale: str) -> str:
    """Return a count with its noun; ``one`` and ``many`` are English, the latter with ``{n}``."""
    return i18n.counted(value, one, many, locale, n=number(value, locale))


def rate(value: float, locale: str) -> str:
    """Return a rate with as many digits as are useful; a nonzero rate never looks like zero."""
    if 0 < value < 0.05:  # noqa: PLR2004 - it would be rounded to 0.0
        return separated("< 0.1", locale)
    return separated(f"{value:,.0f}" if value >= _WHOLE else f"{value:.1f}", locale)


def size(count: int, locale: str) -> str:
    """Return a number of bytes in B, KiB, MiB or GiB."""
    if count < _KIB:
        return f"{count} B"
    amount, unit = count / _KIB, "KiB"
    for larger in ("MiB", "GiB"):
        if amount < _KIB:
            break
        amount, unit = amount / _KIB, larger
    return separated(f"{amount:.1f} {unit}", locale)


def duration(seconds: float, locale: str) -> str:
    """Return a span of time in its largest fitting unit, rounded down."""
    span = int(max(0.0, min(seconds, 1e12)))
    for length, pattern in _UNITS:
        if span >= length:
            return t(pattern, locale, n=number(span // length, locale))
    return t("{n} s", locale, n="0")


def span(seconds: float, locale: str) -> str:
    """Return how long something took, as exactly as is useful: two units, or three digits."""
    if seconds < 0.001:  # noqa: PLR2004 - a thousandth
        return t("< {n} ms", locale, n="1")
    if round(seconds * 1000) < 1000:  # noqa: PLR2004
        return t("{n} ms", locale, n=f"{seconds * 1000:.0f}")
    if seconds < _MINUTE:
        text = f"{seconds:.2f}" if seconds < _FEW else f"{seconds:.1f}"
        if float(text) < _MINUTE:
            return t("{n} s", locale, n=separated(text, locale))
    return _units(round(min(seconds, 1e12)), locale, most=2)


def exactly(seconds: float, locale: str) -> str:
    """Return a configured span of time in full, without rounding."""
    whole = int(seconds)
    if whole != seconds:
        return t("{n} s", locale, n=separated(f"{seconds:,g}", locale))
    return _units(whole, locale, most=len(_UNITS))


def _units(seconds: int, locale: str, *, most: int) -> str:
    """Return whole seconds in their units, from the largest that fits, at most ``most`` of them."""
    first = next((n for n, (length, _) in enumerate(_UNITS) if seconds >= length), len(_UNITS) - 1)
    parts: list[str] = []
    for length, pattern in _UNITS[first : first + most]:
        count, seconds = divmod(seconds, length)
        if count or not (parts or seconds):
            parts.append(t(pattern, locale, n=number(count, locale)))
    return " ".join(parts)


def moment(at: float, now: float, locale: str) -> Moment:
    """Return a time in Unix seconds, related to ``now``."""
    clock = _clock(math.floor(at)) if math.isfinite(at) else None
    if clock is None:
        return Moment(at=at, iso="", absolute="", relative=name_time(at))
    iso, absolute = clock
    ago = int(min(abs(now - at), 1e12))
    return Moment(
        at=round(at, 3), iso=iso, absolute=absolute, relative=_related(ago, at <= now, locale)
    )


@functools.lru_cache(maxsize=4096)
def _clock(second: int) -> tuple[str, str] | None:
    # A page has many times, and the next page repeats most of them.
    stamp = calendar_time(second)
    if stamp is None:
        return None
    text = stamp.isoformat(sep=" ", timespec="seconds")[:19]
    return f"{text.replace(' ', 'T')}Z", f"{text} UTC"


@functools.lru_cache(maxsize=4096)
def _related(seconds: int, past: bool, locale: str) -> str:  # noqa: FBT001 - a key of a cache
    return t("{n} ago" if past else "in {n}", locale, n=duration(seconds, locale))


def stored_moment(value: object, now: float, locale: str) -> Moment | None:
    """Return the time that a job's field holds (RFC 3339), or its text, or ``None``."""
    if value is None or value == "":
        return None
    at = stored_time(value)
    if at is not None and (stored := moment(at, now, locale)).iso:
        return stored
    text = value if isinstance(value, str) else repr(value)
    return Moment(at=at or 0.0, iso="", absolute="", relative=cut(display_text(text), 80))

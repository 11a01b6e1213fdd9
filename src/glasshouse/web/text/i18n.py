"""The text on the screen: English is the key, other languages are in catalogs.

Each language is one file, ``catalogs/LOCALE.po``; ``make messages`` and the build compile it
(``scripts/messages.py``). A text without a translation is shown in English. Errors arrive as
English sentences that contain their values, from rooms that know no languages. Such a sentence is
found by its words, and its values are put into the other language's sentence. Those are in the
catalogs under the context ``error``.
"""

from __future__ import annotations

import functools
import gettext
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

COMPILED = Path(__file__).parent / "catalogs" / "compiled"
ENGLISH = "en"
_ERROR = "error\x04"
"""How gettext writes the context of a message."""
_LONGEST = 600
_NAME = re.compile(r"\{(\w+)\}")


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language in which a page is available.

    ``name`` is its own name for itself, ``label`` that or a code, whichever is shorter; ``group``
    and ``decimal`` are the separators of its numbers. All are from the CLDR.
    """

    locale: str
    name: str
    label: str
    group: str
    decimal: str


class Catalog(gettext.GNUTranslations):
    """The messages of one language."""

    def __init__(self, locale: str) -> None:
        """Read what the build compiled of ``catalogs/LOCALE.po``.

        Raises:
            OSError: it does not exist.
        """
        with (COMPILED / f"{locale}.mo").open("rb") as file:
            super().__init__(file)
        # The standard library's reader puts the messages here, and documents no alternative.
        self._keyed: Mapping[object, str] = self._catalog  # type: ignore[attr-defined]
        # No message is in a catalog both with and without its context.
        self.texts: Mapping[str, str] = {
            key.removeprefix(_ERROR): text
            for key, text in self._keyed.items()
            if isinstance(key, str) and key
        }

    @functools.cached_property
    def sentences(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """The patterns of errors with values, each with its key."""
        keys = (key for key in self._keyed if isinstance(key, str) and key.startswith(_ERROR))
        return tuple(_forms([key.removeprefix(_ERROR) for key in keys]))


def t(text: str, locale: str, **values: object) -> str:
    """Return ``text`` in ``locale`` with each ``{name}`` replaced by its value, once.

    A value is never read as a pattern itself.
    """
    pattern = catalog(locale).texts.get(text)
    if pattern is None:
        pattern = text if values or locale == ENGLISH else _said(text, locale)
    return _filled(pattern, values)


def counted(number: int, one: str, many: str, locale: str, **values: object) -> str:
    """Return the plural form for ``number``, by the rules of the language; ``{n}`` is in values.

    ``one`` and ``many`` are the English forms, which are the key.
    """
    return _filled(catalog(locale).ngettext(one, many, number), values)


@functools.cache
def catalog(locale: str) -> Catalog:
    """Return the catalog of one of ``LOCALES``, or that of English."""
    return Catalog(locale if locale in LOCALES else ENGLISH)


def _filled(pattern: str, values: Mapping[str, object]) -> str:
    if not values:
        return pattern
    return "".join(
        piece if index % 2 == 0 else str(values.get(piece, "{" + piece + "}"))
        for index, piece in enumerate(_split(pattern))
    )


def _said(sentence: str, locale: str) -> str:
    """Translate a sentence that contains its values; return it unchanged if nothing matches."""
    if len(sentence) > _LONGEST:
        return sentence
    for known, key in catalog(locale).sentences:
        match = known.fullmatch(sentence)
        if match is not None:
            # A value may itself be a sentence: why something did not work.
            values = {name: t(value, locale) for name, value in match.groupdict().items()}
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


def _forms(keys: list[str]) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield the patterns of sentences with values, those with the most words first."""
    for key in sorted(keys, key=lambda key: len(_NAME.sub("", key)), reverse=True):
        if _NAME.search(key):
            pieces = _NAME.split(key)
            form = "".join(
                re.escape(piece) if index % 2 == 0 else f"(?P<{piece}>.+?)"
                for index, piece in enumerate(pieces)
            )
            yield re.compile(form, re.DOTALL), key


def _languages() -> dict[str, Language]:
    path = COMPILED / "languages.json"
    try:
        languages = msgspec.json.decode(path.read_bytes(), type=list[Language])
    except (OSError, msgspec.MsgspecError) as error:
        raise SystemExit(
            f"glasshouse: The languages are not built: {path} cannot be read ({error}). "
            "Build them with `make messages` (or `make run`), then start again."
        ) from error
    return {language.locale: language for language in languages}


LANGUAGES: Mapping[str, Language] = _languages()
"""By locale, English first."""
LOCALES = tuple(LANGUAGES)

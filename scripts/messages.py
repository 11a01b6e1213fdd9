"""The messages of the screen: extracted, merged into every language, compiled.

``make messages`` does all of it; the build compiles only (``hatch_build.py``). A language is one
file, ``catalogs/LOCALE.po``. To begin one::

    python -m scripts.messages init fr

Numbers, plural forms and a language's name for itself are those of the CLDR, by Babel.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGS = ROOT / "src" / "glasshouse" / "web" / "text" / "catalogs"
TEMPLATE = CATALOGS / "messages.pot"
COMPILED = CATALOGS / "compiled"
_FIRST = "en"
_WIDTH, _SHORT = 100, 2


def files() -> list[Path]:
    """Return the catalogs, English first."""
    return sorted(CATALOGS.glob("*.po"), key=lambda file: (file.stem != _FIRST, file.stem))


def locale_of(file: Path) -> Locale:
    """Return the language of a catalog, which is named after it."""
    return Locale.parse(file.stem, sep="-")


def read(file: Path) -> Catalog:
    """Return a catalog, or the template."""
    locale = None if file.suffix == ".pot" else locale_of(file)
    with file.open("rb") as text:
        return read_po(text, locale=locale, abort_invalid=True)


def write(catalog: Catalog, file: Path) -> None:
    """Write a catalog so that it is the same whenever nothing has changed."""
    out = io.BytesIO()
    write_po(
        out, catalog, width=_WIDTH, omit_header=True, include_lineno=False, ignore_obsolete=True
    )
    language = "messages" if catalog.locale is None else catalog.locale.english_name
    header = (
        f'# Glasshouse: {language}.\nmsgid ""\nmsgstr ""\n'
        f'"Project-Id-Version: Glasshouse\\n"\n'
        f'"Language: {catalog.locale_identifier or ""}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    file.write_bytes(header.encode() + out.getvalue())


def compile_all() -> None:
    """Make of each catalog what the program reads, and the list of languages."""
    COMPILED.mkdir(exist_ok=True)
    for file in files():
        with (COMPILED / f"{file.stem}.mo").open("wb") as out:
            write_mo(out, read(file))
    languages = [_language(file.stem, locale_of(file)) for file in files()]
    text = json.dumps(languages, ensure_ascii=False, indent=1)
    (COMPILED / "languages.json").write_text(text + "\n", "utf-8")


def _language(name: str, locale: Locale) -> dict[str, str]:
    symbols = locale.number_symbols["latn"]
    own = locale.get_language_name(locale) or name
    return {
        "locale": name,
        "name": own,
        "label": own if len(own) <= _SHORT else locale.language.upper(),
        "group": symbols["group"],
        "decimal": symbols["decimal"],
    }


def update() -> None:
    """Extract the messages anew, and merge them into every catalog: nothing is guessed."""
    from scripts.extract_messages import extracted  # noqa: PLC0415 - needs what was compiled

    template = extracted()
    write(template, TEMPLATE)
    for file in files():
        catalog = read(file)
        catalog.update(template, no_fuzzy_matching=True)
        write(catalog, file)


def init(name: str) -> None:
    """Begin a language."""
    file = CATALOGS / f"{name}.po"
    if file.exists():
        raise SystemExit(f"{file} is there already.")
    catalog = Catalog(locale=locale_of(file))
    catalog.update(read(TEMPLATE))
    write(catalog, file)


def main(words: list[str]) -> None:
    """Do what is said: nothing more is compiling, ``update`` and ``init LOCALE``."""
    match words:
        case []:
            pass
        case ["update"]:
            compile_all()
            update()
        case ["init", name]:
            init(name)
        case _:
            raise SystemExit(__doc__)
    compile_all()


if __name__ == "__main__":
    main(sys.argv[1:])

"""How programs write a value down: each row of the table in ``docs/access.md``, as a function."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import unicodedata
from collections.abc import Callable
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

Quote = Callable[[str], str]


def json_ascii(text: str) -> str:
    """As Python, Java and Rails write JSON."""
    return json.dumps(text)[1:-1]


def json_plain(text: str) -> str:
    """As JavaScript writes JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def json_go(text: str) -> str:
    """As Go's ``encoding/json``: safe within HTML."""
    said = json_plain(text)
    return said.translate({ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"})


def json_php(text: str) -> str:
    """As PHP's ``json_encode``."""
    return json_ascii(text).replace("/", "\\/")


def entities(text: str) -> str:
    """With every HTML entity that has a name."""
    names = {code: f"&{name};" for code, name in codepoint2name.items()}
    return text.translate(names).replace("'", "&apos;")


def _special(text: str, form: str) -> str:
    return "".join(char if char.isalnum() else form.format(ord(char)) for char in text)


def _bytes(text: str, form: str) -> str:
    return "".join(form.format(byte) for byte in text.encode())


def percent_lower(text: str) -> str:
    """As ``encodeURIComponent`` of some runtimes: small hexadecimal digits."""
    said = quote(text, safe="")
    parts = said.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def csv_field(text: str) -> str:
    """As a field of a CSV file."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([text])
    return out.getvalue()[1:-3]


def sql_backslash(text: str) -> str:
    """As MySQL's client escapes a text."""
    marks = {ord(char): "\\" + char for char in "'\"\\"}
    return text.translate(marks | {10: "\\n", 13: "\\r", 0: "\\0", 26: "\\Z"})


def ruby(text: str) -> str:
    """As Ruby's ``inspect`` of a text in ASCII."""
    said = text.replace("\\", "\\\\").replace('"', '\\"').replace("#{", "\\#{")
    return "".join(c if " " <= c < "\x7f" else f"\\u{{{ord(c):X}}}" for c in said)


def go(text: str) -> str:
    """As Go's ``%+q``."""
    said = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(
        char
        if " " <= char < "\x7f"
        else f"\\x{ord(char):02x}"
        if char < "\x80"
        else f"\\u{ord(char):04x}"
        if char <= "\uffff"
        else f"\\U{ord(char):08x}"
        for char in said
    )


def without_blanks(text: str) -> str:
    return "".join(text.split())


QUOTES: dict[str, Quote] = {
    "as it is": str,
    "JSON": json_ascii,
    "JSON, other letters kept": json_plain,
    "JSON of Go": json_go,
    "JSON of PHP": json_php,
    "JSON in JSON": lambda text: json_php(json_go(text)),
    "JSON three deep": lambda text: json_ascii(json_ascii(json_ascii(text))),
    "HTML": html.escape,
    "HTML, named": entities,
    "HTML, decimal": lambda text: _special(text, "&#{};"),
    "HTML, hexadecimal": lambda text: _special(text, "&#x{:x};"),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "percent": lambda text: quote(text, safe=""),
    "percent, paths kept": quote,
    "percent, small digits": percent_lower,
    "percent, every byte": lambda text: _bytes(text, "%{:02X}"),
    "percent, twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent of JavaScript's escape": lambda text: "".join(
        c if c.isascii() and c.isalnum() else f"%{ord(c):02X}" if c < "\u0100" else _u16(c, "%u")
        for c in text
    ),
    "form": quote_plus,
    "SQL, doubled": lambda text: text.replace("'", "''"),
    "SQL, backslashes": sql_backslash,
    "CSV": csv_field,
    "Python": lambda text: repr(text)[1:-1],
    "Python, ASCII": lambda text: ascii(text)[1:-1],
    "Python, bytes": lambda text: repr(text.encode())[2:-1],
    "Ruby": ruby,
    "Go": go,
    "bytes, hexadecimal": lambda text: _bytes(text, "\\x{:02x}"),
    "bytes, octal": lambda text: _bytes(text, "\\{:03o}"),
    "UTF-16 escapes": lambda text: "".join(_u16(char, "\\u") for char in text),
    "capitals": str.upper,
    "small letters": str.lower,
    "blanks collapsed": lambda text: " ".join(text.split()),
    "blanks doubled": lambda text: text.replace(" ", "\n  "),
    "blanks removed": without_blanks,
    "letters taken apart": lambda text: unicodedata.normalize("NFD", text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64, for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of more": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "hexadecimal": lambda text: text.encode().hex(),
    "JSON in a URL": lambda text: quote_plus(json_ascii(text)),
    "a URL in JSON": lambda text: json_php(quote(text, safe="")),
    "JSON in HTML": lambda text: html.escape(json_go(text)),
    "HTML in JSON": lambda text: json_go(entities(text)),
    "JSON in base64": lambda text: base64.b64encode(
        f'{{"a":"{json_ascii(text)}"}}'.encode()
    ).decode(),
    "SQL in JSON": lambda text: json_plain(text.replace("'", "''")),
}
"""By name; what is written is the value between its quotes, so that text goes on around it."""


def _u16(char: str, mark: str) -> str:
    raw = char.encode("utf-16-be")
    return "".join(f"{mark}{raw[n : n + 2].hex()}" for n in range(0, len(raw), 2))

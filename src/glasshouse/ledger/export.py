"""Records for export: lines of JSON that can be verified, and rows for a spreadsheet."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from glasshouse.ledger.chain import Link
from glasshouse.model.errors import InvalidError

HEADINGS = ("seq", "at", "event", "name", "roles", "address", "how", "detail", "digest")
_LINE = re.compile(rb'\{"digest":"([0-9a-f]{64})","record":(\{.*\})\}\n?')
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def read(link: Link) -> dict[str, Any]:
    """Return a record's content; empty if it was corrupted from outside."""
    try:
        fields = json.loads(link.body)
    except (ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def told_of(link: Link, masked: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a record with its digest, as programs get it.

    ``masked`` is what a viewer sees of it who may not see all of it.
    """
    if masked is None:
        return {"digest": link.digest.hex(), "record": read(link)}
    return {"digest": link.digest.hex(), "redacted": True, "record": masked}


def line(link: Link, masked: Mapping[str, Any] | None = None) -> bytes:
    """Return a line of JSON: the digest, and the record byte for byte as it is hashed.

    The line of a ``masked`` record says so: it cannot be verified.
    """
    if masked is not None:
        text = json.dumps(told_of(link, masked), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace") + b"\n"
    return b'{"digest":"%b","record":%b}\n' % (link.digest.hex().encode(), link.body)


def parsed(text: bytes) -> Link:
    """Return the record of a line of JSON, as it was hashed.

    Raises:
        InvalidError: it is not such a line.
    """
    match = _LINE.fullmatch(text)
    number = None if match is None else _number(match[2])
    if match is None or number is None:
        raise InvalidError(
            "A line is no record of a ledger.", remedy="Give files as they were exported."
        )
    return Link(number, match[2], bytes.fromhex(match[1].decode()))


def _number(body: bytes) -> int | None:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    seq = fields.get("seq") if isinstance(fields, dict) else None
    return seq if type(seq) is int else None


def row(link: Link, masked: Mapping[str, Any] | None = None) -> bytes:
    """Return a record as one line of comma-separated values, none of them a formula."""
    record = read(link) if masked is None else masked
    who, detail = table(record.get("who")), table(record.get("detail"))
    return _row((
        str(link.seq),
        str(record.get("at", "")),
        str(record.get("event", "")),
        str(who.get("name", "")),
        " ".join(map(str, who.get("roles", ()))),
        str(who.get("address", "")),
        str(who.get("how", "")),
        json.dumps(detail, ensure_ascii=False),
        link.digest.hex(),
    ))  # fmt: skip


def table(value: object) -> dict[str, Any]:
    """Return a value of a record that should be an object; an empty one if it is not."""
    return value if isinstance(value, dict) else {}


def _row(cells: tuple[str, ...]) -> bytes:
    """Return a line according to RFC 4180, every cell in quotes."""
    plain = (f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    quoted = (f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in plain)
    return (",".join(quoted) + "\r\n").encode("utf-8", "replace")


class Form(NamedTuple):
    """A file format for records: the heading, how to write each record, and the media type."""

    heading: bytes
    line: Callable[[Link, Mapping[str, Any] | None], bytes]
    media: str


FORMS: Mapping[str, Form] = {
    "jsonl": Form(b"", line, "application/jsonl"),
    "csv": Form(_row(HEADINGS), row, "text/csv; charset=utf-8"),
}

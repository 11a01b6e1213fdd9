"""What leaves the ledger: lines that can be verified, and rows that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json

import pytest

from glasshouse.ledger.chain import Head, Link, digest_of, seal
from glasshouse.ledger.export import FORMS, HEADINGS, line, read, row, table
from glasshouse.ledger.record import Event, Record, Subject

from .book import ID, NOW, Book


def cells(link: Link) -> dict[str, str]:
    text = (FORMS["csv"].heading + row(link)).decode()
    (found,) = csv.DictReader(io.StringIO(text))
    return {name: found[name] for name in HEADINGS}


def test_a_line_holds_the_record_as_it_is_hashed() -> None:
    link = Book().links[0]
    text = line(link)
    assert text == b'{"digest":"' + link.digest.hex().encode() + b'","record":' + link.body + b"}\n"
    assert json.loads(text)["record"] == read(link)
    assert digest_of(text[86:-2]) == link.digest


def test_a_row_has_what_a_person_looks_for() -> None:
    who = Subject(name="local:ops", roles=("a", "b"), address="::1", how="session")
    record = Record(event=Event.ACCOUNT, at=NOW, who=who, detail={"action": "ü"})
    link = seal(Head(0, ID), record)
    assert cells(link) == {
        "seq": "1",
        "at": "2027-01-15T08:00:00.250000+00:00",
        "event": "account.changed",
        "name": "local:ops",
        "roles": "a b",
        "address": "::1",
        "how": "session",
        "detail": '{"action": "ü"}',
        "digest": link.digest.hex(),
    }


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(begin: str) -> None:
    record = Record(event=Event.ACCOUNT, at=NOW, who=Subject(name=begin + "1+1"))
    assert cells(seal(Head(0, ID), record))["name"] == f"'{begin}1+1"


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"1", b'{"a":' * 100_000])
def test_a_spoilt_record_has_nothing_to_tell(body: bytes) -> None:
    link = Link(7, body, b"\x01" * 32)
    assert read(link) == {}
    empty = dict.fromkeys(HEADINGS, "") | {"seq": "7", "detail": "{}", "digest": "01" * 32}
    assert cells(link) == empty
    assert table([1]) == {}
    assert table({"a": 1}) == {"a": 1}

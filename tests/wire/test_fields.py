from __future__ import annotations

import pytest

from glasshouse.wire import fields as typed
from glasshouse.wire.jsontext import JsonTextError

KNOWN = frozenset({"jid", "args"})


def test_known_keys_match_in_any_case_and_the_last_wins() -> None:
    text = b'{"JID":"a","jid":"b","\\u006aiD":"c","Other":1,"arg\xc5\xbf":[]}'
    assert typed.read_object(text, KNOWN) == {"jid": b'"c"', "args": b"[]"}


@pytest.mark.parametrize("text", [b"1.0", b'"1"', b"true", b"1e2", b"9" * 19, b"9" * 5000, b"[]"])
def test_only_64_bit_integers_are_integers(text: bytes) -> None:
    with pytest.raises(JsonTextError, match="n must be an integer"):
        typed.integer({"n": text}, "n")


def test_null_counts_as_absent() -> None:
    fields = {"x": b"null"}
    assert typed.string(fields, "x") == ""
    assert typed.integer(fields, "x") is None
    assert typed.strings(fields, "x") == ()
    typed.check_object(fields, "x")


def test_the_ends_of_64_bits_are_read() -> None:
    assert typed.integer({"n": b"-9223372036854775808"}, "n") == -(2**63)
    assert typed.integer({"n": b"9223372036854775807"}, "n") == 2**63 - 1


def test_arrays_hold_strings_only() -> None:
    assert typed.strings({"a": b'["x", null]'}, "a") == ("x", "")
    with pytest.raises(JsonTextError, match="a must be an array of strings"):
        typed.strings({"a": b'["x", 1]'}, "a")

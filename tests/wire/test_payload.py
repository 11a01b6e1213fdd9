from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.jsontext import JsonTextError, finish
from glasshouse.wire.payload import read_fields, set_fields, take_apart

from .test_jsontext import ANY_JSON


def test_fields_are_replaced_added_and_removed_and_others_stay() -> None:
    payload = b'{"jid":"a","args":[1.0, 1e400 ,12345678901234567890],"at":"x","retry":1}'
    got = set_fields(payload, {"at": None, "retry": b"2", "enqueued_at": b'"now"'})
    assert got == (
        b'{"jid":"a","args":[1.0, 1e400 ,12345678901234567890],"retry":2,"enqueued_at":"now"}'
    )


def test_what_msgspec_cannot_read_is_kept_as_well() -> None:
    payload = b'{"JID":"a","\\ud800":["\\udfff", "\xff"],"x":%b}' % (b"[" * 5000 + b"]" * 5000)
    got = set_fields(payload, {"failure": b"{}", "nothing": None})
    assert got == payload.replace(b"JID", b"jid")[:-1] + b',"failure":{}}'
    assert read_fields(got)["x"] == b"[" * 5000 + b"]" * 5000


def test_canonical_means_faktorys_own_spelling() -> None:
    assert finish(take_apart(b'{"jid":1,"Mine":2}')).clean
    for text in (b'{"Jid":1}', b'{"jid":1,"a":"\\ud800","jid":2}', b'{"j\\u0069d":"\\ud800"}'):
        assert not finish(take_apart(text)).clean


@pytest.mark.parametrize("text", [b"", b"[]", b"nonsense", b'{"a":1'])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(JsonTextError):
        read_fields(text)
    with pytest.raises(JsonTextError):
        set_fields(text, {})


@given(st.dictionaries(st.text().filter(str.isupper), ANY_JSON), st.booleans())
def test_every_other_value_is_kept_byte_for_byte(job: dict[str, object], odd: bool) -> None:
    text = json.dumps({"x": "\ud800" if odd else "x", **job}, indent=1).encode()
    before = read_fields(text)
    after = read_fields(set_fields(text, {"queue": b'"q"'}))
    assert after == {**before, "queue": b'"q"'}

from __future__ import annotations

import contextlib
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glasshouse.wire.jsontext import (
    _WINDOW,
    MAX_DEPTH,
    JsonTextError,
    decode_string,
    elements,
    members,
    skip_value,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def accepts(text: bytes) -> bool:
    try:
        elements(b"[" + text + b"]")
    except JsonTextError:
        return False
    return True


def _refuse(name: str) -> float:
    raise ValueError(name)


def python_accepts(text: bytes) -> bool:
    try:
        json.loads(b"[" + text + b"]", parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        b"NaN", b"Infinity", b"-", b"01", b"1.", b".5", b"1e", b"+1", b"[1,]", b'{"a":1,}',
        b"{a:1}", b"'a'", b'"\x01"', b'"\n"', b'"\\x"', b'"\\u12g4"', b'"', b"[", b"{", b"nul",
        b'{"a"}', b'{"a":}', b"[1 2]", b"[}", b"{]", b'{"a":1]', b"[,]", b"//", b"1 2", b"[[]",
        b'{"a":{"b":1,},"c":2}', b"[1,[2,],3]", b'{"a":01}', b"{1:2}", b"\xa0", b"\x0b1",
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused(text: bytes) -> None:
    assert not accepts(text)


@pytest.mark.parametrize(
    "text",
    [
        b'"\\ud800"', b'"\xff"', b"1e400", b"-0", b" [ ] ", b"{ }", b"[1 , 2]", b'{"a" : [{}]}',
        b'"\x7f"', b"12345678901234567890", b"[[],{},[[]]]", b"1E+5", b'{"":null,"a":[1,{"b":2}]}',
    ],
)  # fmt: skip
def test_odd_but_lawful_texts_are_taken(text: bytes) -> None:
    assert accepts(text)


def test_members_keep_their_exact_text_and_order() -> None:
    text = b'\r\n{ "a" : 1.0 ,"b":[ 1,\t2 ], "a":"\\ud800" , "\\u0063":{"x": {}}}  '
    assert members(text) == [
        (b'"a"', b"1.0"),
        (b'"b"', b"[ 1,\t2 ]"),
        (b'"a"', b'"\\ud800"'),
        (b'"\\u0063"', b'{"x": {}}'),
    ]


@pytest.mark.parametrize("text", [b"", b"[]", b"{} {}", b"{}x", b'{"a":1', b"1", b'{"a":1}}'])
def test_anything_but_one_object_has_no_members(text: bytes) -> None:
    with pytest.raises(JsonTextError):
        members(text)


@pytest.mark.parametrize("opener", [b"[", b'{"a":'])
def test_nesting_is_allowed_to_the_reference_limit_and_no_further(opener: bytes) -> None:
    closer = b"]" if opener == b"[" else b"}"
    deepest = opener * (MAX_DEPTH - 1) + b"1" + closer * (MAX_DEPTH - 1)
    assert elements(b"[" + deepest + b"]") == [deepest]
    with pytest.raises(JsonTextError, match="exceeded max depth"):
        elements(b"[" + opener + deepest + closer + b"]")


def test_a_million_open_brackets_cost_little() -> None:
    with pytest.raises(JsonTextError, match="exceeded max depth"):
        members(b'{"a":' + b"[" * 1_000_000)


def test_long_texts_take_linear_time() -> None:
    started = time.thread_time()
    for unit in (b"1,", b'"\\n",', b"[1],", b'{"a":1},'):
        text = b"[" + unit * 100_000 + b"1]"
        assert skip_value(text, 0) == len(text)
    assert time.thread_time() - started < 5


@pytest.mark.parametrize("rest", [b"", b".5", b"e5", b"E+5", b".5e-5", b"5.5"])
@pytest.mark.parametrize("digits", range(_WINDOW - 6, _WINDOW + 2))
def test_a_long_number_may_go_on_anywhere(digits: int, rest: bytes) -> None:
    number = b"9" * digits + rest
    assert elements(b"[{},%b ]" % number)[1] == number
    assert elements(b"[[{},[[[]]],%b]]" % number)
    for cut in (b"e", b"e+", b"."):
        assert not accepts(number.replace(rest, b"") + cut)


def test_strings_become_unicode_whatever_they_hold() -> None:
    assert decode_string(b'"\\ud83d\\ude00 \\ud800 \xff \\u00e9"') == "😀 \ufffd \ufffd é"
    with pytest.raises(JsonTextError):
        decode_string(b"1")


@given(ANY_JSON, st.integers(0, 200), st.binary(max_size=2), st.integers(0, 2))
@settings(max_examples=300)
def test_it_agrees_with_python_on_what_is_json(
    value: object, where: int, put: bytes, cut: int
) -> None:
    text = json.dumps(value).encode()
    assert accepts(text)
    mutated = text[:where] + put + text[where + cut :]
    with contextlib.suppress(UnicodeDecodeError):
        mutated.decode()
        assert accepts(mutated) == python_accepts(mutated)


@given(st.text(alphabet='[]{},:"\\0123456789.eE+-truefalsn /u\n\t', max_size=30))
@settings(max_examples=500)
def test_it_agrees_with_python_on_nonsense(text: str) -> None:
    assert accepts(text.encode()) == python_accepts(text.encode())

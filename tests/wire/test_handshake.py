from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.wire.handshake import (
    HandshakeError,
    Hello,
    check_password,
    greeting,
    parse_hello,
    password_hash,
)

SALT, ROUNDS = "55104dc76695721d", 1545
HASH = "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30"


def test_the_reference_vector_of_the_password_hash() -> None:
    assert password_hash(b"foobar", SALT, ROUNDS) == HASH


def test_greetings_with_and_without_a_password() -> None:
    assert greeting(None, None) == b'+HI {"v":2}\r\n'
    assert greeting("salt", 4000) == b'+HI {"v":2,"i":4000,"s":"salt"}\r\n'


def test_a_full_hello() -> None:
    line = (
        b'HELLO {"hostname":"box","wid":"w1","pid":7,"labels":["a","b"],"v":2,'
        b'"pwdhash":"ff","username":"u","unknown":{}}'
    )
    assert parse_hello(line) == Hello("w1", "box", 7, ("a", "b"), 2, "ff")


@pytest.mark.parametrize("line", [b"HELLO {}", b'HELLO {"wid":"","labels":null,"v":null}'])
def test_a_producer_may_say_nothing(line: bytes) -> None:
    assert parse_hello(line) == Hello("", "", 0, (), None, None)


@pytest.mark.parametrize(
    "line",
    [
        b"", b"HELLO", b"HELLO  {}", b"hello {}", b"HELLO []", b"HELLO {", b"HELLO {} x",
        b'HELLO {"v":"2"}', b'HELLO {"v":300}', b'HELLO {"v":-1}', b'HELLO {"pid":"1"}',
        b'HELLO {"wid":1}', b'HELLO {"labels":"a"}', b'HELLO {"labels":[1]}', b"PUSH {}",
        b'HELLO {"username":1}', b'HELLO {"pid":1.5}',
    ],
)  # fmt: skip
def test_anything_else_is_no_hello(line: bytes) -> None:
    with pytest.raises(HandshakeError):
        parse_hello(line)


def hello(version: int | None, pwdhash: str | None) -> Hello:
    return Hello("", "", 0, (), version, pwdhash)


def test_the_right_hash_passes_and_others_do_not() -> None:
    assert check_password(hello(2, HASH), b"foobar", SALT, ROUNDS)
    for wrong in (None, "", HASH.upper(), HASH[:-1], "é"):
        assert not check_password(hello(2, wrong), b"foobar", SALT, ROUNDS)


@pytest.mark.parametrize("version", [None, 0, 1])
def test_old_clients_hash_once(version: int | None) -> None:
    assert check_password(hello(version, password_hash(b"x", "s", 1)), b"x", "s", 5000)
    assert not check_password(hello(version, password_hash(b"x", "s", 5000)), b"x", "s", 5000)


@given(st.binary())
def test_random_bytes_are_refused_or_understood(data: bytes) -> None:
    for line in (data, b"HELLO {" + data):
        with contextlib.suppress(HandshakeError):
            parse_hello(line)

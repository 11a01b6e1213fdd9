"""One-time codes, recovery codes, tokens and passwords of accounts."""

from __future__ import annotations

import base64
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glasshouse.identity import passwords, recovery, tokens, totp
from glasshouse.model.errors import InvalidError

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(at: float, code: str) -> None:
    step = int(at // 30)
    assert totp.code_at(SECRET, step) == code
    assert totp.accepted_step(SECRET, code, at, 0) == step
    assert totp.accepted_step(SECRET, f"{code[:3]} {code[3:]}", at, 0) == step


@pytest.mark.parametrize(
    "typed", ["287 082", " 287082 ", "2 8 7 0 8 2", "287\u00a0082", "287\u202f082", "287\t082"]
)
def test_a_code_is_taken_whatever_blanks_are_typed_with_it(typed: str) -> None:
    assert totp.looks_like_code(typed)
    assert totp.accepted_step(SECRET, typed, 59, 0) == 1


def test_secrets_have_160_bits() -> None:
    assert totp.SECRET_BYTES * 8 == 160
    drawn = bytes(range(totp.SECRET_BYTES))
    assert base64.b32decode(totp.new_secret(drawn)) == drawn


@given(st.integers(10, 10**9), st.integers(-3, 3), st.integers(-3, 3))
def test_a_code_is_good_one_step_either_side_and_only_after_the_last(
    step: int, offset: int, last: int
) -> None:
    around = {totp.code_at(SECRET, step + other) for other in (-1, 0, 1, offset)}
    assume(len(around) == len({-1, 0, 1, offset}))
    code, now = totp.code_at(SECRET, step + offset), step * 30 + 1.0
    found = totp.accepted_step(SECRET, code, now, step + last)
    if abs(offset) <= 1 and offset > last:
        assert found == step + offset
    else:
        assert found is None


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "+12345", "\n287082"]
)
def test_what_is_no_code_is_none(code: str) -> None:
    assert totp.accepted_step(SECRET, code, 59, 0) is None


def test_what_a_qr_code_tells_is_read_by_apps() -> None:
    parts = urlsplit(totp.uri(SECRET, "local:a b&c", "Glass house"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Glass house:local:a b&c"
    assert parse_qs(parts.query) == {"secret": [SECRET], "issuer": ["Glass house"]}


def test_secrets_are_made_of_what_is_drawn() -> None:
    assert totp.new_secret(b"12345678901234567890") == SECRET
    for wrong in (b"", b"x" * 19, b"x" * 21):
        with pytest.raises(ValueError, match="random bytes"):
            totp.new_secret(wrong)


@given(st.binary(min_size=80, max_size=80))
def test_recovery_codes_are_read_however_they_are_typed(entropy: bytes) -> None:
    codes = recovery.new_codes(entropy)
    assert len(codes) == recovery.COUNT
    for code in codes:
        assert re.fullmatch(r"[2-9a-hjkmnp-z]{4}(-[2-9a-hjkmnp-z]{4}){2}", code)
        assert recovery.looks_like_code(code)
        assert not recovery.looks_like_code(code[:-1])
        kept = recovery.code_hash(code)
        assert recovery.code_hash(code.upper().replace("-", " ")) == kept
        assert recovery.code_hash(f" {code} ") == kept
        assert recovery.code_hash(code[:-1]) != kept
    assert not recovery.looks_like_code("123456")


def test_recovery_codes_need_what_is_drawn() -> None:
    with pytest.raises(ValueError, match="random bytes"):
        recovery.new_codes(b"x" * 79)
    codes = recovery.new_codes(bytes(range(80)))
    assert len(set(codes)) == recovery.COUNT


@given(st.binary(min_size=32, max_size=32))
def test_a_token_is_known_by_its_form_and_its_sum(entropy: bytes) -> None:
    token = tokens.api_token(entropy)
    assert re.fullmatch(r"gh_[0-9A-Za-z]{49}", token)
    assert tokens.looks_like_token(token)
    other = "A" if token[10] != "A" else "B"
    assert not tokens.looks_like_token(token[:10] + other + token[11:])
    assert not tokens.looks_like_token(token + "\n")
    assert tokens.token_hash(token) != tokens.token_hash(token[:-1])
    assert tokens.session_id(entropy) in token


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_two_draws_are_two_secrets(one: bytes, two: bytes) -> None:
    assert (tokens.session_id(one) == tokens.session_id(two)) == (one == two)


@given(st.text(max_size=70))
def test_no_other_text_is_a_token(text: str) -> None:
    assert not tokens.looks_like_token(text)
    assert len(tokens.token_hash(text)) == 32


def test_secrets_need_32_bytes() -> None:
    for make in (tokens.session_id, tokens.api_token):
        with pytest.raises(ValueError, match="random bytes"):
            make(b"x" * 31)


def test_a_password_is_hashed_by_argon2id_and_found_again() -> None:
    stored = passwords.hashed("correct horse", b"s" * 16)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, "correct horse")
    for wrong in ("", "correct hors", "correct horse ", "x" * 5000, "\ud800", "\0"):
        assert not passwords.verify(stored, wrong)
    assert passwords.hashed("correct horse", b"t" * 16) != stored
    assert not passwords.outdated(stored)
    assert passwords.outdated(stored.replace("t=2", "t=1"))
    with pytest.raises(ValueError, match="16 bytes"):
        passwords.hashed("correct horse", b"short")


def test_what_stands_in_for_an_account_takes_as_long_and_fits_nothing() -> None:
    assert not passwords.outdated(passwords.STAND_IN)
    for word in ("", "correct horse", passwords.STAND_IN):
        assert not passwords.verify(passwords.STAND_IN, word)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$", "$2b$05$" + "a" * 53])
def test_what_is_no_hash_fits_nothing(stored: str) -> None:
    assert not passwords.verify(stored, stored)
    assert not passwords.outdated(stored)


@pytest.mark.parametrize("word", ["", "1234567", "x" * 1025, "é" * 600])
def test_a_password_out_of_bounds_is_not_set(word: str) -> None:
    with pytest.raises(InvalidError) as caught:
        passwords.check_new(word)
    assert caught.value.remedy
    assert passwords.check_new("12345678") == b"12345678"

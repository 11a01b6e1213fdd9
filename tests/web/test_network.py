"""Where a request comes from: forged and broken headers are never believed."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.errors import InvalidError
from glasshouse.web.http.network import client_address, limit_key, socket_address

PROXIES = tuple(map(ipaddress.ip_network, ("10.0.0.0/24", "127.0.0.1/32", "fd00::/64")))
PROXY, OFFICE, EVIL = "10.0.0.7", "198.51.100.4", "203.0.113.66"


def asked(peer: str | None, *values: str, name: str = "x-forwarded-for") -> str:
    headers = [(name.encode(), value.encode("latin-1")) for value in values]
    return str(client_address(peer, headers, PROXIES))


@pytest.mark.parametrize(
    ("peer", "said", "found"),
    [
        (EVIL, "10.20.0.1", EVIL),
        (EVIL, "127.0.0.1, 10.0.0.7", EVIL),
        (PROXY, OFFICE, OFFICE),
        (PROXY, f"10.20.0.1, {EVIL}", EVIL),
        (PROXY, f"10.20.0.1,{EVIL},10.0.0.9", EVIL),
        (PROXY, f"{EVIL}, {OFFICE}, 10.0.0.8, 10.0.0.9", OFFICE),
        (PROXY, f"127.0.0.1, {EVIL}", EVIL),
        (PROXY, f"::1, {EVIL}", EVIL),
        (PROXY, f"unknown, {EVIL}", EVIL),
        (PROXY, f"<script>, {EVIL}", EVIL),
        (PROXY, "10.0.0.1, 10.0.0.2", "10.0.0.1"),
        (PROXY, f"{OFFICE}:51234", OFFICE),
        (PROXY, "[2001:db8::7]:443", "2001:db8::7"),
        (PROXY, "[2001:db8::7]", "2001:db8::7"),
        (PROXY, "2001:db8::7", "2001:db8::7"),
        (PROXY, f"::ffff:{OFFICE}", OFFICE),
        (PROXY, f"[::ffff:{OFFICE}]:80", OFFICE),
        (f"::ffff:{PROXY}", OFFICE, OFFICE),
        ("fd00::5", "2001:db8::7", "2001:db8::7"),
        ("fd00:0:0:1::5", "2001:db8::7", "fd00:0:0:1::5"),
        ("fe80::1%eth0", "10.20.0.1", "fe80::1"),
    ],
)
def test_the_address_is_counted_from_the_right_through_proxies_that_are_trusted(
    peer: str, said: str, found: str
) -> None:
    assert asked(peer, said) == found


@pytest.mark.parametrize(
    "said",
    [
        *("unknown", "", " ", ",", f"{EVIL},", f"{EVIL},,", "_hidden", "localhost"),
        *("10.20.0.1.5", "10.20.0", "010.20.0.1", "0x0a140001", "10.20.0.1/32", "1e1.1.1.1"),
        *("fe80::1%eth0", "2001:db8::7%1", "[2001:db8::7", "2001:db8::7]:80", "10.20.0.1:"),
        *("10.20.0.1:123456", "10.20.0.1 10.20.0.2", "10.20.0.1;10.20.0.2", "\x0010.20.0.1"),
        *("１0.20.0.1".encode().decode("latin-1"), '"10.20.0.1"', "for=10.20.0.1"),
        ",".join(["10.0.0.1"] * 21),
    ],
)  # fmt: skip
def test_what_a_trusted_proxy_cannot_have_meant_is_refused(said: str) -> None:
    with pytest.raises(InvalidError):
        asked(PROXY, said)
    assert asked(EVIL, said) == EVIL


def test_two_headers_and_their_twins_are_refused() -> None:
    with pytest.raises(InvalidError):
        asked(PROXY, OFFICE, EVIL)
    for name in ("x_forwarded_for", "x-forwarded_for", "X_Forwarded-For"):
        with pytest.raises(InvalidError):
            asked(PROXY, OFFICE, name=name)


@pytest.mark.parametrize("name", ["forwarded", "x-real-ip", "client-ip", "true-client-ip"])
def test_no_other_header_is_believed(name: str) -> None:
    assert asked(PROXY, OFFICE, name=name) == PROXY


def test_without_trusted_proxies_nothing_is_believed() -> None:
    headers = [(b"x-forwarded-for", b"10.20.0.1")]
    assert str(client_address("127.0.0.1", headers, ())) == "127.0.0.1"


@pytest.mark.parametrize("peer", [None, "", "unix:", "@"])
def test_where_there_is_no_network_there_is_no_address(peer: str | None) -> None:
    assert socket_address(peer) is None
    assert client_address(peer, [(b"x-forwarded-for", b"10.20.0.1")], PROXIES) is None


addresses = st.ip_addresses().map(str)


@given(st.lists(addresses | st.text(max_size=8), max_size=5), addresses)
def test_what_a_client_writes_never_changes_where_it_comes_from(left: list[str], at: str) -> None:
    client = ipaddress.ip_address(at)
    if any(getattr(client, "ipv4_mapped", None) or client in net for net in PROXIES):
        return
    written = [text.replace(",", " ").encode("ascii", "replace").decode() for text in left]
    assert asked(PROXY, ", ".join([*written, at])) == str(
        getattr(client, "ipv4_mapped", None) or client
    )


def test_attempts_of_ipv6_are_counted_by_household() -> None:
    one, two = (ipaddress.ip_address(f"2001:db8:1:2::{end}") for end in ("5", "ffff"))
    assert limit_key(one) == limit_key(two) == "2001:db8:1:2::/64"
    assert limit_key(ipaddress.ip_address("2001:db8:1:3::5")) != limit_key(one)
    assert limit_key(ipaddress.ip_address(OFFICE)) == OFFICE
    assert limit_key(None) == "None"

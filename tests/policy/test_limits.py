"""When a second factor is fresh, and what is in a network: rules 4.4 to 4.6 of docs/access.md."""

from __future__ import annotations

import ipaddress

import pytest

from glasshouse.policy.decide import fresh, in_networks
from glasshouse.policy.roles import parse_network


@pytest.mark.parametrize(
    ("age", "most", "good"),
    [
        (None, None, True),
        (-1, None, True),
        (None, 90, False),
        (0, 90, True),
        (90, 90, True),
        (90.5, 90, False),
        (-0.5, 90, False),
        (0, 0, True),
        (0.5, 0, False),
        (float("nan"), 90, False),
        (float("inf"), 90, False),
    ],
)
def test_a_second_factor_is_fresh(age: float | None, most: float | None, good: bool) -> None:
    assert fresh(age, most) is good


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        (None, None, True),
        ("192.0.2.9", None, True),
        (None, [], False),
        ("192.0.2.9", [], False),
        ("10.0.0.0", ["10.0.0.0/8"], True),
        ("10.255.255.255", ["10.0.0.0/8"], True),
        ("11.0.0.0", ["10.0.0.0/8"], False),
        ("9.255.255.255", ["10.0.0.0/8"], False),
        ("192.0.2.9", ["10.0.0.0/8", "192.0.2.9"], True),
        ("192.0.2.8", ["10.0.0.0/8", "192.0.2.9"], False),
        ("::1", ["127.0.0.0/8"], False),
        ("127.0.0.1", ["::1"], False),
        ("::1", ["127.0.0.0/8", "::1"], True),
        ("::ffff:127.0.0.1", ["127.0.0.0/8"], True),
        ("::ffff:127.0.0.1", ["::/0"], False),
        ("::127.0.0.1", ["127.0.0.0/8"], False),
        ("2001:db8:ffff::1", ["2001:db8::/32"], True),
        ("2001:db9::1", ["2001:db8::/32"], False),
        ("fe80::1%eth0", ["fe80::/10"], True),
    ],
)
def test_an_address_is_in_networks(
    address: str | None, networks: list[str] | None, inside: bool
) -> None:
    where = None if address is None else ipaddress.ip_address(address)
    parsed = None if networks is None else [parse_network(network) for network in networks]
    assert in_networks(where, parsed) is inside

"""Under which names a console answers, so that no other site's page can read it as its own."""

from __future__ import annotations

import pytest

from glasshouse.web.app import create_app
from glasshouse.web.http.hosts import Hosts
from tests.web.fakes import ASSETS, NOW, House, exchange
from tests.web.serving import serving

OWN = ("Jobs-1", "jobs-1.prod.example.com")
ALWAYS = (
    *("localhost", "LOCALHOST:7421", "localhost.", "jobs.localhost:80", "127.0.0.1:7421"),
    *("127.8.9.1", "[::1]", "[::1]:7421", "[::ffff:127.0.0.1]:80", "[0:0:0:0:0:0:0:1]"),
    *("jobs-1", "JOBS-1.:7421", "jobs-1.prod.example.com", "jobs-1.prod.example.com.:80"),
)
BEYOND = ("10.20.3.4:7421", "0.0.0.0:7421", "[2001:db8::7]:7421", "[fe80::1]", "192.0.2.9")
NEVER = (
    *("evil.example", "evil.example:7421", "localhost.evil.example", "jobs-1.evil.example"),
    *("127.0.0.1.evil.example", "evil-localhost", "notlocalhost", "example.com", "jobs-2"),
    *("prod.example.com", "x.jobs-1", "127.1", "2130706433", "0x7f.1", "."),
)


@pytest.mark.parametrize("host", ALWAYS)
def test_names_of_this_machine_and_loopback_are_answered(host: str) -> None:
    assert Hosts(OWN).answers(host)
    assert Hosts(OWN, beyond_loopback=True).answers(host)


@pytest.mark.parametrize("host", BEYOND)
def test_other_addresses_are_answered_where_other_machines_come_in(host: str) -> None:
    assert not Hosts(OWN).answers(host)
    assert Hosts(OWN, beyond_loopback=True).answers(host)


@pytest.mark.parametrize("host", NEVER)
def test_names_that_another_site_may_have_are_not_answered(host: str) -> None:
    assert not Hosts(OWN).answers(host)
    assert not Hosts(OWN, beyond_loopback=True).answers(host)


def test_names_may_be_added_and_one_label_may_stand_for_any() -> None:
    hosts = Hosts(["*.example.com"])
    assert hosts.answers("jobs.example.com:443")
    assert not hosts.answers("a.jobs.example.com")
    assert not hosts.answers("example.com")
    assert hosts.answers("jobs.internal", more=["JOBS.internal"])
    assert hosts.names == ("localhost", "*.example.com")


@pytest.mark.parametrize(
    "target", ["/", "/main", "/healthz", "/readyz", "/api/v1/me", "/static/app-1.js", "/none"]
)
async def test_nothing_is_answered_under_a_foreign_name(target: str) -> None:
    house = House()
    app = create_app(house.monitor, clock=lambda: NOW, assets=ASSETS, hosts=Hosts(OWN))
    async with house.sampled(), serving(app) as port:
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            size = "Content-Length: 0\r\n" if method == "POST" else ""
            head = f"{method} {target} HTTP/1.1\r\n{size}Connection: close\r\nHost: "
            answer = await exchange(port, f"{head}evil.example:{port}\r\n\r\n".encode())
            assert answer.startswith(b"HTTP/1.1 421 "), (method, answer[:100])
            assert method == "HEAD" or b"GLASSHOUSE_HOSTS" in answer
            assert b"jobs-1" not in answer.lower()
            answer = await exchange(port, f"{head}localhost:{port}\r\n\r\n".encode())
            assert not answer.startswith(b"HTTP/1.1 421 "), (method, answer[:100])

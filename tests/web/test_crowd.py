"""Who holds connections: there is room for others, however many somebody leaves waiting."""

from __future__ import annotations

import asyncio

import pytest

from glasshouse.web.http import connections
from glasshouse.web.http.connections import ConnectionPool
from tests.steady import LONG
from tests.web.fakes import House

HEAD = b"POST /sign-in HTTP/1.1\r\nHost: house\r\n"
HALF = {
    "nothing": b"",
    "half a head": HEAD,
    "no body": HEAD + b"Content-Length: 5\r\n\r\n",
    "half a body": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\na",
}
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: house\r\nConnection: close\r\n\r\n"


class One:
    """A connection that notes that it has to go."""

    def __init__(self) -> None:
        self.gone = False

    def give_up(self) -> None:
        self.gone = True


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve in all: nine of an address, and three of it that wait."""
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 12)


def test_of_one_address_the_one_that_waits_longest_goes() -> None:
    some = ConnectionPool()
    ones = [One() for _ in range(7)]
    assert all(some.enter(one, "192.0.2.1") for one in ones)
    assert [one.gone for one in ones] == [*[True] * 4, *[False] * 3]
    assert len(some) == 3


def test_of_one_address_so_many_are_answered_at_once() -> None:
    some = ConnectionPool()
    ones = [One() for _ in range(9)]
    for one in ones:
        assert some.enter(one, "192.0.2.1")
        some.answers(one)
    assert not some.enter(One(), "192.0.2.1")
    others = [One() for _ in range(3)]
    assert all(some.enter(one, "192.0.2.2") for one in others)
    some.waits(ones[-1])
    assert some.enter(One(), "192.0.2.1")
    assert ones[-1].gone


def test_when_all_are_there_the_address_with_the_most_that_wait_makes_room() -> None:
    some = ConnectionPool(lambda address: str(address) == "192.0.2.9")
    few, many = [One(), One()], [One() for _ in range(10)]
    assert all(some.enter(one, "192.0.2.1") for one in few)
    # A trusted proxy has no bound of its own.
    assert all(some.enter(one, "192.0.2.9") for one in many)
    assert not any(one.gone for one in few + many)
    assert some.enter(One(), "2001:db8::1")
    assert [one.gone for one in many] == [True, *[False] * 9]
    assert not any(one.gone for one in few)
    assert len(some) == 12


def test_who_is_answered_is_never_sent_away_for_others() -> None:
    some = ConnectionPool()
    ones = [One() for _ in range(12)]
    for number, one in enumerate(ones):
        assert some.enter(one, f"192.0.2.{number}")
        some.answers(one)
    assert not some.enter(One(), "192.0.2.100")
    some.leave(ones[0])
    assert some.enter(One(), "192.0.2.100")
    assert not any(one.gone for one in ones)


def test_neighbours_of_an_ipv6_household_count_together() -> None:
    some = ConnectionPool()
    ones = [One() for _ in range(4)]
    assert all(some.enter(one, f"2001:db8::{number}") for number, one in enumerate(ones))
    assert ones[0].gone


@pytest.mark.parametrize("name", HALF)
async def test_there_is_room_for_others_however_many_wait(name: str) -> None:
    async with House().served() as port:
        waiting = [
            await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.1", 0))
            for _ in range(4)
        ]
        for _, writer in waiting:
            writer.write(HALF[name])
        for number in range(30):
            pair = await asyncio.open_connection("127.0.0.1", port)
            waiting.append(pair)
            pair[1].write(HALF[name])
            local = ("127.0.0.2" if number % 2 else "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=local)
            writer.write(HEALTH)
            answer = await asyncio.wait_for(reader.read(), LONG)
            assert answer.startswith(b"HTTP/1.1 200 "), (number, answer[:100])
            writer.close()
        for _, writer in waiting:
            writer.close()

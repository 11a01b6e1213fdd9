"""A default port gives way to a free one; a port that was asked for does not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from glasshouse.app.sockets import ListenError, address_of, bind, choose
from glasshouse.settings import Address, Listen


@pytest.fixture
def taken() -> Iterator[Address]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield Address("127.0.0.1", server.getsockname()[1])


def test_a_taken_default_port_is_replaced_with_a_word(
    taken: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    with bind(Listen(taken, asked=False), option="--listen") as bound:
        free = address_of(bound)
    assert free.port != taken.port
    said = capsys.readouterr()
    assert said.out == ""
    assert str(taken.port) in said.err
    assert str(free.port) in said.err


def test_a_taken_port_that_was_asked_for_is_an_error(taken: Address) -> None:
    with pytest.raises(ListenError) as caught:
        bind(Listen(taken, asked=True), option="--faktory")
    assert "--faktory" in caught.value.remedy


def test_an_address_of_another_machine_is_an_error_even_by_default() -> None:
    with pytest.raises(ListenError):
        bind(Listen(Address("192.0.2.1", 0), asked=False), option="--listen")


def test_any_free_port_is_left_to_the_server_that_binds() -> None:
    anywhere = Listen(Address("127.0.0.1", 0), asked=True)
    assert choose(anywhere, option="--listen").port == 0

"""When a sync begins: who is waited for, how long, and who is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from glasshouse.engine.pace import Pace


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def pace(time: Time) -> Pace:
    return Pace(time)


def sync(pace: Pace, time: Time, took: float = 0.0001) -> None:
    assert pace.due()
    pace.begin()
    time.now += took
    pace.end(took)


def closed_loop(pace: Pace, time: Time, clients: int, turns: int) -> None:
    """Let all clients come back at once, each turn."""
    for _ in range(turns):
        for _ in range(clients):
            pace.join(back=True)
        sync(pace, time)


def test_one_alone_never_waits(pace: Pace, time: Time) -> None:
    for _ in range(50):
        assert not pace.due()
        pace.join(back=True)
        sync(pace, time)


def test_those_who_always_come_back_are_waited_for(pace: Pace, time: Time) -> None:
    closed_loop(pace, time, clients=10, turns=40)
    for _ in range(9):
        pace.join(back=True)
        assert not pace.due()
    pace.join(back=True)
    assert pace.due()


def test_for_a_moment_only(pace: Pace, time: Time) -> None:
    closed_loop(pace, time, clients=10, turns=40)
    pace.join(back=True)
    assert not pace.due()
    time.now += 0.0021
    assert pace.due()


def test_those_who_have_gone_are_soon_waited_for_no_more(pace: Pace, time: Time) -> None:
    closed_loop(pace, time, clients=10, turns=40)

    def waits() -> Iterator[bool]:
        while True:
            pace.join(back=True)
            yield not pace.due()
            time.now += 0.0021
            sync(pace, time)

    alone = waits()
    assert [next(alone) for _ in range(10)].count(True) <= 2


def test_many_who_come_and_go_by_chance_are_not_waited_for(pace: Pace, time: Time) -> None:
    for turn in range(400):
        for _ in range(turn % 7 + 1):
            pace.join(back=False)
            assert pace.due() or turn < 1
        sync(pace, time)
        time.now += 0.0001


def test_what_nobody_waits_for_is_synced_when_it_is_asked_for(pace: Pace, time: Time) -> None:
    assert not pace.due()
    pace.force()
    sync(pace, time)
    assert not pace.due()


def test_a_disk_is_swift_until_it_is_slow_once(pace: Pace, time: Time) -> None:
    assert until_swift(pace, time) < 60
    assert until_swift(pace, time) == 0
    pace.join(back=True)
    sync(pace, time, took=0.02)
    assert 10 < until_swift(pace, time) < 60


def until_swift(pace: Pace, time: Time) -> int:
    turns = 0
    while not pace.swift:
        closed_loop(pace, time, clients=1, turns=1)
        turns += 1
    return turns

"""Which release came first is told from what a server calls its own."""

from __future__ import annotations

import pytest

from glasshouse.model.versions import before


@pytest.mark.parametrize("version", ["1.6.0", "1.9.4", "1.9", "0.7.0-1", "1.9.4-beta"])
def test_older_ones_come_before(version: str) -> None:
    assert before(version, 1, 10)


@pytest.mark.parametrize("version", ["1.10.0", "1.10", "1.10.0-beta", "1.11.2", "2.0.0", "", "x"])
def test_others_and_those_that_say_nothing_do_not(version: str) -> None:
    assert not before(version, 1, 10)


def test_the_last_part_counts_too() -> None:
    assert before("1.9.0", 1, 9, 1)
    assert not before("1.9.1", 1, 9, 1)

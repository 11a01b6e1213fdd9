"""The targets themselves, in every run of the tests: on their seeds and on what is near them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds_for_its_seeds(name: str) -> None:
    for seed in (*TARGETS[name].seeds, b""):
        TARGETS[name].check(seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_target_holds_near_its_seeds(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    seed = data.draw(st.sampled_from(target.seeds))
    at = data.draw(st.integers(0, len(seed)))
    put = data.draw(st.binary(max_size=8))
    target.check(seed[:at] + put + seed[at + data.draw(st.integers(0, 8)) :])

from __future__ import annotations

from glasshouse.wire.states import TRANSITIONS, ConnectionState, EventKind


def test_nothing_leaves_closed_and_every_state_but_the_first_is_reached() -> None:
    assert all(state is not ConnectionState.CLOSED for state, _ in TRANSITIONS)
    assert set(TRANSITIONS.values()) == {ConnectionState.OPEN, ConnectionState.CLOSED}


def test_every_kind_of_event_stands_in_the_table() -> None:
    assert {kind for _, kind in TRANSITIONS} == set(EventKind)

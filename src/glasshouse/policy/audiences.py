"""Who sees what, as far as roles determine it: the audiences that an index is kept for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from glasshouse.model.access import Actor, Context
from glasshouse.model.audience import Audience, audience
from glasshouse.policy.roles import Role
from glasshouse.policy.visibility import visibility

MOST = 12


def audiences(
    roles: Mapping[str, Role], anonymous: str | None, server: str
) -> tuple[Audience, ...]:
    """Return the audiences of a server, those of one role before those of two, at most twelve.

    Everyone also has the anonymous role, if there is one. Someone with three roles that
    differ, or beyond the twelve, belongs to none of them.
    """
    unique: dict[Audience, None] = {}
    for held in _held(tuple(roles), anonymous):
        seen = visibility(Actor(roles=held), server, Context(), roles)
        if seen.queues:
            unique[audience(seen.hidden, None if seen.everything else seen.queues)] = None
    return tuple(unique)[:MOST]


def _held(names: tuple[str, ...], anonymous: str | None) -> Iterator[tuple[str, ...]]:
    everybody = () if anonymous is None else (anonymous,)
    yield everybody
    for count in (1, 2):
        for some in combinations(names, count):
            yield tuple(dict.fromkeys((*some, *everybody)))

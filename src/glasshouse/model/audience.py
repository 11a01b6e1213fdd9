"""Viewers who see the same of a server's jobs: which queues, and what is hidden in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from glasshouse.model.redaction import Redaction


class Audience(msgspec.Struct, frozen=True):
    """What distinguishes one audience from another; see ``audience``.

    ``shown`` are globs, ``None`` for every queue.
    """

    hidden: tuple[Redaction, ...] = ()
    shown: tuple[str, ...] | None = None


EVERYTHING = Audience()
"""The viewers who see every job in full."""


def audience(hidden: Iterable[Redaction], shown: Sequence[str] | None) -> Audience:
    """Return the audience from whom this is hidden and to whom these queues are shown."""
    rules = sorted(set(hidden), key=lambda rule: (rule.jobtype, rule.path))
    return Audience(tuple(rules), None if shown is None else tuple(sorted(set(shown))))

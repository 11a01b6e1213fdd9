"""Those who are shown the same of a server's jobs: what is hidden from them, and which queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from glasshouse.model.redaction import Redaction


class Audience(msgspec.Struct, frozen=True):
    """What tells one audience from another; see ``audience``.

    ``shown`` are globs, ``None`` for every queue.
    """

    hidden: tuple[Redaction, ...] = ()
    shown: tuple[str, ...] | None = None


EVERYTHING = Audience()
"""Those who see every job, whole."""


def audience(hidden: Iterable[Redaction], shown: Sequence[str] | None) -> Audience:
    """Return the audience of those from whom this is hidden and to whom these queues are shown."""
    rules = sorted(set(hidden), key=lambda rule: (rule.jobtype, rule.path))
    return Audience(tuple(rules), None if shown is None else tuple(sorted(set(shown))))

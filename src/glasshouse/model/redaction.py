"""A hidden value: where it is in a job."""

from __future__ import annotations

import msgspec

MASK = "•••"
"""The replacement for a hidden value."""


class Redaction(msgspec.Struct, frozen=True):
    """One rule: in jobs whose type is ``jobtype`` (a glob) what ``path`` leads to is hidden.

    The first step of ``path`` is a field of the job. ``*`` in a step stands for any text,
    a step of ``**`` for any number of steps; letters match in either case. What a path
    leads to is hidden with everything in it.
    """

    jobtype: str
    path: tuple[str, ...]

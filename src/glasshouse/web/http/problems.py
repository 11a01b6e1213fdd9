"""What went wrong, as reported to a program: ``application/problem+json`` (RFC 9457)."""

from __future__ import annotations

import http
from typing import NamedTuple

import msgspec

from glasshouse.model.errors import GlasshouseError


class Problem(NamedTuple):
    """What went wrong, for a person and for a program; ``wait`` is seconds before the next try."""

    status: int
    code: str
    detail: str
    remedy: str
    wait: int = 2


class BusyError(GlasshouseError):
    """A limit was reached; a later try may work."""

    code = "too_many"
    remedy = "Close some pages, or try again in a moment."


class ProblemBody(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of ``application/problem+json`` (RFC 9457, ``type`` left at its default)."""

    code: str
    title: str
    status: int
    detail: str
    remedy: str = ""


def encoded(problem: Problem) -> bytes:
    """Return the JSON of a problem."""
    return msgspec.json.encode(
        ProblemBody(
            code=problem.code,
            title=http.HTTPStatus(problem.status).phrase,
            status=problem.status,
            detail=problem.detail,
            remedy=problem.remedy,
        )
    )

"""One thing that ``glasshouse doctor`` tried, and how it stands."""

from __future__ import annotations

import enum

import msgspec

from glasshouse.model.errors import GlasshouseError, UpstreamUnavailableError


class CheckStatus(enum.StrEnum):
    """How a thing stands."""

    FINE = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried: of which server, if of one, and what to do about it."""

    what: str
    mark: CheckStatus
    detail: str
    remedy: str = ""
    server: str = ""


def fine(what: str, detail: str) -> Check:
    """Return that a thing is as it should be."""
    return Check(what=what, mark=CheckStatus.FINE, detail=detail)


def warn(what: str, detail: str, remedy: str) -> Check:
    """Return that a thing works, and what had better be done."""
    return Check(what=what, mark=CheckStatus.WARNING, detail=detail, remedy=remedy)


def wrong(what: str, error: GlasshouseError) -> Check:
    """Return that a thing does not work."""
    # The general words are for who looks at a page.
    general = error.remedy == UpstreamUnavailableError.remedy
    remedy = "Check its address, and that it runs and can be reached." if general else error.remedy
    return Check(what=what, mark=CheckStatus.WRONG, detail=error.detail, remedy=remedy)

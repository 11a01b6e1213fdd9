"""One check of ``glasshouse doctor``, and its status."""

from __future__ import annotations

import enum

import msgspec

from glasshouse.model.errors import GlasshouseError, UpstreamUnavailableError


class CheckStatus(enum.StrEnum):
    """The status of a check."""

    FINE = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: its server, if it concerns one, the finding, and what to do about it."""

    what: str
    mark: CheckStatus
    detail: str
    remedy: str = ""
    server: str = ""


def fine(what: str, detail: str) -> Check:
    """Return a check that found everything as it should be."""
    return Check(what=what, mark=CheckStatus.FINE, detail=detail)


def warn(what: str, detail: str, remedy: str) -> Check:
    """Return a check of something that works, with advice."""
    return Check(what=what, mark=CheckStatus.WARNING, detail=detail, remedy=remedy)


def wrong(what: str, error: GlasshouseError) -> Check:
    """Return a check of something that does not work."""
    # The general wording is for viewers of a page.
    general = error.remedy == UpstreamUnavailableError.remedy
    remedy = "Check its address, and that it runs and can be reached." if general else error.remedy
    return Check(what=what, mark=CheckStatus.WRONG, detail=error.detail, remedy=remedy)

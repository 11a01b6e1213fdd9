"""One thing that ``glasshouse doctor`` tried, and how it stands."""

from __future__ import annotations

import enum
import stat
from pathlib import Path

import msgspec

from glasshouse.model.errors import GlasshouseError, UpstreamUnavailableError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SECRETS = (b"password", b"client_secret =", b"private key", b"sqlite format")


class Mark(enum.StrEnum):
    """How a thing stands."""

    FINE = "ok"
    WARNING = "warning"
    WRONG = "wrong"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried: of which server, if of one, and what to do about it."""

    what: str
    mark: Mark
    detail: str
    remedy: str = ""
    server: str = ""


def fine(what: str, detail: str) -> Check:
    """Return that a thing is as it should be."""
    return Check(what=what, mark=Mark.FINE, detail=detail)


def warn(what: str, detail: str, remedy: str) -> Check:
    """Return that a thing works, and what had better be done."""
    return Check(what=what, mark=Mark.WARNING, detail=detail, remedy=remedy)


def wrong(what: str, error: GlasshouseError) -> Check:
    """Return that a thing does not work."""
    # The general words are for who looks at a page.
    general = error.remedy == UpstreamUnavailableError.remedy
    remedy = "Check its address, and that it runs and can be reached." if general else error.remedy
    return Check(what=what, mark=Mark.WRONG, detail=error.detail, remedy=remedy)


def private(what: str, file: Path) -> Check:
    """Return whether a file that holds secrets can be read by its owner alone."""
    try:
        told = file.read_bytes().lower()
        others = file.stat().st_mode & _OTHERS
    except OSError as error:
        return Check(
            what=what,
            mark=Mark.WRONG,
            detail=f"{file} cannot be read: {error.strerror}",
            remedy="Let this user read it.",
        )
    if others and any(word in told for word in _SECRETS):
        return warn(
            what, f"{file} can be read, and it is not only its owner who can", f"chmod 600 {file}"
        )
    return fine(what, f"{file} can be read")

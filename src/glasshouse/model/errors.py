"""The error tree: each expected failure of Glasshouse is one of these.

An error carries what a person needs: a stable ``code``, a ``detail`` in one
sentence, and a ``remedy`` that says what to do next.  Each shell (web, engine,
cli) converts errors into its own kind of response in exactly one place.
"""

from __future__ import annotations


class GlasshouseError(Exception):
    """Base of every expected failure."""

    code = "error"
    remedy = ""

    def __init__(self, detail: str, *, remedy: str | None = None) -> None:
        """Store ``detail`` (what happened) and ``remedy`` (what to do about it)."""
        super().__init__(detail)
        self.detail = detail
        if remedy is not None:
            self.remedy = remedy


class InvalidError(GlasshouseError):
    """The request cannot be understood; nothing was done."""

    code = "invalid"


class NotFoundError(GlasshouseError):
    """What was requested does not exist (or no longer does)."""

    code = "not_found"


class DeniedError(GlasshouseError):
    """The requester may not see or do this."""

    code = "denied"
    remedy = "Ask somebody who has permission, or sign in as such a user."


class UpstreamUnavailableError(GlasshouseError):
    """The job server cannot be read now."""

    code = "upstream_unavailable"
    remedy = "Check that the job server is running and reachable; the page recovers by itself."


class SettingsError(GlasshouseError):
    """A setting or command-line value is wrong; the process does not start."""

    code = "settings"


class StoreError(GlasshouseError):
    """The data folder or its database cannot be used."""

    code = "store"

"""Whether a running job is near the end of its reservation, or past it."""

from __future__ import annotations

import enum

from glasshouse.model.job import StoredJob

_TENTH = 0.1
_MINUTE = 60.0
_QUARTER = 0.25


class Reservation(enum.StrEnum):
    """The state of a reservation; ``UNKNOWN`` if a server does not report its end."""

    HOLDS = "holds"
    NEAR = "near"
    PAST = "past"
    UNKNOWN = "unknown"


def reservation(job: StoredJob, now: float) -> Reservation:
    """Return the state of a running job's reservation.

    It is near its end when less than a tenth of it, or less than a minute, is
    left; for a short one, when less than a quarter is left.
    """
    if job.expires_at is None:
        return Reservation.UNKNOWN
    left = job.expires_at - now
    if left <= 0:
        return Reservation.PAST
    whole = job.expires_at - (now if job.reserved_at is None else job.reserved_at)
    near = left < max(_TENTH * whole, min(_MINUTE, _QUARTER * whole))
    return Reservation.NEAR if near else Reservation.HOLDS

"""Whether a running job is near the end of its reservation, or past it."""

from __future__ import annotations

import enum

from glasshouse.model.job import StoredJob

_TENTH = 0.1
_MINUTE = 60.0
_QUARTER = 0.25


class Reservation(enum.StrEnum):
    """Where a reservation stands; ``UNKNOWN`` where a server does not tell its end."""

    HOLDS = "holds"
    NEAR = "near"
    PAST = "past"
    UNKNOWN = "unknown"


def reservation(job: StoredJob, now: float) -> Reservation:
    """Return where the reservation of a running job stands.

    It is near its end when less than a tenth of it is left, or less than a
    minute; of a short one, less than a quarter.
    """
    if job.expires_at is None:
        return Reservation.UNKNOWN
    left = job.expires_at - now
    if left <= 0:
        return Reservation.PAST
    whole = job.expires_at - (now if job.reserved_at is None else job.reserved_at)
    near = left < max(_TENTH * whole, min(_MINUTE, _QUARTER * whole))
    return Reservation.NEAR if near else Reservation.HOLDS

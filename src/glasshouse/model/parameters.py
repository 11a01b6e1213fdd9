"""The embedded server's run-time parameters: kept in its store, effective at once, with bounds.

Real Faktory has none that can be changed remotely.  ``BOUNDS`` is the complete
list; pages, the control socket and the documentation are generated from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from glasshouse.model.errors import InvalidError

HOUR, DAY = 3600.0, 86400.0


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """All parameters, with the values of a new store. Times are seconds."""

    dead_lifetime: float = 180 * DAY
    most_connections: int = 2000
    default_retry: int = 25
    due_period: float = 1.0
    reap_period: float = 15.0
    finished_most: int = 100_000
    finished_lifetime: float = 7 * DAY


class Bound(msgspec.Struct, frozen=True):
    """What a parameter is for, its unit (``s`` or nothing) and its range, ends included."""

    meaning: str
    unit: str
    least: float
    most: float


BOUNDS: dict[str, Bound] = {
    "dead_lifetime": Bound("How long a dead job is kept.", "s", HOUR, 3650 * DAY),
    "most_connections": Bound("How many clients may be connected at once.", "", 10, 100_000),
    "default_retry": Bound(
        "Retries of a job that sets no limit; 0 discards it at its first failure, -1 moves "
        "it to the dead set at once.",
        "",
        -1,
        1000,
    ),
    "due_period": Bound(
        "How often the server checks for due scheduled jobs and retries.", "s", 0.1, 60
    ),
    "reap_period": Bound(
        "How often the server checks for expired reservations, silent workers and old dead jobs.",
        "s",
        0.1,
        300,
    ),
    "finished_most": Bound(
        "How many finished executions the log keeps; 0 keeps none.", "", 0, 10_000_000
    ),
    "finished_lifetime": Bound(
        "How long a finished execution stays in the log.", "s", 60, 3650 * DAY
    ),
}


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter as a reader sees it; ``value`` is the current value."""

    name: str
    value: float
    default: float
    bound: Bound


_WHOLE = frozenset({"most_connections", "default_retry", "finished_most"})


def changed(parameters: Parameters, changes: Mapping[str, object]) -> Parameters:
    """Return ``parameters`` with ``changes`` made, all of them or none.

    Raises:
        InvalidError: a name is unknown, or a value is not a number within its bounds.
    """
    values: dict[str, float] = {}
    for name, value in changes.items():
        bound = BOUNDS.get(name)
        if bound is None:
            known = ", ".join(BOUNDS)
            raise InvalidError(
                f"The parameter {name!r} does not exist.", remedy=f"Available: {known}."
            )
        values[name] = _checked(name, value, bound)
    return msgspec.structs.replace(parameters, **values)


def stored_parameters(values: Mapping[str, float]) -> Parameters:
    """Return the parameters of a store; a value that this version refuses becomes the default."""
    parameters = Parameters()
    for name, value in values.items():
        try:
            parameters = changed(parameters, {name: value})
        except InvalidError:
            continue
    return parameters


def listed(parameters: Parameters) -> tuple[Parameter, ...]:
    """Return every parameter with its default and bounds, in the order of ``BOUNDS``."""
    defaults = Parameters()
    return tuple(
        Parameter(
            name=name,
            value=getattr(parameters, name),
            default=getattr(defaults, name),
            bound=bound,
        )
        for name, bound in BOUNDS.items()
    )


def _checked(name: str, value: object, bound: Bound) -> float:
    whole = name in _WHOLE
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or (whole and value != int(value)):  # type: ignore[arg-type, call-overload]
        kind = "a whole number" if whole else "a number"
        raise InvalidError(f"The parameter {name} must be {kind}, not {value!r}.")
    if not bound.least <= value <= bound.most:  # type: ignore[operator]
        least, most = f"{bound.least:g}", f"{bound.most:g} {bound.unit}".rstrip()
        raise InvalidError(
            f"The parameter {name} must be between {least} and {most}, not {value!r}."
        )
    return int(value) if whole else float(value)  # type: ignore[call-overload, arg-type]

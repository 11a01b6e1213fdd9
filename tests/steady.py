"""The product's own bounds of time, wide while it is tested on machines that stand still.

A test tells what is promised, whatever the machine does meanwhile. Where a bound is
what is promised, its test sets it; that it has the value that is documented is told by
``stated``. Programs that tests start as processes of their own keep all of them, and a
bound that is copied when it is imported (a default, a field of a class) is not reached
from here: tests say ``LONG`` there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from glasshouse.engine import run, session
from glasshouse.integrations import ledger_receivers
from glasshouse.monitor import index, list_cache, monitor
from glasshouse.upstream import (
    breaker,
    embedded,
    embedded_db,
    embedded_search,
    faktory_port,
    redis_lists,
    remote_details,
    remote_lists,
)
from glasshouse.web.http import bodies, protocol

LONG = 300.0
"""Seconds for which nothing waits that works."""

_BOUNDS: list[tuple[ModuleType, str]] = [
    (session, "HELLO_WITHIN"),
    (run, "HELLO_WITHIN"),
    (embedded, "_PATIENCE"),
    (embedded_db, "HUNG_AFTER"),
    (monitor, "_FIRST_LOOK"),
    (list_cache, "_SLOW"),
    (breaker, "SILENCE"),
    (remote_details, "PATIENCE"),
    (faktory_port, "_CONNECT"),
    (embedded_search, "SECONDS"),
    (redis_lists, "_SECONDS"),
    (remote_lists, "_SECONDS"),
    (index, "_SECONDS"),
    (ledger_receivers, "_SECONDS"),
    (protocol, "HEAD_SECONDS"),
    (bodies, "BODY_SECONDS"),
]
_STATED = {(module.__name__, name): float(getattr(module, name)) for module, name in _BOUNDS}


def stated(module: ModuleType, name: str) -> float:
    """Return what the product's source says this bound is."""
    return _STATED[module.__name__, name]


def tries(bound: float) -> Iterator[Callable[[float], None]]:
    """Yield what is told how long a try took, until one took less than ``bound`` seconds.

    Raises:
        AssertionError: none of five did. A machine that stands still slows one or two;
            what is slow by itself is so each time.
    """
    took: list[float] = []
    for _ in range(5):
        yield took.append
        if min(took) < bound:
            return
    raise AssertionError(f"{min(took):.2f} s at best, not less than {bound}")


@contextlib.contextmanager
def wide_bounds() -> Iterator[None]:
    """Make all of them wide while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in _BOUNDS:
            patch.setattr(module, name, LONG)
        yield

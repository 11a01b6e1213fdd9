"""Work that is counted: calls of Python's functions, and the steps of SQLite's statements."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections import Counter
from collections.abc import Iterator
from types import FrameType
from typing import Any

import apsw

Work = Counter[str]

_STEPS = ("SQLITE_STMTSTATUS_VM_STEP", "SQLITE_STMTSTATUS_FULLSCAN_STEP", "SQLITE_STMTSTATUS_SORT")


@contextlib.contextmanager
def counted(db: apsw.Connection) -> Iterator[Work]:
    """Count what is done in the block, on this thread and by ``db``."""
    told: Work = Counter()

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if event == "call":
            told[f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}"] += 1
        elif event == "c_call":
            told[getattr(arg, "__qualname__", repr(type(arg)))] += 1

    def traced(event: dict[str, Any]) -> None:
        for name in _STEPS:
            told[name] += event["stmt_status"][name]

    # What tests before this one left would else be cleared away in the midst of it, and counted.
    gc.collect()
    gc.disable()
    db.trace_v2(apsw.SQLITE_TRACE_PROFILE, traced)
    sys.setprofile(profile)
    try:
        yield told
    finally:
        sys.setprofile(None)
        db.trace_v2(0)
        gc.enable()

"""One engine a folder; asking whether one runs keeps none from starting."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import pytest

from glasshouse.engine.lock import FILE, FolderLock, held
from glasshouse.model.errors import StoreError


def test_the_lock_is_held_until_it_is_closed(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    assert held(tmp_path)
    with pytest.raises(StoreError, match="Another engine runs"):
        FolderLock(tmp_path)
    lock.close()
    assert not held(tmp_path)
    FolderLock(tmp_path).close()


def test_one_who_asks_just_then_does_not_keep_an_engine_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FolderLock(tmp_path).close()
    asking = os.open(tmp_path / FILE, os.O_RDONLY)
    fcntl.flock(asking, fcntl.LOCK_SH)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            os.close(asking)

    monkeypatch.setattr(time, "sleep", wait)
    FolderLock(tmp_path).close()
    assert len(waits) == 2

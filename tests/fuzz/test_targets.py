"""Each target under atheris for a while: nothing raises, hangs or grows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .targets import SEEDS, TARGETS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, seconds: int, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, str(seconds), str(corpus)],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
        capture_output=True, text=True, timeout=seconds + 120, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_hold(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)

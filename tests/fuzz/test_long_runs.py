"""Each target, fuzzed by atheris for its share of the time, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .targets import TARGETS

ROOT = Path(__file__).parents[2]
_DONE = re.compile(r"^Done (\d+) runs in (\d+) second", re.MULTILINE)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found(name: str, seconds: int, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    found = tmp_path / "found-"
    options = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.run", name, *options, f"-artifact_prefix={found}",
         "-print_final_stats=1", str(corpus)],
        cwd=ROOT, capture_output=True, text=True, timeout=seconds + 120, check=False,
    )  # fmt: skip
    told = done.stdout[-4000:] + done.stderr[-2000:]
    inputs = [path.read_bytes() for path in tmp_path.glob("found-*")]
    assert done.returncode == 0, f"{told}\nfound: {inputs}"
    runs = _DONE.search(done.stderr)
    assert runs is not None, told
    print(f"\n{name}: {runs[1]} runs in {runs[2]} s")
    assert int(runs[1]) > 100 * seconds

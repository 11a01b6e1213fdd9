"""One target under atheris: ``python -m tests.fuzz.run TARGET SECONDS CORPUS``."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["glasshouse.wire", "glasshouse.engine.journal"]):
    from tests.fuzz.targets import SEEDS, TARGETS

if __name__ == "__main__":
    name, seconds, corpus = sys.argv[1:4]
    for number, seed in enumerate(SEEDS[name]):
        (Path(corpus) / f"seed-{number}").write_bytes(seed)
    # One input may take five seconds and 512 MB; more is a finding.
    flags = [f"-max_total_time={seconds}", "-timeout=5", "-rss_limit_mb=512", "-max_len=8192"]
    atheris.Setup([sys.argv[0], *flags, corpus], TARGETS[name])
    atheris.Fuzz()

"""Fuzz one target: ``python -m tests.fuzz.run NAME [libFuzzer's options] [folders of inputs]``.

Everything of the wire is instrumented; the journal is not, or the fuzzer would learn to
compute its checksums, and forge what no failing disk forges.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["glasshouse.wire"]):
    from .targets import TARGETS

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]].check)
    atheris.Fuzz()

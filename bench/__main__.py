"""Run every benchmark, or those named: ``python -m bench [NAME…]``."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
import time
from pathlib import Path

from bench import (
    beside,
    engine,
    guessing,
    idle,
    lists,
    live,
    masking,
    million,
    operations,
    overview,
    pages,
    search,
    signing_in,
    startup,
    streams,
)

BENCHES = {
    "engine": engine.measure,
    "million": million.measure,
    "idle": idle.measure,
    "pages": pages.measure,
    "live": live.measure,
    "lists": lists.measure,
    "streams": streams.measure,
    "search": search.measure,
    "guessing": guessing.measure,
    "beside": beside.measure,
    "overview": overview.measure,
    "signing_in": signing_in.measure,
    "operations": operations.measure,
    "startup": startup.measure,
    "masking": masking.measure,
}
RESULTS = Path(__file__).parent / "results"


async def main(names: list[str]) -> int:
    """Run ``names`` (all when empty); return how many goals were missed."""
    rows: list[dict[str, object]] = []
    for name in names or BENCHES:
        rows += await BENCHES[name]()
    for row in rows:
        goal = f"   goal {row['goal']}" if "goal" in row else ""
        print(f"{row['name']:<58} {row['value']:>10} {row['unit']}{goal}")
    RESULTS.mkdir(exist_ok=True)
    report = {"at": time.time(), "machine": platform.platform(), "rows": rows}
    (RESULTS / "latest.json").write_text(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

"""The npm client ``faktory-worker`` takes the embedded server for Faktory."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from scripts.node import find_node
from tests.engine.peer import running
from tests.steady import LONG

HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(
    not (HERE / "node_modules/faktory-worker").is_dir(),
    reason="faktory-worker (npm) is not installed: make test installs it",
)


@pytest.mark.parametrize("password", [None, "secret"])
async def test_it_pushes_fetches_acknowledges_and_fails(
    tmp_path: Path, password: str | None
) -> None:
    async with running(tmp_path, password=password) as engine:
        process = await asyncio.create_subprocess_exec(
            str(find_node().binary),
            str(HERE / "worker.mjs"),
            str(engine.port),
            password or "",
            cwd=HERE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), LONG)
        assert process.returncode == 0, err.decode()
        seen = json.loads(out.decode().strip().splitlines()[-1])
    assert sorted(seen["done"], key=len) == [[3], [4], [1, {"deep": [2, "三"]}]]
    assert seen["rejected"] == 0
    assert seen["info"]["sets"] == {"scheduled": 1, "retries": 1, "dead": 0, "working": 0}
    assert (seen["info"]["total_processed"], seen["info"]["total_failures"]) == (4, 1)

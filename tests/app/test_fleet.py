"""Several servers in one console: compared, and none slowed by another that is down."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import httpx

from tests.steady import LONG, tries
from tests.upstream.faktory import StandIn


async def until_read(client: httpx.AsyncClient, name: str) -> None:
    """Wait until the console has read a server."""
    async with asyncio.timeout(LONG):
        while (await client.get(f"/api/v1/servers/{name}/state")).status_code != 200:
            await asyncio.sleep(0.05)


async def looks(client: httpx.AsyncClient) -> float:
    """Look at all servers; return how many seconds that took."""
    began = time.monotonic()
    listed = (await client.get("/api/v1/servers")).json()["items"]
    assert [server["name"] for server in listed] == ["shop", "hung", "spare"]
    page = (await client.get("/")).text
    assert "3 servers" in page
    queues = (await client.get("/api/v1/servers/shop/queues")).json()["items"]
    assert [queue["name"] for queue in queues] == ["mailers"]
    assert (await client.get("/spare/queues")).status_code == 200
    return time.monotonic() - began


async def test_servers_of_a_file_are_compared_and_one_that_hangs_slows_no_other(
    tmp_path: Path,
) -> None:
    async with StandIn().running() as shop, StandIn().running() as hung:
        shop.push("mailers", "mail-1")
        hung.answering.clear()
        (tmp_path / "word").write_text("hush")
        path = tmp_path / "glasshouse.toml"
        path.write_text(
            f'[[servers]]\nname = "shop"\nfaktory = "tcp://127.0.0.1:{shop.command.port}"\n'
            f'web = "http://127.0.0.1:{shop.web.port}"\npassword_file = "word"\n'
            f'[[servers]]\nname = "hung"\nfaktory = "tcp://127.0.0.1:{hung.command.port}"\n'
            f'web = "http://127.0.0.1:{hung.web.port}"\n'
            f'[[servers]]\nname = "spare"\nengine = "{tmp_path / "data"}"\n'
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "glasshouse", "serve", "-c", str(path)),
            *("--listen", "127.0.0.1:0"),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), 60))
        assert ready["servers"]["shop"] == f"tcp://127.0.0.1:{shop.command.port}"
        assert ready["servers"]["spare"].startswith("tcp://127.0.0.1:")
        assert "faktory" not in ready
        try:
            async with httpx.AsyncClient(base_url=ready["console"], timeout=LONG) as client:
                await until_read(client, "shop")
                await until_read(client, "spare")
                for told in tries(4):
                    told(await looks(client))
                # One that was never read has nothing to show, and says so.
                assert (await client.get("/api/v1/servers/hung/state")).status_code == 503
                hung.answering.set()
                await until_read(client, "hung")
                assert (await client.get("/shop/retries")).status_code == 200
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 60)

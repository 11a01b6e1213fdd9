"""A real nginx before a console, on a free port of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.steady import LONG

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="nginx is not installed: make test installs it as root"
)
_CONF = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 1;
{user}
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {server}
  }}
}}
"""


@contextlib.asynccontextmanager
async def nginx(folder: Path, server: str, port: int | None = None) -> AsyncIterator[int]:
    """Run nginx with this ``server`` block; yield its port."""
    assert NGINX is not None
    port = port or free_port()
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103
    conf = folder / "nginx.conf"
    # Started by root its workers would be somebody who cannot read our files.
    user = "user root;" if os.geteuid() == 0 else ""
    conf.write_text(_CONF.format(folder=folder, port=port, server=server, user=user))
    process = await asyncio.create_subprocess_exec(
        NGINX, "-p", str(folder), "-c", str(conf), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await _until_it_listens(process, port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _until_it_listens(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(LONG):
        while True:
            assert process.returncode is None, "nginx has ended"
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return

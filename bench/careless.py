"""An engine that never asks whether anything is on the disk: ``-m bench.careless FOLDER``."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

import uvloop

from glasshouse.engine.disk import Disk, PlainFile
from glasshouse.engine.run import run_engine


class _Careless(PlainFile):
    """A file that is believed to be on the disk without asking."""

    def sync(self) -> None:
        """Do nothing."""


async def _serve(folder: Path) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run_engine(
        data=folder,
        host="127.0.0.1",
        port=0,
        password=None,
        on_ready=lambda _, port: print(json.dumps({"faktory": f":{port}"}), flush=True),
        stop=stop,
        disk=Disk(synchronous="OFF", log=_Careless),
    )


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(Path(sys.argv[1])))

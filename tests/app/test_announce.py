"""The ready line is the contract's; stdout carries nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from glasshouse.app.announce import console_url, faktory_url, ready_line, say, say_error
from glasshouse.model.errors import StoreError
from glasshouse.settings import Address


def test_what_is_not_known_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    ready_line(console="http://localhost:1", faktory=None, logins=[])
    line = capsys.readouterr().out
    assert json.loads(line) == {"event": "ready", "console": "http://localhost:1", "logins": []}
    assert line.count("\n") == 1


def test_people_are_told_on_stderr_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("Hello.")
    say_error(StoreError("It broke.\nBadly.", remedy="Mend it."))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Hello.\nglasshouse: It broke. Badly. Mend it.\n"


def test_addresses_are_urls() -> None:
    assert console_url(Address("127.0.0.1", 7421)) == "http://localhost:7421"
    assert console_url(Address("::1", 7421)) == "http://[::1]:7421"
    assert faktory_url(Address("127.0.0.1", 7419)) == "tcp://127.0.0.1:7419"


LOGGED = """
import asyncio, gc, logging, threading, warnings
import structlog
from glasshouse.app.logs import configure_logs

configure_logs()
log = structlog.get_logger()
log.warning("a job", jid="one\\rtwo\\nthree\\x1b[31m\\u2028four")
try:
    raise ValueError("of ours")
except ValueError:
    log.exception("it failed")
logging.getLogger("uvicorn.error").warning("Cancel %s tasks", 3)
logging.getLogger("aiohttp").info("nobody wants to know")
try:
    raise ValueError("of a library")
except ValueError:
    logging.getLogger("library").exception("In the\\nmidst")
warnings.warn("A warning.")

async def forgotten():
    async def fails():
        raise ValueError("in a task")
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)

asyncio.run(forgotten())
thread = threading.Thread(target=lambda: 1 / 0, name="one")
thread.start()
thread.join()

class Odd:
    def __del__(self):
        raise ValueError("in a finalizer")

Odd()
gc.collect()
"""
TOLD = (
    "a job", "it failed", "of ours", "Cancel 3 tasks", "of a library", "A warning.", "in a task",
    "division by zero", "thread failed", "in a finalizer",
)  # fmt: skip


def test_each_line_of_the_log_begins_with_its_time_whoever_wrote_it() -> None:
    ran = subprocess.run([sys.executable, "-c", LOGGED], capture_output=True, text=True, check=True)
    lines = ran.stderr.splitlines()
    for line in lines:
        assert re.match(r"timestamp=20\d\d-\S+Z level=(warning|error) event=", line), line
    for told in TOLD:
        assert any(told in line for line in lines), told
    assert "nobody wants to know" not in ran.stderr
    assert len(lines) == 9

"""How long a command takes to begin, side by side with another build of the project.

``BESIDE`` names the checkout of the other one, with its ``.venv``; without it only this one is
measured. Each is started several times in turn, and the quickest counts: what disturbs only adds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

TIMES = 5
COMMANDS = {
    "--help": ("--help",),
    "policy explain": (
        *("policy", "explain", "--role", "operator", "--from", "127.0.0.1"),
        *("--operation", "job.retry", "--factor-age", "1m"),
    ),
}
_PROGRAM = """
import os, sys, time
began = time.perf_counter()
quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=quiet)
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - began, usage.ru_maxrss)
sys.exit(status != 0)
"""
GOALS = {"--help": 0.5, "policy explain": 0.5, "serve": 0.6}


async def measure() -> list[dict[str, object]]:
    """Measure each command with each build."""
    pythons = {"this": sys.executable}
    if beside := os.environ.get("BESIDE"):
        pythons["the other"] = str(Path(beside) / ".venv/bin/python")
    rows: list[dict[str, object]] = []
    for name in (*COMMANDS, "serve"):
        least: dict[str, tuple[float, float]] = {}
        for _ in range(TIMES):
            for build, python in pythons.items():
                took = await _serve(python) if name == "serve" else await _run(python, name)
                least[build] = min(least.get(build, took), took)
        rows += _rows(name, least)
    return rows


def _rows(name: str, least: dict[str, tuple[float, float]]) -> list[dict[str, object]]:
    what = "until it is ready" if name == "serve" else "until its end"
    rows: list[dict[str, object]] = []
    for build, (seconds, memory) in least.items():
        rows.append({"name": f"{name}, {build}: {what}", "value": round(seconds, 3), "unit": "s"})
        if memory:
            rows.append({"name": f"{name}, {build}: memory", "value": round(memory), "unit": "MB"})
    if len(least) > 1:
        this, other = least.values()
        ratio = round(this[0] / other[0], 2)
        goal = f"<= {GOALS[name]}"
        rows.append({"name": f"{name}: time", "value": ratio, "unit": "of it", "goal": goal})
        if other[1]:
            ratio = round(this[1] / other[1], 2)
            rows.append({"name": f"{name}: memory", "value": ratio, "unit": "of it", "goal": goal})
    return rows


async def _run(python: str, name: str) -> tuple[float, float]:
    """Run a command; return the seconds it took, and the memory (MB) at its highest."""
    # From a small process: what a child begins with is what its parent has.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-c", _PROGRAM, python, "-m", "glasshouse", *COMMANDS[name]),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    seconds, kilobytes = out.split()
    return float(seconds), int(kilobytes) / 1024


async def _serve(python: str) -> tuple[float, float]:
    """Serve an empty engine's folder; return the seconds until the console answers."""
    with tempfile.TemporaryDirectory() as folder:
        engine = await _started(python, "engine", "--listen", "127.0.0.1:0", "--data", folder)
        began = time.perf_counter()
        console = await _started(
            python, "serve", "--engine", folder, "--listen", "127.0.0.1:0", "--state", folder
        )
        took = time.perf_counter() - began
        for process in (console, engine):
            process.terminate()
            await process.wait()
    return took, 0.0


async def _started(python: str, *arguments: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(python, "-m", "glasshouse", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert (await process.stdout.readline()).startswith(b'{"event": "ready"')
    return process

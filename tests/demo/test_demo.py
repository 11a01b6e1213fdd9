"""The demo end to end: real processes, the ready line, a real push, a clean stop."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from glasshouse.engine.check import check

READY_SECONDS = 60
STOP_SECONDS = 120.0


class Running:
    """A demo that has said it is ready."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.ready = ready

    def get(self, path: str) -> Any:
        """Return the JSON of a page of ``main``."""
        url = f"{self.ready['console']}/api/v1/servers/main/{path}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)

    def faktory(self) -> tuple[socket.socket, IO[bytes]]:
        """Return a connection to the work server that has shaken hands."""
        host, port = self.ready["faktory"].removeprefix("tcp://").rsplit(":", 1)
        connection = socket.create_connection((host, int(port)), timeout=60)
        lines = connection.makefile("rb")
        assert lines.readline().startswith(b"+HI ")
        connection.sendall(b'HELLO {"v":2}\r\n')
        assert lines.readline() == b"+OK\r\n"
        return connection, lines


def start(folder: Path, *more: str) -> Running:
    """Start a demo on free ports and wait for its ready line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "glasshouse", "demo", "--listen", "127.0.0.1:0",
         "--faktory", "127.0.0.1:0", "--data", str(folder), *more],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the demo ended with {process.wait(READY_SECONDS)}"
    process.stdout.close()
    process.stdout = None  # nothing follows the ready line; communicate() must not read it
    return Running(process, json.loads(line))


def children(pid: int) -> list[int]:
    """Return the child processes of ``pid``, from Linux's /proc."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in listed.split()]


def alive(pid: int) -> bool:
    """Tell whether a process exists (and is not a zombie)."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_end(pid: int) -> None:
    """Block until a process that is not our child has ended."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], [], [], STOP_SECONDS)[0], f"process {pid} still runs"
    finally:
        os.close(handle)


@pytest.fixture
def quiet(tmp_path: Path) -> Iterator[Running]:
    running = start(tmp_path / "demo", "--quiet-workload")
    yield running
    running.process.terminate()
    running.process.communicate(timeout=STOP_SECONDS)


def test_the_ready_line_says_where_everything_answers(quiet: Running) -> None:
    assert quiet.ready["event"] == "ready"
    logins = quiet.ready["logins"]
    roles = [("ops", "operator"), ("root", "admin"), ("duty", "admin"), ("auditor", "auditor")]
    assert [(login["name"], login["role"]) for login in logins] == roles
    assert [bool(login.get("totp_secret")) for login in logins] == [True, True, True, False]
    assert len({login["password"] for login in logins}) == 4
    with urllib.request.urlopen(quiet.ready["console"], timeout=60) as page:
        assert page.status == 200


def test_the_quiet_data_set_is_what_the_demo_promises(quiet: Running) -> None:
    queues = {queue["name"]: queue for queue in quiet.get("queues")["items"]}
    assert set(queues) == {"mailers", "images", "payments", "reports", "imports"}
    assert sum(queue["size"] for queue in queues.values()) == 80
    assert [name for name, queue in queues.items() if queue["paused"]] == ["imports"]
    sets = {name: quiet.get(f"sets/{name}/jobs") for name in ("retries", "scheduled", "dead")}
    totals = {name: page["total"] for name, page in sets.items()}
    assert totals == {"retries": 30, "scheduled": 40, "dead": 27}
    # The jobs are held whether or not their holders have connected again by now.
    assert sum(worker["busy"] for worker in quiet.get("workers")["items"]) <= 3


def test_a_pushed_job_is_acknowledged_and_seen(quiet: Running) -> None:
    connection, lines = quiet.faktory()
    with connection:
        connection.sendall(b'PUSH {"jid":"pushed-here-1","jobtype":"Mine","args":[1]}\r\n')
        assert lines.readline() == b"+OK\r\n"
    assert quiet.get("jobs/pushed-here-1")["items"][0]["jobtype"] == "Mine"


def test_sigterm_ends_the_demo_and_its_children_in_time(tmp_path: Path) -> None:
    left: list[int] = []
    for attempt in range(3):
        running = start(tmp_path / f"demo-{attempt}", "--quiet-workload", "--jobs", "5")
        pids = children(running.process.pid)
        assert len(pids) == 2
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(STOP_SECONDS) == 0
        left = [pid for pid in pids if alive(pid)]
        for pid in pids:
            wait_for_end(pid)
        if not left:
            break  # else the machine stood still for longer than a demo waits for its children
    assert not left


def test_a_killed_demo_leaves_no_children(tmp_path: Path) -> None:
    running = start(tmp_path / "demo", "--quiet-workload", "--jobs", "5")
    pids = children(running.process.pid)
    running.process.kill()
    running.process.wait(STOP_SECONDS)
    for pid in pids:
        wait_for_end(pid)


def test_the_folder_of_a_demo_is_sound(tmp_path: Path) -> None:
    running = start(tmp_path / "demo", "--quiet-workload", "--jobs", "5")
    assert check(tmp_path / "demo").problems == []
    running.process.terminate()
    assert running.process.wait(STOP_SECONDS) == 0
    assert check(tmp_path / "demo").problems == []


def test_a_second_quiet_demo_shows_the_same_and_a_running_one_is_not_disturbed(
    tmp_path: Path,
) -> None:
    seen = []
    for _ in range(2):
        running = start(tmp_path / "demo", "--quiet-workload", "--jobs", "30")
        jobs = running.get("queues/mailers/jobs")["items"]
        seen.append([(job["jid"], job["args"]) for job in jobs])
        other = subprocess.run(
            [sys.executable, "-m", "glasshouse", "demo", "--listen", "127.0.0.1:0",
             "--data", str(tmp_path / "demo")],
            capture_output=True, text=True, timeout=STOP_SECONDS, check=False,
        )  # fmt: skip
        assert (other.returncode, other.stdout) == (1, "")
        assert "already" in other.stderr
        running.process.terminate()
        assert running.process.wait(STOP_SECONDS) == 0
    assert seen[0] == seen[1]
    assert (tmp_path / "demo").stat().st_mode & 0o777 == 0o700

"""``engine check`` and ``engine backup`` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

from glasshouse.engine import schema
from tests.engine.folders import fill, tamper

from .test_entry import run


async def test_a_sound_folder_exits_0_and_says_so(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    done = run("engine", "check", "data", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 enqueued, 1 scheduled, 1 retries, 1 dead, 1 working; queues: 2" in done.stdout
    assert done.stdout.endswith("All is well.\n")


async def test_what_is_wrong_exits_1_with_what_to_do(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    tamper(tmp_path / "data", "UPDATE queue SET size = 40")
    done = run("engine", "check", "data", home=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert "- Queue 'default' says 40 jobs and has 1." in done.stdout
    assert done.stdout.count("What to do: No job is lost") == 1
    assert done.stdout.endswith("Something is wrong.\n")
    told = json.loads(run("engine", "check", "--json", "data", home=tmp_path).stdout)
    assert [problem["kind"] for problem in told["problems"]] == ["queue", "queue"]
    assert told["jobs"]["enqueued"] == 2


def test_a_folder_that_is_none_exits_1_with_one_line(tmp_path: Path) -> None:
    for command in (["check", "none"], ["backup", "none", "copy.db"]):
        done = run("engine", *command, home=tmp_path)
        assert (done.returncode, done.stdout) == (1, "")
        assert len(done.stderr.splitlines()) == 1
        assert "glasshouse engine --data" in done.stderr


async def test_a_backup_says_what_is_in_it_and_how_to_restore_it(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    done = run("engine", "backup", "data", "copy.db", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 enqueued" in done.stdout
    assert schema.FILE in done.stdout
    again = run("engine", "backup", "data", "copy.db", home=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    forced = run("engine", "backup", "data", "copy.db", "--force", "--json", home=tmp_path)
    assert json.loads(forced.stdout)["jobs"]["dead"] == 1

"""The commands as a shell sees them: exit codes, one sentence on stderr, help with examples."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from glasshouse.cli.entry import COMMANDS, build

from .command import glasshouse


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command with its state under ``home``."""
    return glasshouse(*arguments, env=os.environ | {"XDG_STATE_HOME": str(home)}, folder=home)


def test_version_is_printed_also_by_a_python_that_has_read_nothing_before(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "glasshouse", "--version"]
    apart = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    done = run("--version", home=tmp_path)
    for one in (apart, done):
        assert (one.returncode, one.stdout.split()[0]) == (0, "glasshouse")


def test_the_list_of_commands_is_the_same_whichever_of_them_are_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = []
    for line in (build(), build(()), *(build((name,)) for name in COMMANDS)):
        typer.main.get_command(line).main(["--help"], "glasshouse", standalone_mode=False)
        told.append(capsys.readouterr().out)
    assert "Look after the local accounts." in told[0]
    assert "workload" not in told[0]
    commands = [sorted(text.partition("Commands:")[2].splitlines()) for text in told]
    assert commands == [commands[0]] * len(told)


@pytest.mark.parametrize("arguments", [["--help"], ["policy", "explain", "--help"]])
def test_what_only_tells_something_imports_nothing_that_serves(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom glasshouse.cli import main\ntry:\n    main()\nfinally:\n"
        "    print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Usage: glasshouse" in done.stdout
    heavy = {"structlog", "sqlalchemy", "starlette", "uvicorn", "apsw", "minijinja", "asyncio"}
    assert heavy & {*done.stderr.split()} == set()


@pytest.mark.parametrize("command", ["demo", "engine", "engine check", "engine backup", "serve"])
def test_each_command_has_help_with_examples(command: str, tmp_path: Path) -> None:
    done = run(*command.split(), "--help", home=tmp_path)
    assert done.returncode == 0
    assert f"  glasshouse {command}" in done.stdout.split("Examples:")[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve"], ["Name the server to look at", "--engine DIR", "--server URL"]),
        (["serve", "--engine", "x", "--server", "tcp://h"], ["one, and not more"]),
        (["serve", "--web", "http://h:7420", "--engine", "x"], ["there is no --server"]),
        (["serve", "--server", "redis://:hush@h:6379"], ["no address of a Faktory", "tcp://"]),
        (["engine", "--listen", "0.0.0.0:0"], ["without a password", "--password-file"]),
        (["demo", "--faktory", "0.0.0.0:0"], ["other machines", "127.0.0.1"]),
        (["engine", "--listen", "nonsense"], ["HOST:PORT"]),
        (["engine", "--password", "a", "--password-file", "b"], ["Give one"]),
        (["engine", "--password-file", "/nonexistent"], ["cannot be read"]),
        (["demo", "--jobs", "-1"], ["--jobs", "--help"]),
        (["demo", "--nonsense"], ["--nonsense", "--help"]),
        (["nonsense"], ["nonsense", "--help"]),
        (["engine", "nonsense"], ["nonsense", "glasshouse engine --help"]),
        (["engine", "check"], ["DIR", "glasshouse engine check --help"]),
        (["engine", "backup", "x"], ["FILE", "glasshouse engine backup --help"]),
        (["engine", "--data", "x", "check", "x"], ["--data", "engine check"]),
        (["engine", "--password", "", "backup", "x", "y"], ["--password", "engine backup"]),
    ],
)
def test_wrong_usage_exits_2_with_one_line_that_helps(
    arguments: list[str], words: list[str], tmp_path: Path
) -> None:
    done = run(*arguments, home=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert all(word in done.stderr for word in words), done.stderr


def test_nothing_at_all_shows_the_help_and_exits_2(tmp_path: Path) -> None:
    done = run(home=tmp_path)
    assert done.returncode == 2
    assert "Usage: glasshouse" in done.stderr


@pytest.mark.parametrize(
    "command", [["demo", "--listen"], ["demo", "--faktory"], ["engine", "--listen"]]
)
def test_a_port_that_was_asked_for_and_is_taken_is_an_error(
    command: list[str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(*command, address, home=tmp_path)
    assert done.returncode == 1
    assert f"{address} is taken" in done.stderr
    assert command[1] in done.stderr


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("mine")
    done = run("demo", "--listen", "127.0.0.1:0", "--data", "mine", home=tmp_path)
    assert done.returncode == 1
    assert "not the demo's" in done.stderr
    assert (tmp_path / "mine" / "file").read_text() == "mine"

"""``glasshouse policy``: whether the rules have a meaning, and what one decision comes to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .test_entry import run

BASE = ("policy", "explain", "--role")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("operator --from 127.0.0.1 --operation job.retry --factor-age 5m", 0, "allowed"),
        ("operator --from 10.20.9.9 --operation job.retry --factor-age 10m", 0, "operator"),
        ("operator --from ::1 --operation job.kill --factor-age 1s", 0, "A reason must be given"),
        ("operator --from 127.0.0.1 --operation job.retry", 4, "second factor"),
        ("operator --from 127.0.0.1 --operation job.retry --factor-age 11m", 4, "factor_age"),
        ("operator --from 203.0.113.9 --operation job.retry --factor-age 5m", 3, "networks"),
        ("operator --from 127.0.0.1 --operation queue.clear --factor-age 5m", 3, "operator.allow"),
        ("viewer --from 127.0.0.1 --operation job.retry", 3, "Not allowed for role viewer"),
        ("admin --from 127.0.0.1 --operation queue.clear --factor-age 5m --queue q", 5, "second"),
        ("admin --from 127.0.0.1 --operation queue.clear --factor-age 5m --approved", 0, "allowed"),
        ("admin --from 127.0.0.1 --operation server.flush --factor-age 5m", 5, "switched off on"),
        ("nobody --from 127.0.0.1 --operation job.retry", 2, "The roles are"),
        ("admin --from 127.0.0.1 --operation job.explode", 2, "The operations are"),
        ("admin --from office --operation job.retry", 2, "no address"),
        ("admin --from 127.0.0.1 --operation job.retry --factor-age 5", 2, "no" ),
        ("admin --from 127.0.0.1 --operation job.retry --server other", 2, "no server"),
    ],
)  # fmt: skip
def test_the_exit_code_is_the_decision(tmp_path: Path, line: str, code: int, said: str) -> None:
    done = run(*BASE, *line.split(), home=tmp_path)
    assert done.returncode == code, done
    assert said in done.stdout + done.stderr


def test_it_is_told_in_json_too(tmp_path: Path) -> None:
    done = run(
        *BASE,
        *["operator", "--from", "1.2.3.4", "--operation", "job.retry", "--json"],
        home=tmp_path,
    )
    assert json.loads(done.stdout) == {
        "outcome": "deny",
        "why": "other_network",
        "role": "operator",
        "rule": "roles.operator.networks",
        "detail": "Only from these networks: 127.0.0.0/8, ::1/128, 10.20.0.0/16.",
        "reason_needed": False,
    }


def test_what_is_switched_off_is_told_beside_what_the_roles_say(tmp_path: Path) -> None:
    path = tmp_path / "glasshouse.toml"
    line = [*BASE, "admin", "--from", "127.0.0.1", "--operation", "server.flush", "--factor-age"]
    for switch, off in (("", True), ("flush = true", None)):
        path.write_text(f'[[servers]]\nname = "shop"\nengine = "data"\n{switch}\n')
        done = run(*line, "5m", "--json", "-c", str(path), home=tmp_path)
        assert done.returncode == 5
        assert json.loads(done.stdout).get("switched_off") is off


SETTINGS = """
[[servers]]
name = "shop"
faktory = "tcp://127.0.0.1:7419"
[roles.night]
inherits = "operator"
queues = ["mail*"]
factor_age = "none"
[members]
"oidc-group:platform" = "night"
"""


def test_a_settings_file_is_checked_and_explained(tmp_path: Path) -> None:
    path = tmp_path / "glasshouse.toml"
    path.write_text(SETTINGS)
    done = run("policy", "check", "-c", str(path), home=tmp_path)
    assert done.returncode == 0
    assert "night:\n" in done.stdout
    assert "queues: mail*" in done.stdout
    assert "oidc-group:platform is night" in done.stdout
    told = json.loads(run("policy", "check", "-c", str(path), "--json", home=tmp_path).stdout)
    assert told["roles"]["night"]["factor_age"] == "none"
    line = ["night", "--from", "127.0.0.1", "--operation", "queue.pause", "--queue"]
    assert run(*BASE, *line, "mailers", "-c", str(path), home=tmp_path).returncode == 0
    assert run(*BASE, *line, "fax", "-c", str(path), home=tmp_path).returncode == 3
    path.write_text(SETTINGS + '"oidc:x" = "gone"\n')
    done = run("policy", "check", "-c", str(path), home=tmp_path)
    assert done.returncode == 2
    assert "which is none" in done.stderr

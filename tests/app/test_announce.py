"""The ready line is the contract's; stdout carries nothing else."""

from __future__ import annotations

import json

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

"""``glasshouse engine`` knows its password as Faktory does: from the environment too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.process import COMMAND, process


@pytest.mark.parametrize("kind", ["the word itself", "the path of a file", "an option wins"])
async def test_the_password_of_the_environment_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = tmp_path / "word"
    file.write_text(" open sesame\n")
    word = {"the path of a file": str(file), "an option wins": "another"}.get(kind, "open sesame")
    monkeypatch.setenv("FAKTORY_PASSWORD", word)
    command = list(COMMAND)
    if kind == "an option wins":
        file.write_text("open sesame\n")
        command[-1:-1] = ["--password-file", str(file)]
    async with process(tmp_path / "data", tmp_path / "log", command) as engine:
        engine.password = "open sesame"
        peer = await engine.peer()
        await peer.push("job-00001")
        stranger = await engine.raw()
        await stranger.reply()
        assert await stranger.ask('HELLO {"v":2}') == "-ERR Invalid password"
        assert "sesame" not in engine.told()

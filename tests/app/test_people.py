"""What is wrong with who may sign in is said when the console starts, not at the first sign-in."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from glasshouse.app.people import people_of
from glasshouse.settings.file import read_settings


@pytest.mark.parametrize("kind", ["missing", "folder", "large"])
def test_a_password_file_that_cannot_be_read_is_told_at_the_start(
    tmp_path: Path, kind: str
) -> None:
    file, config = tmp_path / "htpasswd", tmp_path / "glasshouse.toml"
    if kind == "folder":
        file.mkdir()
    if kind == "large":
        file.write_bytes(b"#" * (4 << 20) + b"#")
    config.write_text(
        '[[servers]]\nname = "main"\nengine = "data"\n[identity]\nhtpasswd = "htpasswd"\n'
    )
    settings = read_settings(config, environ={}, state=tmp_path / "state")
    with capture_logs() as logs:
        people = people_of(settings)
    assert people is not None
    people.tools.close()
    (told,) = (entry for entry in logs if entry["log_level"] == "warning")
    assert told["event"] == "the password file cannot be read"
    assert (told["path"], bool(told["why"])) == (str(file), True)
    assert "nobody signs in with it" in told["remedy"]

"""Settings are parsed once and every wrong value says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from glasshouse.model.errors import SettingsError
from glasshouse.settings import (
    CONSOLE,
    Address,
    Secret,
    parse_address,
    parse_faktory,
    parse_listen,
    parse_redis,
    read_password,
    require_password_beyond_loopback,
    state_folder,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:7421", Address("127.0.0.1", 7421)),
        ("localhost:0", Address("127.0.0.1", 0)),
        ("[::1]:7419", Address("::1", 7419)),
        ("0.0.0.0:65535", Address("0.0.0.0", 65535)),
    ],
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert parse_address(text, option="--listen") == address


@pytest.mark.parametrize(
    "text",
    ["", "7421", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "1.2.3.4:65536", "1.2.3.4:-1",
     "jobs.example:80", "::1:7419", "1.2.3.4:７", ":7421", "127.0.0.1: 80"],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_address(text, option="--listen")
    assert "--listen" in caught.value.detail
    assert "HOST:PORT" in caught.value.remedy


def test_an_address_that_was_left_out_is_the_default_and_not_asked_for() -> None:
    assert parse_listen(None, CONSOLE, option="--listen").address == CONSOLE
    assert not parse_listen(None, CONSOLE, option="--listen").asked
    assert parse_listen("127.0.0.1:7421", CONSOLE, option="--listen").asked


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5"])
def test_beyond_loopback_a_password_is_required(host: str) -> None:
    with pytest.raises(SettingsError):
        require_password_beyond_loopback(Address(host, 1), None, option="--listen", remedy="-")
    require_password_beyond_loopback(Address(host, 1), b"x", option="--listen", remedy="-")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1"])
def test_on_loopback_no_password_is_required(host: str) -> None:
    require_password_beyond_loopback(Address(host, 1), None, option="--listen", remedy="-")


def test_a_password_file_loses_only_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b" s\xffcret \r\n")
    assert read_password(None, file) == b" s\xffcret "
    assert read_password("word", None) == b"word"
    assert read_password(None, None) is None


def test_an_unusable_password_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_bytes(b"\n")
    for password, file in [("", None), (None, empty), (None, tmp_path / "none"), ("a", empty)]:
        with pytest.raises(SettingsError):
            read_password(password, file)


@pytest.mark.parametrize(
    ("told", "password"),
    [(None, None), ("", None), ("word", b"word"), ("a/b", b"a/b"), (" word ", b" word ")],
)
def test_the_environment_has_a_password_for_who_is_given_no_other(
    tmp_path: Path, told: str | None, password: bytes | None
) -> None:
    environ = {} if told is None else {"FAKTORY_PASSWORD": told}
    assert read_password(None, None, environ) == password
    assert read_password("other", None, environ) == b"other"
    file = tmp_path / "password"
    file.write_bytes(b"of the file\n")
    assert read_password(None, file, environ) == b"of the file"


def test_the_environment_may_name_a_file_with_the_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    environ = {"FAKTORY_PASSWORD": str(file)}
    with pytest.raises(SettingsError, match="cannot be read"):
        read_password(None, None, environ)
    file.write_bytes(b"\n")
    with pytest.raises(SettingsError, match="is empty"):
        read_password(None, None, environ)
    file.write_bytes(b" word \n")
    assert read_password(None, None, environ) == b"word"


def test_state_lies_where_xdg_says_and_never_in_a_relative_place() -> None:
    assert state_folder({"XDG_STATE_HOME": "/x", "HOME": "/h"}) == Path("/x/glasshouse")
    assert state_folder({"HOME": "/h"}) == Path("/h/.local/state/glasshouse")
    assert state_folder({"XDG_STATE_HOME": "rel", "HOME": "/h"}) == Path(
        "/h/.local/state/glasshouse"
    )
    with pytest.raises(SettingsError):
        state_folder({"XDG_STATE_HOME": "rel"})


def test_a_faktory_is_read_and_its_password_is_in_nothing_that_is_printed() -> None:
    made = parse_faktory("tcp://:hush%20hush@faktory", "http://faktory:7420/jobs/")
    assert (made.host, made.port, made.tls, made.url) == (
        "faktory", 7419, False, "tcp://faktory:7419",
    )  # fmt: skip
    assert made.web == "http://faktory:7420/jobs"
    assert made.password is not None
    assert made.password.reveal() == "hush hush"
    assert made.web_password is made.password
    assert "hush" not in repr(made)
    assert "hush" not in str(Secret("hush"))


def test_a_web_ui_may_have_a_password_of_its_own_and_both_may_speak_tls() -> None:
    made = parse_faktory("tcp+tls://:one@[::1]:17419", "https://user:two@[::1]:8443")
    assert (made.tls, made.url) == (True, "tcp+tls://[::1]:17419")
    assert made.web == "https://[::1]:8443"
    assert made.password is not None
    assert made.web_password is not None
    assert (made.password.reveal(), made.web_password.reveal()) == ("one", "two")


@pytest.mark.parametrize(
    "server",
    ["", "faktory:7419", "http://:hush@h", "tcp://", "tcp://:hush@", "tcp://h:0", "tcp://h:x",
     "tcp://:hush@h:99999", "tcp://:hush@h:1/2", "tcp://h?a"],
)  # fmt: skip
def test_what_is_no_faktory_is_refused_without_repeating_it(server: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_faktory(server, None)
    assert "tcp://" in caught.value.remedy
    assert "hush" not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"


@pytest.mark.parametrize("web", ["", "faktory:7420", "tcp://:hush@h", "http://:hush@h:x"])
def test_what_is_no_web_ui_is_refused_without_repeating_it(web: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_faktory("tcp://h", web)
    assert "hush" not in f"{caught.value} {caught.value.remedy}"


def test_a_redis_is_a_socket_or_an_address() -> None:
    assert parse_redis("unix:///var/lib/faktory/db/redis.sock").path == Path(
        "/var/lib/faktory/db/redis.sock"
    )
    made = parse_redis("rediss://looker:hush%20hush@[::1]:6380/0")
    assert (made.host, made.port, made.tls, made.user) == ("::1", 6380, True, "looker")
    assert made.password is not None
    assert made.password.reveal() == "hush hush"
    assert "hush" not in repr(made)
    assert parse_redis("redis://faktory").port == 6379
    assert parse_faktory("tcp://h", None, "redis://faktory").redis == parse_redis("redis://faktory")


@pytest.mark.parametrize(
    "redis",
    ["", "faktory:6379", "unix://", "unix:hush", "redis://:hush@", "redis://:hush@h:x",
     "redis://:hush@h/1", "redis://:hush@h?db=1"],
)  # fmt: skip
def test_what_is_no_redis_is_refused_without_repeating_it(redis: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_redis(redis)
    assert "redis" in caught.value.remedy
    assert "hush" not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"

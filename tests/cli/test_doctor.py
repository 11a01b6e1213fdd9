"""``glasshouse doctor`` finds what is wrong, says what to do, and tells no password."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from glasshouse.app.ledger import sign
from glasshouse.ledger.record import Event, Record
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from tests.upstream.faktory import StandIn

from .command import glasshouse
from .forgeries import cut

SECRET = "hush-hush"


@pytest.fixture
async def faktory() -> AsyncIterator[StandIn]:
    async with StandIn().running() as made:
        made.push("mailers", "mail-1")
        yield made


async def run(*arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(glasshouse, "doctor", *arguments)
    text = done.stdout + done.stderr
    assert SECRET not in text
    return done.returncode, text


def named(faktory: StandIn) -> list[str]:
    return [
        "--server", f"tcp://:{SECRET}@127.0.0.1:{faktory.command.port}",
        "--web", f"http://127.0.0.1:{faktory.web.port}", "--listen", "127.0.0.1:0",
    ]  # fmt: skip


async def examined(faktory: StandIn, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, text = await run(*named(faktory), "--json", *more)
    return code, {check["what"]: check for check in map(json.loads, text.splitlines())}


async def test_what_is_as_it_should_be_is_said_to_be(faktory: StandIn) -> None:
    code, text = await run(*named(faktory))
    assert code == 0
    assert "main: Web UI: http://127.0.0.1" in text
    assert "wrong" not in text


async def test_it_tells_the_names_of_the_console_and_misses_the_proxys(
    faktory: StandIn, tmp_path: Path
) -> None:
    _, checks = await examined(faktory)
    assert checks["names"]["mark"] == "ok"
    assert "it answers as localhost" in checks["names"]["detail"]
    file = tmp_path / "glasshouse.toml"
    server = f'[[servers]]\nname = "main"\nfaktory = "tcp://127.0.0.1:{faktory.command.port}"\n'
    for hosts, mark in (("", "warning"), ('hosts = ["jobs.internal"]', "ok")):
        file.write_text(f'[console]\ntrusted_proxies = ["10.0.0.5/32"]\n{hosts}\n{server}')
        _, text = await run("-c", str(file), "--listen", "127.0.0.1:0", "--json")
        told = {check["what"]: check for check in map(json.loads, text.splitlines())}["names"]
        assert told["mark"] == mark
        assert not hosts or "jobs.internal" in told["detail"]


async def test_a_wrong_password_is_found_and_the_rest_is_tried_all_the_same(
    faktory: StandIn,
) -> None:
    faktory.refusing = True
    code, checks = await examined(faktory)
    assert code == 1
    assert checks["command port"]["mark"] == "wrong"
    assert "password" in checks["command port"]["remedy"]
    assert checks["Web UI"]["mark"] == "ok"


async def test_a_page_that_cannot_be_read_is_named(faktory: StandIn) -> None:
    faktory.spoiled = "/retries"
    code, checks = await examined(faktory)
    assert code == 1
    assert "/retries of Faktory 1.10.0" in checks["Web UI"]["detail"]


async def test_a_clock_and_a_version_that_are_off_are_warnings(faktory: StandIn) -> None:
    faktory.clock = lambda: time.time() - 3600
    faktory.version = "2.0.0"
    code, checks = await examined(faktory)
    assert code == 0
    assert "behind" in checks["clock"]["detail"]
    assert "knows 1.6 to 1.10" in checks["version"]["detail"]
    faktory.version = "1.9.1"
    _, checks = await examined(faktory)
    assert "how long queues wait" in checks["version"]["detail"]


async def test_what_is_not_there_is_said_with_what_to_do(faktory: StandIn, tmp_path: Path) -> None:
    code, checks = await examined(faktory, "--redis", f"unix://{tmp_path}/none.sock")
    assert code == 1
    assert "is not there" in checks["Redis"]["detail"]
    assert "--redis" in checks["Redis"]["remedy"]
    faktory.gone = True
    code, checks = await examined(faktory)
    assert code == 1
    assert {checks[what]["mark"] for what in ("command port", "Web UI")} == {"wrong"}


async def test_every_server_of_a_file_is_tried_and_open_files_are_found(
    faktory: StandIn, tmp_path: Path
) -> None:
    path = tmp_path / "glasshouse.toml"
    path.write_text(
        f'# password\n[[servers]]\nname = "shop"\nfaktory = "{named(faktory)[1]}"\n'
        f'[[servers]]\nname = "spare"\nengine = "{tmp_path / "data"}"\n'
    )
    path.chmod(0o644)
    code, text = await run("-c", str(path), "--listen", "127.0.0.1:0")
    assert code == 0
    assert f"chmod 600 {path}" in text
    assert "shop: Web UI: it is not named" in text
    assert "the console starts one" in text


async def test_a_file_that_is_wrong_is_wrong_usage(tmp_path: Path) -> None:
    path = tmp_path / "glasshouse.toml"
    path.write_text("nonsense")
    assert (await run("-c", str(path)))[0] == 2
    code, text = await run()
    assert code == 2
    assert "Name the server" in text


async def test_those_who_may_come_in_are_looked_at(
    faktory: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, file = tmp_path / "glasshouse.toml", tmp_path / "htpasswd"
    file.write_text("ops:plain\ndev:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
    config.write_text(
        f'[[servers]]\nname = "main"\nfaktory = "tcp://:{SECRET}@127.0.0.1:{faktory.command.port}"\n'
        '[console]\nlisten = "127.0.0.1:0"\npublic_url = "http://localhost"\n'
        '[identity]\nhtpasswd = "htpasswd"\n'
        '[identity.oidc]\nissuer = "http://127.0.0.1:1"\nclient_id = "x"\n'
    )
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    code, text = await run("-c", str(config), "--json")
    assert code == 1
    told = [json.loads(line) for line in text.splitlines()]
    named = {(check["what"], check["mark"]): check for check in told}
    assert "none yet" in named["accounts", "ok"]["detail"]
    assert named["password file", "ok"]["detail"] == "1 names"
    problems = [
        c["detail"] for c in told if c["what"] == "password file" and c["mark"] == "warning"
    ]
    assert len(problems) == 2
    assert "plain" not in str(problems)
    assert "cannot be reached" in named["identity provider", "wrong"]["detail"]


async def test_what_the_witness_of_the_ledger_lacks_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    config, state = tmp_path / "glasshouse.toml", tmp_path / "glasshouse"
    config.write_text(f'[[servers]]\nname = "main"\nengine = "{tmp_path / "data"}"\n')
    file = state / "ledger.witness"

    async def witness() -> list[str]:
        _, text = await run("-c", str(config), "--listen", "127.0.0.1:0", "--json")
        told = (json.loads(line) for line in text.splitlines())
        return [f"{c['mark']}: {c['detail']}" for c in told if c["what"] == "witness"]

    assert await witness() == []
    database = Database(sqlite_url(state))
    assert await witness() == ["ok: none yet; it is begun when the console starts"]
    sign(database, state)
    assert await witness() == ["ok: it bears out the ledger up to record 1"]
    whole = file.read_bytes()
    database.call(ledger.append, Record(event=Event.SETTINGS, at=1.0))
    sign(database, state)
    file.write_bytes(whole + b"{")
    damaged, behind = await witness()
    assert damaged.startswith("warning: 1 lines of")
    assert behind == f"warning: {file} ends at record 1, and checkpoints at 2."
    sign(database, state)
    file.rename(state / "moved")
    assert await witness() == [f"warning: {file} was lost."]
    (state / "moved").rename(file)
    database.call(cut(1))
    database.close()
    assert await witness() == ["wrong: The ledger ends before record 2, which the witness knows."]

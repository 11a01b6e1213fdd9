"""``glasshouse doctor`` changes nothing, and sees who may read and write what a console keeps."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from tests.integrations.issuer import Issuer

from .command import glasshouse

SECRET = "hush-hush"
SERVER = '[[servers]]\nname = "main"\nengine = "data"\n'


class Console:
    """A console's settings and state in a folder, with nothing running."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.state = folder, folder / "state"
        self.config = folder / "glasshouse.toml"
        self.settings(SERVER)

    def settings(self, text: str) -> None:
        """Write the settings, for their owner alone."""
        self.config.touch(0o600)
        self.config.write_text(f'{text}[console]\nlisten = "127.0.0.1:0"\n')

    def file(self, name: str, text: str, mode: int) -> Path:
        """Write a file beside the settings."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    async def examined(self, *more: str) -> tuple[int, list[dict[str, Any]]]:
        """Return the exit code of the doctor, and what it said."""
        options = ("-c", str(self.config), "--state", str(self.state), "--json", *more)
        done = await asyncio.to_thread(glasshouse, "doctor", *options)
        assert SECRET not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]

    async def said(self, *more: str) -> list[str]:
        """Return what is not as it should be, and what to do about it."""
        _, checks = await self.examined(*more)
        return [f"{c['mark']}: {c['detail']} {c['remedy']}" for c in checks if c["mark"] != "ok"]


@pytest.fixture
def console(tmp_path: Path) -> Console:
    return Console(tmp_path)


def seen(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return everything below a folder: contents, modes and times."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        held = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (held, status.st_mode, status.st_mtime_ns)
    return found


def kept(console: Console) -> None:
    """Make a database, as a console has it that ran."""
    Database(sqlite_url(console.state)).close()


@pytest.mark.parametrize("where", ["", 'database = "sqlite:///{folder}/elsewhere/console.db"\n'])
async def test_nothing_is_made_where_nothing_is(
    console: Console, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(console.folder))
    console.settings(SERVER)
    with console.config.open("a") as file:
        file.write(where.format(folder=console.folder))
    before = seen(console.folder)
    code, checks = await console.examined()
    assert code == 0
    assert any("none yet" in check["detail"] for check in checks)
    assert seen(console.folder) == before


async def test_nothing_is_changed_where_something_is(console: Console) -> None:
    kept(console)
    before = seen(console.folder)
    code, checks = await console.examined()
    assert code == 0
    assert any(check["detail"] == "0 accounts" for check in checks)
    assert seen(console.folder) == before


async def test_a_folder_that_is_named_is_looked_at_without_settings_too(console: Console) -> None:
    kept(console)
    console.state.chmod(0o777)
    options = ("--engine", str(console.folder / "data"), "--state", str(console.state))
    done = await asyncio.to_thread(glasshouse, "doctor", *options, "--listen", "127.0.0.1:0")
    assert done.returncode == 1
    assert f"chmod 700 {console.state}" in done.stdout
    assert "0 accounts" in done.stdout
    assert not (console.folder / "data").exists()


async def test_a_state_folder_that_everybody_may_write_is_wrong(console: Console) -> None:
    kept(console)
    assert await console.said() == []
    for mode, mark in ((0o777, "wrong"), (0o770, "warning"), (0o755, None)):
        console.state.chmod(mode)
        said = await console.said()
        assert [line.partition(":")[0] for line in said] == ([] if mark is None else [mark])
        assert all(f"chmod 700 {console.state}" in line for line in said)


@pytest.mark.parametrize("name", ["console.db", "ledger.key", "ledger.witness", "ledger.keys"])
async def test_a_file_of_the_state_that_others_may_read_or_write_is_told(
    console: Console, name: str
) -> None:
    kept(console)
    path = console.state / name
    if name != "console.db":
        path.write_text("ab" * 32 + "\n" if "key" in name else "")
    for mode in (0o604, 0o602):
        path.chmod(mode)
        told = any(f"chmod 600 {path}" in line for line in await console.said())
        public = name in {"ledger.witness", "ledger.keys"}
        if mode == 0o604 or not public:
            assert told is not public
        else:
            assert any(f"chmod o-w {path}" in line for line in await console.said())


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("password_file", SECRET),
        ("faktory_file", f"tcp://:{SECRET}@127.0.0.1:1"),
        ("web_file", f"http://:{SECRET}@127.0.0.1:1"),
        ("redis_file", f"redis://u:{SECRET}@127.0.0.1:1"),
    ],
)
async def test_a_file_with_a_secret_of_a_server_is_its_owners_alone(
    console: Console, setting: str, text: str
) -> None:
    address = "" if setting == "faktory_file" else 'faktory = "tcp://127.0.0.1:1"\n'
    console.settings(f'[[servers]]\nname = "main"\n{address}{setting} = "word"\n')
    path = console.file("word", text, 0o644)
    assert any(f"servers.main.{setting}: everybody" in line for line in await console.said())
    path.chmod(0o600)
    assert not any(str(path) in line for line in await console.said())
    path.chmod(0o606)
    code, checks = await console.examined()
    assert code == 1
    assert any(c["mark"] == "wrong" and f"can write to {path}" in c["detail"] for c in checks)


async def test_files_with_other_secrets_are_their_owners_alone_too(console: Console) -> None:
    console.settings(
        f'{SERVER}[identity]\nhtpasswd = "people"\n[identity.oidc]\nissuer = "http://127.0.0.1:1"\n'
        'client_id = "x"\nclient_secret_file = "oidc"\n'
        '[ledger]\nsinks = ["database", "https://127.0.0.1:1/x"]\ntoken_file = "token"\n'
    )
    for name in ("people", "oidc", "token"):
        console.file(name, "ops:x\n" if name == "people" else SECRET, 0o644)
    said = await console.said()
    for name in ("people", "oidc", "token"):
        assert [line for line in said if f"chmod 600 {console.folder / name}" in line], name


FAKTORY = '[[servers]]\nname = "a"\nfaktory = "tcp://{}127.0.0.1:1"\n'
PROVIDER = '[identity.oidc]\nissuer = "http://127.0.0.1:1"\nclient_id = "x"\n'
WORD = f":{SECRET}@"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (FAKTORY.format(WORD), "servers.a.faktory"),
        (FAKTORY.format("") + f'web = "http://{WORD}127.0.0.1:1"\n', "servers.a.web"),
        (SERVER + PROVIDER + f'client_secret = "{SECRET}"\n', "identity.oidc.client_secret"),
    ],
)
async def test_settings_that_hold_a_secret_are_their_owners_alone(
    console: Console, text: str, name: str
) -> None:
    console.settings(text)
    assert not any("glasshouse.toml" in line for line in await console.said())
    console.config.chmod(0o644)
    (said,) = (line for line in await console.said() if "glasshouse.toml" in line)
    assert said.startswith(f"warning: everybody on this machine can read {console.config}.")
    assert name in said
    assert f"chmod 600 {console.config}" in said


async def test_settings_without_a_secret_may_be_read_and_not_written(console: Console) -> None:
    console.config.chmod(0o644)
    assert await console.said() == []
    console.config.chmod(0o646)
    (said,) = await console.said()
    assert said.startswith(f"wrong: everybody on this machine can write to {console.config}")


async def test_a_folder_in_which_others_put_what_they_like_is_told(console: Console) -> None:
    console.folder.chmod(0o777)
    said = await console.said()
    assert [line for line in said if f"chmod o-w {console.folder}" in line]
    # As in /tmp: others may not replace what is not theirs.
    console.folder.chmod(0o1777)
    assert await console.said() == []


async def test_a_folder_of_a_work_server_is_looked_into(console: Console) -> None:
    data = console.folder / "data"
    data.mkdir(0o700)
    console.file("data/engine.db", "x", 0o640)
    said = await console.said()
    assert [line for line in said if f"chmod 600 {data / 'engine.db'}" in line]
    (data / "engine.db").unlink()
    assert await console.said() == []
    # As engine check says of it.
    data.chmod(0o755)
    assert await console.said() == [
        f"warning: others than its owner can look into {data}. chmod 700 {data}"
    ]


def _none(folder: Path) -> str:
    return str(folder / "none" / "at" / "all")


def _file(folder: Path) -> str:
    (folder / "file").write_text("")
    return str(folder / "file")


def _below_a_file(folder: Path) -> str:
    return _file(folder) + "/below"


@pytest.mark.parametrize(
    ("place", "said"),
    [(_file, "is no folder"), (_below_a_file, "cannot be made"), (_none, None)],
)
@pytest.mark.parametrize("which", ["state", "data"])
async def test_a_folder_that_cannot_be_says_why(
    console: Console, which: str, place: Callable[[Path], str], said: str | None
) -> None:
    where = place(console.folder)
    if which == "state":
        console.state = Path(where)
    else:
        console.settings(SERVER.replace("data", where))
    code, checks = await console.examined()
    assert code == (0 if said is None else 1)
    wrong = [check["detail"] for check in checks if check["mark"] == "wrong"]
    assert all(said is not None and said in detail for detail in wrong), wrong
    assert (said is None) == (not wrong)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from glasshouse.app.doctor_files import file_check, folder_check
os.setgroups([]), os.setgid(65534), os.setuid(65534)
for check in (folder_check("", Path(sys.argv[1])), file_check("", Path(sys.argv[1]), secret=True)):
    print(check.mark, check.detail, check.remedy)
"""


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that other users may enter."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_reasons_are_those_of_the_user_who_asks(shared: Path) -> None:
    """What this user may not make, enter or read is told as that, and not as somebody else's."""
    closed, read, mine = shared / "closed", shared / "read", shared / "mine"
    for folder, mode in ((closed, 0o700), (read, 0o755), (mine, 0o500)):
        folder.mkdir(mode)
        folder.chmod(mode)
    os.chown(mine, 65534, 65534)
    secret = shared / "secret"
    secret.touch(0o600)

    def asked(path: Path) -> str:
        command = [sys.executable, "-c", _AS_NOBODY, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert asked(closed / "in" / "it").count(f"may not enter {closed}") == 2
    assert "belongs to root" in asked(closed)
    assert f"may not make it in {read}" in asked(read / "new")
    assert "mode 500 forbids" in asked(mine)
    assert "cannot be read by this user; it belongs to root" in asked(secret)
    assert f"{read / 'some'} is not there" in asked(read / "some" / "file")


async def test_a_public_address_without_tls_is_told(console: Console) -> None:
    console.settings(SERVER)
    for url, told in (
        ("http://jobs.example.com", True),
        ("https://jobs.example.com", False),
        ("http://localhost", False),
        ("http://127.0.0.1:7421", False),
    ):
        console.settings(SERVER)
        with console.config.open("a") as file:
            file.write(f'public_url = "{url}"\n')
        said = [line for line in await console.said() if "can be read on the way" in line]
        assert bool(said) is told, url
        assert all(url in line and "https://" in line for line in said)


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with Issuer().running() as made:
        yield made


async def test_what_a_provider_gives_is_told_of_it_and_of_those_who_signed_in(
    console: Console, issuer: Issuer
) -> None:
    console.settings(
        f'{SERVER}[identity.oidc]\nissuer = "{issuer.url}"\nclient_id = "x"\n'
        'groups_claim = "realm_access.roles"\n'
    )
    with console.config.open("a") as file:
        file.write('public_url = "http://localhost"\n')

    async def provider() -> list[str]:
        _, checks = await console.examined()
        return [f"{c['mark']}: {c['detail']}" for c in checks if c["what"] == "identity provider"][
            1:
        ]

    assert await provider() == []
    issuer.discovery = {
        "scopes_supported": ["openid", "profile", "email"],
        "claims_supported": ["sub", "preferred_username"],
    }
    assert await provider() == [
        "warning: it does not say that it knows the scope groups.",
        "warning: it does not say that it gives the claim realm_access.roles.",
    ]
    issuer.discovery = {"claims_supported": ["realm_access", "preferred_username"]}
    issuer.odd_keys = [{"kty": "AKP"}, {"kty": "EC", "crv": "brainpoolP256r1"}]
    assert await provider() == ["ok: 1 of the 3 keys that it publishes can be used"]
    issuer.odd_keys = []
    assert await provider() == []
    known, issuer.known = issuer.known, []
    (said,) = await provider()
    assert said.startswith("wrong: ")
    issuer.known = known
    database = Database(sqlite_url(console.state))

    def came(claims: str) -> None:
        who, detail = Subject(name="oidc:jane"), {"by": "identity provider", "claims": claims}
        record = Record(event=Event.SIGNED_IN, at=time.time(), who=who, detail=detail)
        database.call(ledger.append, record)

    came("all")
    good = "ok: the last 1 who signed in came with "
    assert await provider() == [good + "preferred_username", good + "realm_access.roles"]
    came("realm_access.roles of another form")
    assert await provider() == [
        "ok: the last 2 who signed in came with preferred_username",
        "warning: of the last 2 who signed in, 1 came with realm_access.roles of another form.",
    ]
    database.close()

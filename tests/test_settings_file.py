"""The settings file is read strictly, tells where it is wrong, and repeats no secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from glasshouse.model.errors import SettingsError
from glasshouse.settings import FAKTORY, Address, ClientSettings, Listen, TlsFiles
from glasshouse.settings.console import ConsoleSettings
from glasshouse.settings.file import (
    ServerOptions,
    _Console,
    _Ledger,
    _Server,
    read_settings,
    settings_of,
)

SHOP = '[[servers]]\nname = "shop"\nfaktory = "tcp://faktory"\n'
SPARE = '[[servers]]\nname = "a"\nengine = "x"\n'
DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> ConsoleSettings:
    path = folder / "glasshouse.toml"
    path.write_text(text)
    return read_settings(path, environ=environ or {})


def test_servers_are_read_in_their_order_with_secrets_from_files(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hush\n")
    (tmp_path / "address").write_text("tcp://:hush2@billing:7500\n")
    made = read(
        tmp_path,
        '[console]\nlisten = "127.0.0.1:8000"\n' + SHOP + 'web = "http://faktory:7420"\n'
        'password_file = "word"\n[[servers]]\nname = "billing"\nfaktory_file = "address"\n'
        'redis = "unix:///redis.sock"\n'
        '[[servers]]\nname = "spare"\nengine = "data"\nflush = true\n',
    )
    assert made.listen.address.port == 8000
    assert [server.name for server in made.servers] == ["shop", "billing", "spare"]
    shop, billing, spare = made.servers
    assert shop.faktory is not None
    assert shop.faktory.password is not None
    assert shop.faktory.web_password is not None
    assert shop.faktory.password.reveal() == shop.faktory.web_password.reveal() == "hush"
    assert billing.faktory is not None
    assert billing.faktory.port == 7500
    assert billing.faktory.redis is not None
    assert spare.engine == tmp_path / "data"
    assert made.access.rules.flushable == {"spare"}
    assert "hush" not in repr(made)


def test_an_embedded_server_says_how_its_clients_reach_it(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hush\n")
    spare = '[[servers]]\nname = "spare"\nengine = "data"\n'
    given = 'listen = "0.0.0.0:7500"\npassword_file = "word"\ntls_cert = "c"\ntls_key = "k"\n'
    [server] = read(tmp_path, spare + given).servers
    clients = server.clients
    assert clients.listen == Listen(Address("0.0.0.0", 7500), asked=True)
    assert clients.password_file == tmp_path / "word"
    assert clients.tls == TlsFiles(tmp_path / "c", tmp_path / "k")
    [server] = read(tmp_path, spare).servers
    assert server.clients == ClientSettings(listen=Listen(FAKTORY, asked=False))


def test_beyond_loopback_the_password_may_be_that_of_the_environment(tmp_path: Path) -> None:
    text = '[[servers]]\nname = "spare"\nengine = "data"\nlisten = "0.0.0.0:1"\n'
    with pytest.raises(SettingsError, match="reachable from other machines"):
        read(tmp_path, text)
    assert read(tmp_path, text, {"FAKTORY_PASSWORD": "hush"}).servers[0].clients.listen.asked


def test_places_of_the_ledger_are_read_with_their_token(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hush\n")
    text = (
        "[ledger]\ntoken_file = 'word'\nsinks = ['database', 'file:audit.jsonl', 'syslog', "
        "'syslog:/run/log', 'https://logs.example.com/in', 'http://127.0.0.1:9/']\n"
    )
    made = read(tmp_path, text + SHOP)
    assert [(sink.kind, sink.target) for sink in made.sinks] == [
        ("file", str(tmp_path / "audit.jsonl")),
        ("syslog", "/dev/log"),
        ("syslog", "/run/log"),
        ("http", "https://logs.example.com/in"),
        ("http", "http://127.0.0.1:9/"),
    ]
    assert [sink.token is not None for sink in made.sinks] == [False, False, False, True, True]
    assert "hush" not in repr(made)
    again = read(tmp_path, text + SHOP)
    assert again.sinks == made.sinks
    (tmp_path / "word").write_text("hush hush\n")
    assert read(tmp_path, text + SHOP).sinks != made.sinks
    assert read(tmp_path, "[ledger]\nsinks = ['database']\n" + SHOP).sinks == ()
    with pytest.raises(SettingsError, match="there is none"):
        read(tmp_path, "[ledger]\ntoken_file = 'word'\n" + SHOP)


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    text = '[console]\nlisten = "127.0.0.1:1"\n' + SHOP
    environ = {"GLASSHOUSE_LISTEN": "127.0.0.1:2"}
    assert read(tmp_path, text).listen.address.port == 1
    assert read(tmp_path, text, environ).listen.address.port == 2
    path = tmp_path / "glasshouse.toml"
    made = read_settings(path, listen="127.0.0.1:3", environ=environ)
    assert made.listen.address.port == 3


def test_names_of_the_console_stand_in_the_file_or_in_the_environment(tmp_path: Path) -> None:
    text = '[console]\nhosts = ["Jobs.internal.", "jobs.internal", "10.0.0.7"]\n' + SHOP
    environ = {"GLASSHOUSE_HOSTS": "jobs, board.internal"}
    assert read(tmp_path, text).hosts == ("jobs.internal", "10.0.0.7")
    assert read(tmp_path, text, environ).hosts == ("jobs", "board.internal")
    named = ServerOptions(server="tcp://127.0.0.1:7419")
    assert settings_of(None, named, listen=None, environ={}).hosts == ()
    made = settings_of(None, named, listen=None, environ=environ)
    assert made.hosts == ("jobs", "board.internal")
    with pytest.raises(SettingsError, match="GLASSHOUSE_HOSTS has 'http://jobs'"):
        settings_of(None, named, listen=None, environ={"GLASSHOUSE_HOSTS": "http://jobs"})


WRONG = {
    "": "names no server",
    "servers = 3": "Expected `array`",
    "[console": "is not TOML",
    "[console]\nlistn = 1\n" + SHOP: "there is no setting `listn`",
    "[console]\nlisten = 1\n" + SHOP: "Expected `str",
    '[console]\nlisten = "nowhere"\n' + SHOP: "is not an address",
    "[roles.viewer]\nsee = 3\n" + SHOP: "Expected `array",
    "[roles.x]\nallow = ['job.explode']\n" + SHOP: "no operation",
    "[roles.x]\npower = true\n" + SHOP: "there is no setting `power`",
    "[members]\nops = 'admin'\n" + SHOP: "who vouches",
    "[identity]\nanonymous = 'gone'\n" + SHOP: "no role",
    "[identity.proxy]\nheader = 'Cookie'\nnetworks = ['::1']\n" + SHOP: "cannot be used",
    "[identity.proxy]\nheader = 'X-User'\nnetworks = []\n" + SHOP: "never be believed",
    "[identity.oidc]\nissuer = 'x'\nclient_id = 'y'\nalgorithms = ['none']\n" + SHOP: "'none'",
    "[console]\nhosts = ['*']\n" + SHOP: "no name of a host",
    "[console]\nhosts = ['jobs:80']\n" + SHOP: "no name of a host",
    "[console]\npublic_url = 'jobs'\n" + SHOP: "not the address of a site",
    "[console]\ntrusted_proxies = ['office']\n" + SHOP: "not a network",
    "[ledger]\nsinks = []\n" + SHOP: "leaves out the database",
    "[ledger]\nsinks = ['syslog']\n" + SHOP: "leaves out the database",
    "[ledger]\nsinks = ['database', 'syslog', 'syslog']\n" + SHOP: "a place twice",
    "[ledger]\nsinks = ['database', 'file:a', 'file:./a']\n" + SHOP: "a place twice",
    "[ledger]\nsinks = ['database', 'syslog', 'syslog:/dev/log']\n" + SHOP: "a place twice",
    "[ledger]\nsinks = ['database', 'file:a.j', 'file:a.checkpoints.j']\n" + SHOP: "twice",
    "[ledger]\nsinks = ['database', 'ftp://hush']\n" + SHOP: "'ftp', which is no place",
    "[ledger]\nsinks = ['database', 'http://h/hush']\n" + SHOP: "'http', which is no place",
    "[ledger]\nsinks = ['database', 'https://me:hush@h/']\n" + SHOP: "is no place",
    "[ledger]\nsinks = ['database', 'https://h:x/hush']\n" + SHOP: "is no place",
    "[ledger]\nsinks = ['database', 'https://h..hush/']\n" + SHOP: "is no place",
    "[ledger]\nsinks = ['database', 'file:']\n" + SHOP: "'file', which is no place",
    "[ledger]\ntoken_file = 'empty'\n" + SHOP: "is empty",
    SHOP + SHOP: "two servers have the name 'shop'",
    SHOP.replace("shop", "Shop"): "cannot be the name",
    SHOP.replace("shop", "api"): "cannot be the name",
    SHOP.replace('"shop"', '""'): "cannot be the name",
    SHOP + 'passwort = "hush"\n': "there is no setting `passwort`",
    SHOP + 'engine = "x"\n': "either faktory or engine",
    '[[servers]]\nname = "a"\n': "either faktory or engine",
    '[[servers]]\nname = "a"\nengine = "x"\nweb = "http://h"\n': "is an embedded server",
    SHOP + 'faktory_file = "x"\n': "both faktory and faktory_file",
    SHOP + 'password_file = "missing"\n': "cannot be read",
    SPARE + 'redis = "unix:///r"\n': "is an embedded server",
    SPARE + 'listen = "spare"\n': "server 'a': listen 'spare' is not an address",
    SPARE + 'listen = "0.0.0.0:1"\n': "reachable from other machines",
    SPARE + 'password_file = "missing"\n': "cannot be read",
    SPARE + 'password_file = "empty"\n': "is empty",
    SPARE + 'tls_cert = "c"\n': "needs both tls_cert and tls_key",
    SPARE + 'tls_key = "k"\n': "needs both tls_cert and tls_key",
    SHOP + 'listen = "127.0.0.1:1"\n': "listen, tls_cert and tls_key are an embedded server's",
    SHOP + 'tls_cert = "c"\n': "are an embedded server's",
    SHOP + "flush = true\n": "only an embedded server can be flushed",
    SHOP + 'password_file = "empty"\n': "is empty",
    SHOP.replace("tcp://faktory", "http://:hush@faktory"): "no address of a Faktory",
    SHOP + 'web = "ftp://:hush@faktory"\n': "no address of a Faktory",
    SHOP + 'redis = "redis://:hush@h/3"\n': "something after its port",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_place_and_without_secrets(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(SettingsError, match=re.escape(WRONG[text])) as caught:
        read(tmp_path, text)
    told = f"{caught.value.detail} {caught.value.remedy}"
    assert "glasshouse.toml" in told
    assert caught.value.remedy
    assert "hush" not in told


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "none.toml", environ={})


def test_every_setting_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for section in (_Console, _Server, _Ledger):
        for name in section.__struct_fields__:
            assert f"`{name}`" in text, name

"""The engine that a console starts is reached as the settings say."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from glasshouse.app.attach import attached, started
from glasshouse.app.child import ChildError
from glasshouse.settings import Address, ClientSettings, Listen, TlsFiles
from tests.engine.certificate import client_context, needs_openssl, server_context
from tests.engine.peer import Running, running
from tests.ports import free_port


def at(port: int) -> Listen:
    return Listen(Address("127.0.0.1", port), asked=True)


def port_of(url: str | None) -> int:
    assert url is not None
    return int(url.rpartition(":")[2])


async def asks_for(password: str | None, url: str | None, trust: ssl.SSLContext | None) -> None:
    """Push a job with the password, and see that nobody comes in without."""
    engine = Running(Path(), port_of(url), password, trust)
    try:
        peer = await engine.peer()
        await peer.push("job-00001")
        stranger = await engine.raw()
        await stranger.reply()
        answer = await stranger.ask('HELLO {"v":2}')
        assert answer == ("+OK" if password is None else "-ERR Invalid password")
    finally:
        await engine.close()


@needs_openssl
async def test_address_password_and_tls_are_those_of_the_settings(tmp_path: Path) -> None:
    server_context(tmp_path)
    (tmp_path / "word").write_text("open sesame\n")
    port = free_port()
    clients = ClientSettings(
        listen=at(port),
        password_file=tmp_path / "word",
        tls=TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem"),
    )
    async with attached(tmp_path / "data", clients) as url:
        assert url == f"tcp+tls://127.0.0.1:{port}"
        await asks_for("open sesame", url, client_context(tmp_path))


async def test_an_address_that_is_taken_is_an_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path / "other") as other:
        with pytest.raises(ChildError):
            async with attached(tmp_path / "data", ClientSettings(listen=at(other.port))):
                pass
    assert str(other.port) in capfd.readouterr().err


async def test_the_password_of_the_environment_counts_for_who_has_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKTORY_PASSWORD", "of the environment")
    (tmp_path / "word").write_text("of the file")
    async with attached(tmp_path / "one", ClientSettings(listen=at(0))) as url:
        await asks_for("of the environment", url, None)
    clients = ClientSettings(listen=at(0), password_file=tmp_path / "word")
    async with attached(tmp_path / "two", clients) as url:
        await asks_for("of the file", url, None)
    # The demo's own workers know none.
    async with started(tmp_path / "three", at(0)) as url:
        await asks_for(None, url, None)


async def test_one_that_runs_elsewhere_already_is_attached_to_and_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path) as engine:
        for clients, told in (
            (ClientSettings(), False),
            (ClientSettings(listen=at(engine.port)), False),
            (ClientSettings(listen=at(free_port())), True),
        ):
            async with attached(tmp_path, clients) as url:
                assert url == f"tcp://127.0.0.1:{engine.port}"
            assert ("runs already" in capfd.readouterr().err) is told

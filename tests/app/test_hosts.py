"""The names of this machine."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from glasshouse.app import hosts
from glasshouse.app.hosts import hosts_of, names_in
from glasshouse.model.errors import SettingsError
from glasshouse.settings import Address, TlsFiles
from tests.engine.certificate import needs_openssl, server_context

LOOPBACK, EVERYWHERE = Address("127.0.0.1", 7421), Address("::", 7421)


def test_the_full_name_counts_where_other_machines_come_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Jobs-1")
    monkeypatch.setattr(socket, "getfqdn", lambda: "jobs-1.prod.example.com")
    assert hosts_of(LOOPBACK).names == ("localhost", "jobs-1")
    assert hosts_of(EVERYWHERE).names == ("localhost", "jobs-1", "jobs-1.prod.example.com")
    assert hosts_of(LOOPBACK, added=["jobs"]).answers("jobs")


def test_names_that_are_not_told_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()

    def never() -> str:
        hung.wait()
        return "late.example.com"

    monkeypatch.setattr(hosts, "_PATIENCE", 0.01)
    monkeypatch.setattr(socket, "gethostname", lambda: "jobs-1")
    monkeypatch.setattr(socket, "getfqdn", never)
    try:
        assert hosts_of(EVERYWHERE).names == ("localhost", "jobs-1")
    finally:
        hung.set()


@needs_openssl
def test_a_certificate_tells_its_names(tmp_path: Path) -> None:
    server_context(tmp_path)
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert set(names_in(files)) <= set(hosts_of(LOOPBACK, files).names) | {"localhost"}
    files.cert.write_text("none")
    with pytest.raises(SettingsError, match="cannot be read"):
        names_in(files)

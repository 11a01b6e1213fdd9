"""The names of this machine."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from glasshouse.app import hosts
from glasshouse.app.hosts import hosts_of, names_in
from glasshouse.model.errors import SettingsError
from glasshouse.settings import Address, TlsFiles

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


def certificate(*names: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now)
    if names:
        told = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        made = made.add_extension(told, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_a_certificate_tells_its_names(tmp_path: Path) -> None:
    files = TlsFiles(tmp_path / "cert.pem", tmp_path / "key.pem")
    files.cert.write_bytes(certificate())
    assert names_in(files) == ()
    files.cert.write_bytes(certificate("jobs.example.com", "*.board.example.com"))
    assert names_in(files) == ("jobs.example.com", "*.board.example.com")
    made = hosts_of(LOOPBACK, files)
    assert made.answers("jobs.example.com:443")
    assert made.answers("a.board.example.com")
    assert not made.answers("somebody")
    files.cert.write_text("none")
    with pytest.raises(SettingsError, match="cannot be read"):
        names_in(files)

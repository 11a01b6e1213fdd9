"""``glasshouse engine --tls-cert --tls-key``: only TLS is spoken, and nobody holds it up."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from glasshouse.app.attach import attached
from glasshouse.app.tls import server_context
from glasshouse.settings import TlsFiles
from tests.engine.process import GLASSHOUSE, patient
from tests.steady import LONG, tries

from .test_entry import run

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="needs the openssl command")


def _openssl(*arguments: str, at: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=at, check=True, capture_output=True)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate, its key, another key, an encrypted one, and junk."""
    at = tmp_path_factory.mktemp("pems")
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", at=at,
    )  # fmt: skip
    _openssl("genrsa", "-out", "other.pem", "2048", at=at)
    _openssl("pkey", "-in", "key.pem", "-aes256", "-passout", "pass:x", "-out", "locked.pem", at=at)
    (at / "junk.pem").write_text("no such thing")
    return at


PATIENT = patient("run.HELLO_WITHIN", "session.HELLO_WITHIN")
"""One that waits an hour for who has connected."""


class Engine:
    """An engine process that speaks TLS."""

    def __init__(
        self, data: Path, pems: Path, *more: str, program: Sequence[str] = GLASSHOUSE
    ) -> None:
        self.data, self.errors = data, data.with_suffix(".log").open("w+")
        self.process = subprocess.Popen(
            [*program, "engine", "--data", str(data), "--listen",
             "127.0.0.1:0", "--tls-cert", str(pems / "cert.pem"), "--tls-key",
             str(pems / "key.pem"), *more],
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.process.stdout.close()
        self.port = int(self.ready["faktory"].rpartition(":")[2])
        self.trust = ssl.create_default_context(cafile=pems / "cert.pem")

    def plain(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def connect(self, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        return (context or self.trust).wrap_socket(self.plain(), server_hostname="127.0.0.1")

    def stop(self) -> str:
        """End it and return what it wrote to stderr."""
        self.process.terminate()
        assert self.process.wait(LONG) == 0
        self.errors.seek(0)
        text = self.errors.read()
        self.errors.close()
        return text


@pytest.fixture
def engine(tmp_path: Path, pems: Path) -> Iterator[Engine]:
    made = Engine(tmp_path / "data", pems)
    yield made
    if made.process.poll() is None:
        made.stop()


def _until_closed(connection: socket.socket) -> tuple[bytes, float]:
    """Return all that comes until the other side closes, and how long that took."""
    start, got = time.monotonic(), b""
    with connection:
        try:
            while data := connection.recv(4096):
                got += data
        except ConnectionResetError:
            pass
    return got, time.monotonic() - start


def test_a_job_is_pushed_and_fetched_over_tls(engine: Engine) -> None:
    assert engine.ready["faktory"] == f"tcp+tls://127.0.0.1:{engine.port}"
    with engine.connect() as connection:
        assert connection.version() in {"TLSv1.2", "TLSv1.3"}
        lines = connection.makefile("rwb", buffering=0)
        assert lines.readline().startswith(b"+HI ")
        # More than one TLS record each way.
        padding = b"x" * 100_000
        for line, answer in (
            (b'HELLO {"v":2}', b"+OK\r\n"),
            (b'PUSH {"jid":"job-00001","jobtype":"T","args":["%s"]}' % padding, b"+OK\r\n"),
        ):
            connection.sendall(line + b"\r\n")
            assert lines.readline() == answer
        connection.sendall(b"FETCH default\r\n")
        size = int(lines.readline()[1:])
        assert size > len(padding)


async def test_an_attaching_console_is_told_that_it_is_tls(engine: Engine) -> None:
    async with attached(engine.data) as url:
        assert url == engine.ready["faktory"]


def test_nothing_older_than_tls_1_2_is_offered(pems: Path) -> None:
    context = server_context(TlsFiles(pems / "cert.pem", pems / "key.pem"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "sent",
    [
        b'HELLO {"v":2}\r\n',
        b"\x16\x03\x01\x00\x05hello",
        b"\x00" * 3000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
def test_who_does_not_speak_tls_sees_a_close_without_hi(engine: Engine, sent: bytes) -> None:
    connection = engine.plain()
    connection.sendall(sent)
    got, _ = _until_closed(connection)
    assert b"HI" not in got
    told = engine.stop()
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1, told


def test_a_handshake_or_hello_that_never_ends_is_cut_after_two_seconds(engine: Engine) -> None:
    hello = ssl.MemoryBIO()
    client = engine.trust.wrap_bio(ssl.MemoryBIO(), hello, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    begun = hello.read()[:40]
    for took in tries(4.5):
        silent, half, shaken = engine.plain(), engine.plain(), engine.connect()
        half.sendall(begun)
        assert shaken.recv(3) == b"+HI"
        took(max(_until_closed(one)[1] for one in (silent, half, shaken)))
    told = engine.stop()
    assert "Traceback" not in told
    assert len(told.splitlines()) == 1, told


def test_a_client_that_never_finishes_does_not_keep_the_engine_from_ending(
    tmp_path: Path, pems: Path
) -> None:
    engine = Engine(tmp_path / "data", pems, program=PATIENT)
    with engine.plain(), engine.connect() as other:
        assert other.recv(3) == b"+HI"
        engine.stop()


@pytest.mark.parametrize(
    ("cert", "key", "words"),
    [
        ("cert.pem", None, "--tls-cert is given without --tls-key"),
        (None, "key.pem", "--tls-key is given without --tls-cert"),
        ("missing.pem", "key.pem", "--tls-cert missing.pem cannot be read: No such file"),
        ("cert.pem", "missing.pem", "--tls-key missing.pem cannot be read: No such file"),
        ("junk.pem", "key.pem", "--tls-cert junk.pem holds no certificate"),
        ("key.pem", "key.pem", "--tls-cert key.pem holds no certificate"),
        ("cert.pem", "junk.pem", "--tls-key junk.pem holds no private key"),
        ("cert.pem", "other.pem", "--tls-key other.pem is not the key of --tls-cert cert.pem"),
        ("cert.pem", "locked.pem", "--tls-key locked.pem is encrypted"),
    ],
)
def test_files_that_cannot_be_used_are_told_in_one_sentence(
    cert: str | None, key: str | None, words: str, pems: Path, tmp_path: Path
) -> None:
    for pem in pems.iterdir():
        shutil.copy(pem, tmp_path)
    given = [*(["--tls-cert", cert] if cert else []), *(["--tls-key", key] if key else [])]
    done = run("engine", "--listen", "127.0.0.1:0", *given, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_tls_does_not_stand_in_for_the_password(pems: Path, tmp_path: Path) -> None:
    tls = ["--tls-cert", str(pems / "cert.pem"), "--tls-key", str(pems / "key.pem")]
    done = run("engine", "--listen", "0.0.0.0:0", *tls, home=tmp_path)
    assert done.returncode == 2
    assert "without a password" in done.stderr
    assert list(tmp_path.iterdir()) == []

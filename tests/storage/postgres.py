"""A real PostgreSQL of the tests' own, on a socket in a folder."""

from __future__ import annotations

import contextlib
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steady import LONG

_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
needs_postgres = pytest.mark.skipif(
    _BIN is None, reason="PostgreSQL is not installed: make test installs it as root"
)
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "listen_addresses=")


class Postgres:
    """A server, that a test may stop and start again; ``url`` is its first database."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        self.url = self._url("postgres")
        self._made = 0
        self.user = _owner(folder)
        initdb = ["initdb", "-D", str(self.data), "-U", "tester", "-A", "trust", "--no-sync"]
        _run(initdb, self.user, folder)

    def _url(self, name: str) -> str:
        return f"postgresql://tester@/{name}?host={self.folder}"

    def another(self, copy_of: str = "") -> str:
        """Make one more database, empty or a copy of one that nobody uses; return its address."""
        self._made += 1
        name = f"made_{self._made}"
        create = ["createdb", "-h", str(self.folder), "-U", "tester", name]
        if copy_of:
            create += ["-T", copy_of.partition("@/")[2].partition("?")[0]]
        _run(create, self.user, self.folder)
        return self._url(name)

    @property
    def _control(self) -> list[str]:
        return ["pg_ctl", "-D", str(self.data), "-w", "-t", f"{LONG:.0f}"]

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = " ".join(["-k", str(self.folder), *_QUICK])
        log = str(self.folder / "log")
        start = [*self._control, "-o", options, "-l", log, "start"]
        _run(start, self.user, self.folder)

    def stop(self) -> None:
        """Stop it, as a crash would."""
        stop = [*self._control, "-m", "immediate", "stop"]
        _run(stop, self.user, self.folder)


@contextlib.contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run a server."""
    # Its socket's path must be short, and its folder belongs to who runs it.
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        server = Postgres(Path(name))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _owner(folder: Path) -> int | None:
    """Return who runs the server: it refuses to be run by root."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return owner.pw_uid


def _run(command: list[str], user: int | None, folder: Path) -> None:
    assert _BIN is not None
    done = subprocess.run(
        [f"{_BIN}/{command[0]}", *command[1:]],
        user=user,
        group=None if user is None else pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else (),
        cwd=folder,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        timeout=LONG,
    )
    assert done.returncode == 0, done.stderr.decode()

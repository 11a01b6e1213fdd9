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

_BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)
needs_postgres = pytest.mark.skipif(
    _BIN is None, reason="PostgreSQL is not installed: make test installs it as root"
)
_QUICK = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "listen_addresses=")


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Run a server; yield the address of a database in it."""
    # Its socket's path must be short, and its folder belongs to who runs it.
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        folder = Path(name)
        user = _owner(folder)
        data = folder / "data"
        initdb = ["initdb", "-D", str(data), "-U", "tester", "-A", "trust", "--no-sync"]
        _run(initdb, user, folder)
        options = " ".join(["-k", str(folder), *_QUICK])
        start = ["pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start"]
        _run(start, user, folder)
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            _run(["pg_ctl", "-D", str(data), "-m", "immediate", "-w", "stop"], user, folder)


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
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()

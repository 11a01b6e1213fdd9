"""Running ``glasshouse`` as a program, and reading what it says; see ``forking``."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

_SECONDS = 60
_forking: list[socket.socket] = []


@contextlib.contextmanager
def forking() -> Iterator[None]:
    """Let ``glasshouse`` run commands while the block runs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = Path(__file__).with_name("forking.py")
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, str(program), str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        ours.settimeout(_SECONDS)
        _forking.append(ours)
        try:
            yield
        finally:
            _forking.remove(ours)
            ours.close()
            process.wait(_SECONDS)


def glasshouse(
    *arguments: str,
    said: str = "",
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one command to its end, in at most a minute; ``said`` is what it reads."""
    if not _forking:
        # A test of another folder that runs by itself.
        return subprocess.run(
            [sys.executable, "-m", "glasshouse", *arguments],
            input=said, capture_output=True, text=True, check=False, timeout=_SECONDS,
            env=env, cwd=folder,
        )  # fmt: skip
    request = {
        "arguments": arguments,
        "env": dict(os.environ if env is None else env),
        "folder": str(folder or Path.cwd()),
    }
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(said.encode())
        files[0].seek(0)
        (asked,) = _forking
        socket.send_fds(asked, [json.dumps(request).encode()], [file.fileno() for file in files])
        code = int(asked.recv(16))
        for file in files[1:]:
            file.seek(0)
        out, error = (file.read().decode() for file in files[1:])
    return subprocess.CompletedProcess(list(arguments), code, out, error)

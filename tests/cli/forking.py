"""The program that has read all of Glasshouse and forks: each child runs one command.

Starting Python and reading the modules takes half a second each time; a test of
what commands say runs dozens. A child is a process like any other: with its own
arguments, environment, folder, output and exit code.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import pkgutil
import runpy
import socket
import sys
import traceback
from typing import NoReturn

import glasshouse


def read_all() -> None:
    """Import every module, so that children need not; those that do something are left out."""
    for module in pkgutil.walk_packages(glasshouse.__path__, "glasshouse."):
        if not module.name.endswith((".__main__", ".env")):
            __import__(module.name)


def become(request: dict[str, object], files: list[int]) -> None:
    """Take in this child the place of a program that was started as asked."""
    for descriptor, file in enumerate(files):
        os.dup2(file, descriptor)
        os.close(file)
    arguments, environment, folder = request["arguments"], request["env"], request["folder"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    os.chdir(str(folder))
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["glasshouse", *arguments]
    # Those of the parent may hold what is not ours to say.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(descriptor, mode, encoding="utf-8")
        for descriptor, mode in enumerate(("r", "w", "w"))
    )


def serve(asked: socket.socket) -> None:
    """Run what is asked for, one at a time, and tell how it ended; return in each child."""
    while True:
        message, files, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if not message:
            os._exit(0)
        child = os.fork()
        if child == 0:
            asked.close()
            become(json.loads(message), files)
            return
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        asked.send(str(os.waitstatus_to_exitcode(status)).encode())


def run() -> NoReturn:
    """Run the command, and end without taking apart what the parent still holds."""
    code: object = 0
    try:
        runpy.run_module("glasshouse", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code or 0
    except BaseException:  # noqa: BLE001 - printed, as Python prints it
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    read_all()
    # What never changes stays shared between the children.
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    run()

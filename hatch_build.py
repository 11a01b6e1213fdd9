"""Build hook: bundle the front end and the languages into the package, in each kind of build.

A build without the front end is a failure, never a wheel without pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_DIST = Path("src/glasshouse/web/static/dist")
_NEEDED = ("app.js", "live-worker.js", "json-worker.js", "style.css")


class FrontendHook(BuildHookInterface[Any]):
    """Runs ``frontend/build.mjs`` and looks at what came out."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bundle the front end before hatch collects the files."""
        del version, build_data  # the same for "standard" and "editable"
        root = Path(self.root)
        built = subprocess.run(
            [sys.executable, root / "scripts" / "node.py", "run", root / "frontend", "build"],
            check=False,
        )
        if built.returncode != 0:
            raise SystemExit("The front end could not be built; its reason is above.")
        missing = _missing(root / _DIST)
        if missing:
            raise SystemExit(f"The front end was built without {', '.join(missing)}.")
        compiled = subprocess.run([sys.executable, root / "scripts" / "messages.py"], check=False)
        if compiled.returncode != 0:
            raise SystemExit("The languages could not be compiled; the reason is above.")


def _missing(dist: Path) -> list[str]:
    """Return the needed assets that the manifest or the folder lacks."""
    try:
        manifest: dict[str, str] = json.loads((dist / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ["manifest.json"]
    return [name for name in _NEEDED if not (dist / manifest.get(name, "absent")).is_file()]

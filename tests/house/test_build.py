"""Building: a wheel holds the front end, and without the front end there is no wheel."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hatchling.metadata.core import ProjectMetadata

from hatch_build import FrontendHook
from scripts import node

ROOT = Path(__file__).parents[2]
DIST = Path("src/glasshouse/web/static/dist")


def _hook(root: Path, bundler: str) -> FrontendHook:
    """Return the hook of a project whose bundling is the given Python."""
    (root / "scripts").mkdir()
    (root / "scripts/node.py").write_text(bundler)
    metadata: ProjectMetadata[Any] = ProjectMetadata(str(root), None, {})
    return FrontendHook(str(root), {}, None, metadata, "", "wheel")


def test_a_build_whose_bundling_fails_stops_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="front end could not be built"):
        _hook(tmp_path, "raise SystemExit(1)").initialize("standard", {})


def test_a_build_without_assets_stops_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"built without manifest\.json"):
        _hook(tmp_path, "").initialize("standard", {})


def test_a_build_with_a_manifest_but_no_file_stops_and_names_it(tmp_path: Path) -> None:
    (tmp_path / DIST).mkdir(parents=True)
    manifest = {"app.js": "app.1.js", "style.css": "style.1.css", "live-worker.js": "w.1.js"}
    manifest["json-worker.js"] = "w.1.js"
    (tmp_path / DIST / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / DIST / "app.1.js").touch()
    (tmp_path / DIST / "w.1.js").touch()
    with pytest.raises(SystemExit, match=r"built without style\.css"):
        _hook(tmp_path, "").initialize("standard", {})


def test_the_shipped_node_is_taken_where_path_has_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = node.find_node()
    assert found.binary.is_file()
    assert [Path(part).is_file() for part in found.npm] == [True, True]


def test_an_old_node_on_path_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v18.20.4\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert node.find_node().binary.parent != tmp_path


def test_a_wheel_holds_every_asset_of_its_manifest(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        inside = "glasshouse/web/static/dist/"
        manifest: dict[str, str] = json.loads(archive.read(inside + "manifest.json"))
    assert {"app.js", "live-worker.js", "style.css"} <= manifest.keys()
    assert {inside + file for file in manifest.values()} <= names
    assert "glasshouse/py.typed" in names
    assert any(name.startswith("glasshouse/web/templates/") for name in names)

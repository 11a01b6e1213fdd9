"""The demo's data folder: its own, so it may start over in it, and never in another's."""

from __future__ import annotations

import json

from glasshouse.app.folders import make_private
from glasshouse.engine.lock import held
from glasshouse.model.errors import StoreError
from glasshouse.settings import DemoSettings

MARK = "glasshouse-demo.json"


def prepare(settings: DemoSettings) -> bool:
    """Prepare the folder and return whether the workload must fill it.

    A live demo continues where it stopped. The fixed data set, a given number of
    jobs, and a change between the two start over.

    Raises:
        StoreError: another engine holds it, or it has files that no demo made.
    """
    folder = settings.data
    make_private(folder)
    if held(folder):
        raise StoreError(
            f"A work server runs on {folder} already.",
            remedy="Stop it, or name another folder with --data.",
        )
    mark = folder / MARK
    if not mark.exists() and any(folder.iterdir()):
        raise StoreError(
            f"{folder} holds files that are not the demo's.",
            remedy="Name an empty folder with --data; the demo begins anew in its folder.",
        )
    old = mark.read_text(encoding="utf-8") if mark.exists() else None
    # Like all else in the folder, it is for its owner only: `engine check` verifies that.
    mark.touch(mode=0o600)
    mark.chmod(0o600)
    if old == _mode(settings) and not settings.quiet and settings.jobs is None:
        return False
    # Empty until the data set is complete, so that an interrupted demo starts over.
    mark.write_text("", encoding="utf-8")
    for path in folder.iterdir():
        if path.is_file() and path != mark:
            path.unlink()
    return True


def filled(settings: DemoSettings) -> None:
    """Note that the folder now holds the demo's whole data set."""
    (settings.data / MARK).write_text(_mode(settings), encoding="utf-8")


def _mode(settings: DemoSettings) -> str:
    return json.dumps({"quiet": settings.quiet})

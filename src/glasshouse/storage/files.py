"""Files that are either whole and on disk under their names or absent; for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def written(path: Path, pieces: Iterable[bytes]) -> Path:
    """Write a file durably under a temporary name and return that; see ``placed``.

    Raises:
        OSError: the folder cannot be made or written.
    """
    new = path.with_name(f"{path.name}.new")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    return new


def placed(new: Path, path: Path) -> None:
    """Give what was ``written`` its final name, durably; any previous file of that name is gone.

    Raises:
        OSError: it cannot be renamed.
    """
    new.replace(path)
    synced(path.parent)


def synced(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: it cannot be done.
    """
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)

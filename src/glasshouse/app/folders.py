"""Data folders: created for their owner only."""

from __future__ import annotations

from pathlib import Path

from glasshouse.model.errors import StoreError


def make_private(folder: Path) -> None:
    """Create ``folder`` with mode 700; an existing one is left as it is.

    Raises:
        StoreError: it cannot be created or is not a folder.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The data folder {folder} cannot be made: {error.strerror}.",
            remedy="Name a folder that this user may write with --data.",
        ) from None

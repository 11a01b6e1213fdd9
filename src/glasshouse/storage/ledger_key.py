"""The key that a console signs checkpoints with: a file in its state folder, for its owner alone.

It stands apart from the database on purpose: who can write there cannot sign.
"""

from __future__ import annotations

import os
from pathlib import Path

from glasshouse.ledger.checkpoint import KEY_BYTES
from glasshouse.model.errors import StoreError

FILE = "ledger.key"


def load(folder: Path) -> bytes | None:
    """Return the key; ``None`` if none was made yet.

    Raises:
        StoreError: the file cannot be read, or holds something else.
    """
    path = folder / FILE
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"The key {path} cannot be read: {error.strerror}.",
            remedy="It belongs to the user who runs the console: look at its owner and mode.",
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{path} holds no key.",
            remedy="Put it back from a copy, or move it away: then another is made, and named in "
            "the ledger.",
        )
    return key


def keep(folder: Path, key: bytes) -> None:
    """Keep a key from now on, durably; the one before it is gone.

    Raises:
        StoreError: the folder cannot be written.
    """
    path, new = folder / FILE, folder / f"{FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(new, key.hex().encode() + b"\n")
        new.replace(path)
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise StoreError(
            f"The key {path} cannot be written: {error.strerror}.",
            remedy="Name a folder that this user may write, with --state.",
        ) from None


def _write(path: Path, text: bytes) -> None:
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, text)
        os.fsync(file)
    finally:
        os.close(file)

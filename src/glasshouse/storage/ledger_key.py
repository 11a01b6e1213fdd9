"""The key that a console signs checkpoints with: a file in its state folder, for its owner alone.

It stands apart from the database on purpose: who can write there cannot sign.
"""

from __future__ import annotations

from pathlib import Path

from glasshouse.ledger.checkpoint import KEY_BYTES
from glasshouse.model.errors import StoreError
from glasshouse.storage import files

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
    path = folder / FILE
    try:
        files.placed(files.written(path, [key.hex().encode() + b"\n"]), path)
    except OSError as error:
        raise StoreError(
            f"The key {path} cannot be written: {error.strerror}.",
            remedy="Name a folder that this user may write, with --state.",
        ) from None

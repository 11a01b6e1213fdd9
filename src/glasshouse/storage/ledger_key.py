"""The console's key for signing checkpoints: a file in its state folder, for its owner alone.

It is kept apart from the database on purpose: write access there does not allow signing. The
trusted public keys are next to it, one per line: those of this console, and those that an
administrator adds, for example of another console on the same database.
"""

from __future__ import annotations

from pathlib import Path

from glasshouse.ledger.checkpoint import KEY_BYTES, public_key
from glasshouse.model.errors import StoreError
from glasshouse.storage import files

FILE = "ledger.key"
TRUSTED = "ledger.keys"


def load(folder: Path) -> bytes | None:
    """Return the key; ``None`` if none has been made yet.

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


def trusted(folder: Path) -> frozenset[str]:
    """Return the trusted public keys: that of the key file and those listed next to it.

    Raises:
        StoreError: a file cannot be read, or holds something else.
    """
    own = load(folder)
    return listed(folder) | (frozenset() if own is None else {public_key(own)})


def listed(folder: Path) -> frozenset[str]:
    """Return the public keys that are listed as trusted; raises the same."""
    return public_keys(folder / TRUSTED)


def public_keys(path: Path) -> frozenset[str]:
    """Return the public keys of a file, none if it does not exist.

    A line is a key in hex, optionally followed by a space and anything else.

    Raises:
        StoreError: it cannot be read, or a line holds something else.
    """
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise StoreError(
            f"The keys {path} cannot be read: {error.strerror}.",
            remedy="It belongs to the user who runs the console: look at its owner and mode.",
        ) from None
    words = (line.split()[0] for line in lines if line.strip() and not line.startswith("#"))
    return frozenset(public(word) for word in words)


def public(text: str) -> str:
    """Return a public key in the form used in checkpoints.

    Raises:
        StoreError: it is not one.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StoreError(
            f"{text[:70]!r} is no public key.",
            remedy=f"Write {KEY_BYTES * 2} hex digits, as a checkpoint has them in its key.",
        )
    return key.hex()


def trust(folder: Path, key: str) -> None:
    """Add a public key to the trusted ones, durably, unless it is already there.

    Raises:
        StoreError: the file cannot be read or written.
    """
    path = folder / TRUSTED
    if key in public_keys(path):
        return
    try:
        before = path.read_bytes() if path.exists() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        files.placed(files.written(path, [before, key.encode() + b"\n"]), path)
    except OSError as error:
        raise StoreError(
            f"The keys {path} cannot be written: {error.strerror}.",
            remedy="Make room, or let this user write there.",
        ) from None


def keep(folder: Path, key: bytes) -> None:
    """Store a key durably from now on; the previous one is gone.

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

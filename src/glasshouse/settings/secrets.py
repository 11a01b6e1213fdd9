"""Where the settings keep secrets: which are in the file itself, and which in separate files.

That is derived only from the names of settings, so that new settings are covered: a name
that ends in ``_file`` names a file with a secret.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from glasshouse.settings.console import HOSTS

_PREFIX = HOSTS.removesuffix("HOSTS")
_FILES = ("_file", "tls_key")
_WORDS = frozenset({"client_secret", "password"})


class Secrets(NamedTuple):
    """Names of settings that hold a secret, and files that do, by the names of their settings."""

    written: tuple[str, ...]
    files: tuple[tuple[str, Path], ...]


def secrets_of(path: Path, environ: Mapping[str, str]) -> Secrets:
    """Return where the settings at ``path``, which were already read, keep secrets.

    Values that the environment sets instead of the file count; secrets in the environment do not.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    changed = {
        name.removeprefix(_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(_PREFIX) and value
    }
    console = document.get("console", {})
    if isinstance(console, dict):
        # The database's location is set in one place only.
        hidden = set(changed) | ({"database_file"} if "database" in changed else set())
        document["console"] = {key: held for key, held in console.items() if key not in hidden}
    written = [name for name, key, value in _texts(document, "") if _is_secret(key, value)]
    files = [(name, value) for name, key, value in _texts(document, "") if key.endswith(_FILES)]
    files += [(f"console.{key}", held) for key, held in changed.items() if key.endswith(_FILES)]
    folder = path.absolute().parent
    return Secrets(tuple(written), tuple((name, folder / held) for name, held in files if held))


def _texts(value: object, name: str, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield every text in the settings, with its full name and the last word of that name."""
    if isinstance(value, str):
        yield name, key, value
    elif isinstance(value, dict):
        for inner, held in value.items():
            yield from _texts(held, f"{name}.{inner}" if name else inner, inner)
    elif isinstance(value, list):
        for number, held in enumerate(value):
            called = held.get("name", number) if isinstance(held, dict) else number
            yield from _texts(held, f"{name}.{called}", key)


def _is_secret(key: str, value: str) -> bool:
    if key in _WORDS:
        return bool(value)
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    if parts.password:
        return True
    # A collector's address often contains an identifying value.
    return key == "sinks" and parts.scheme == "https" and bool(parts.query)

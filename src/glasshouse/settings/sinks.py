"""The receivers of the ledger: ``[ledger]`` with its ``sinks``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from glasshouse.integrations.ledger_receivers import SYSLOG
from glasshouse.model.errors import SettingsError
from glasshouse.model.hosts import is_this_machine
from glasshouse.settings import Secret

DATABASE = "database"


class Sink(msgspec.Struct, frozen=True, kw_only=True):
    """A receiver next to the database: a file's path, a syslog's socket, or a URL."""

    kind: Literal["file", "syslog", "http"]
    target: str
    token: Secret | None = None


def parse_sinks(texts: Sequence[str], token: Secret | None, folder: Path) -> tuple[Sink, ...]:
    """Return the receivers that ``sinks`` names next to the database, which is always one.

    Paths are relative to ``folder``; ``token`` is for those that are URLs.

    Raises:
        SettingsError: one is invalid or listed twice, or the database is left out.
    """
    if DATABASE not in texts:
        raise SettingsError(
            "ledger.sinks leaves out the database, which always has the ledger first.",
            remedy='Write sinks = ["database", …].',
        )
    sinks = tuple(_sink(text, token, folder) for text in texts if text != DATABASE)
    if 1 + len(set(map(_same, sinks))) < len(texts):
        raise SettingsError("ledger.sinks names a place twice.", remedy="Name it once.")
    if token is not None and not any(sink.kind == "http" for sink in sinks):
        raise SettingsError(
            "ledger.token_file is for an https sink, and there is none.", remedy="Remove it."
        )
    return sinks


def _same(sink: Sink) -> tuple[str, str]:
    """Return what two sinks share if they are the same; a file's checkpoints are next to it."""
    if sink.kind == "http":
        return sink.kind, sink.target
    path = Path(os.path.normpath(sink.target))
    return sink.kind, str(path.with_name(path.name.replace(".checkpoints", "")))


def _sink(text: str, token: Secret | None, folder: Path) -> Sink:
    if text == "syslog":
        return Sink(kind="syslog", target=str(SYSLOG))
    kind, _, rest = text.partition(":")
    if kind == "syslog" and rest.startswith("/"):
        return Sink(kind="syslog", target=rest)
    if kind == "file" and rest and not rest.endswith("/"):
        return Sink(kind="file", target=str(folder / rest))
    if kind in {"http", "https"} and _is_url(text):
        return Sink(kind="http", target=text, token=token)
    # It is not repeated: a URL may be a secret.
    raise SettingsError(
        f"ledger.sinks has {kind[:20]!r}, which is no place for a ledger.",
        remedy='Write "database", "file:/PATH/audit.jsonl", "syslog" or "https://HOST/PATH"; '
        "http:// only to this machine, and a password as token_file.",
    )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:  # Unicode errors are such, also that of an invalid label
        return False
    odd = parts.username or parts.password or parts.fragment or port == 0
    host = parts.hostname or ""
    return bool(host) and not odd and (parts.scheme == "https" or is_this_machine(host))

"""The built front end, read once at startup and served from memory.

Only files that ``dist/manifest.json`` names exist. Names carry a digest, so they are cached
forever; the manifest maps plain names to them.
"""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response

from glasshouse.model.errors import NotFoundError, SettingsError
from glasshouse.model.messages import message
from glasshouse.web.http import replies
from glasshouse.web.http.headers import IMMUTABLE

DIST = Path(__file__).parents[1] / "static" / "dist"
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKABLE = ("text/", "image/svg", "application/json", "application/manifest")


class Asset(NamedTuple):
    """One file: its bytes, their gzip form when that is shorter, and its type."""

    body: bytes
    packed: bytes | None
    media: str


class Assets:
    """The files of the front end by published name."""

    def __init__(self, files: Mapping[str, bytes], manifest: Mapping[str, str]) -> None:
        """Serve ``files``; ``manifest`` maps plain names to published names."""
        self.urls = {plain: f"/static/{name}" for plain, name in manifest.items()}
        self._assets = {name: _asset(name, body) for name, body in files.items()}

    def respond(self, headers: Headers, name: str) -> Response:
        """Return the response for one file.

        Raises:
            NotFoundError: the manifest does not name it.
        """
        asset = self._assets.get(name)
        if asset is None:
            raise NotFoundError(
                message("This file does not exist."), remedy=message("Reload the page.")
            )
        kept = {"cache-control": IMMUTABLE, "vary": "accept-encoding"}
        if asset.packed is not None and replies.accepts_gzip(headers):
            kept["content-encoding"] = "gzip"
            return Response(asset.packed, media_type=asset.media, headers=kept)
        return Response(asset.body, media_type=asset.media, headers=kept)


def load(folder: Path = DIST) -> Assets:
    """Read the files that the manifest names.

    Raises:
        SettingsError: the front end was not built.
    """
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=dict[str, str])
        manifest = {plain: Path(name).name for plain, name in manifest.items()}
        files = {name: (folder / name).read_bytes() for name in manifest.values()}
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(
            f"The front end is not built: {folder} has no usable manifest.json ({error}).",
            remedy="Build it with `make assets` (or `make run`), then start again.",
        ) from error
    return Assets(files, manifest)


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    media = _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0) if media.startswith(_PACKABLE) else None
    if packed is not None and len(packed) >= len(body):
        packed = None
    return Asset(body, packed, media)

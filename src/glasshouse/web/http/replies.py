"""From finished bytes to a response: validator, compression, HEAD; nothing about content."""

from __future__ import annotations

import gzip
import hashlib
import http
import re
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response

from glasshouse.web.http.headers import NOT_KEPT, REVALIDATED

HTML = "text/html; charset=utf-8"
JSON = "application/json"
PROBLEM = "application/problem+json"
TEXT = "text/plain; charset=utf-8"
_WORTH_PACKING = 1024
_VARY = "accept-encoding, accept-language, cookie"
_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?P<q>[0-9.]+)\s*)?(?=,|$)", re.IGNORECASE)


def accepts_gzip(headers: Headers) -> bool:
    """Return whether the client accepts gzip (RFC 9110 §12.5.3)."""
    match = _GZIP.search(headers.get("accept-encoding", ""))
    return match is not None and (match["q"] is None or match["q"].strip("0.") != "")


def tag(body: bytes) -> str:
    """Return a weak entity tag of ``body``."""
    return f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def validated(
    headers: Headers, body: bytes, media: str, *, basis: bytes | None = None, pack: bool = True
) -> Response:
    """Return 200 with an ETag, or 304 when the client has it already.

    ``basis`` is what the tag is made from when the body has parts that change without meaning (its
    age). Without ``pack`` the body is sent uncompressed.
    """
    etag = tag(body if basis is None else basis)
    if _known(headers, etag):
        return Response(status_code=http.HTTPStatus.NOT_MODIFIED, headers=_kept(etag))
    response = Response(body, media_type=media, headers=_kept(etag))
    return packed(headers, response) if pack else response


def shared(headers: Headers, body: bytes, etag: str, compressed: Callable[[], bytes]) -> Response:
    """Return a page that others also get: 200, or 304 when the client has it already."""
    if _known(headers, etag):
        return Response(status_code=http.HTTPStatus.NOT_MODIFIED, headers=_kept(etag))
    if len(body) > _WORTH_PACKING and accepts_gzip(headers):
        kept = {**_kept(etag), "content-encoding": "gzip"}
        return Response(compressed(), media_type=HTML, headers=kept)
    return Response(body, media_type=HTML, headers=_kept(etag))


def _kept(etag: str) -> dict[str, str]:
    return {"etag": etag, "cache-control": REVALIDATED, "vary": _VARY}


def _known(headers: Headers, etag: str) -> bool:
    known = (item.strip() for item in headers.get("if-none-match", "").split(","))
    return any(item in (etag, etag[2:], "*") for item in known)


def packed(headers: Headers, response: Response) -> Response:
    """Compress a response's body when that is worthwhile and the client accepts it."""
    body = bytes(response.body)
    if len(body) > _WORTH_PACKING and accepts_gzip(headers):
        response.body = gzip.compress(body, compresslevel=5, mtime=0)
        response.headers["content-length"] = str(len(response.body))
        response.headers["content-encoding"] = "gzip"
    return response


def fresh(body: bytes, media: str, status: int = 200) -> Response:
    """Return a response that no one caches."""
    return Response(body, status_code=status, media_type=media, headers={"cache-control": NOT_KEPT})

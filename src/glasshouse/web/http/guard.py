"""The strict request grammar: pure checks on the raw parts of a request.

Used twice, at the wire (``protocol``) and as the outermost ASGI layer: what one parser hides, the
other sees. Nothing is normalised; anything unusual is refused.
Sources: RFC 9112 §3 (request line), §6 (body), RFC 3986 §3.3 (pchar).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from glasshouse.web.http import framing

Headers = Sequence[tuple[bytes, bytes]]

ALLOW = "GET, HEAD, OPTIONS"
ALLOW_POST = "GET, HEAD, POST, OPTIONS"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}
MAX_TARGET = 8 << 10
_SHORT = 256
"""Bytes of a target of which the verdict is remembered."""
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 << 10

_PCHAR = rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_TARGET = re.compile(
    rb"(?P<path>/(?!/)(?:" + _PCHAR + rb"|/)*)(?:\?(?P<query>(?:" + _PCHAR + rb"|[/?])*))?"
)
_CONTROL = re.compile(rb"%(?:[01][0-9A-Fa-f]|7[Ff])")
_NUL = re.compile(rb"%00")
_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^`|~\-]+")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_HOST = re.compile(rb"(?:[A-Za-z0-9.\-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_ONCE = frozenset(
    b"host content-length transfer-encoding content-type authorization cookie origin"
    b" sec-fetch-site forwarded x-real-ip if-none-match glasshouse-otp".split()
)
_NEVER = frozenset(b"upgrade x-http-method-override x-method-override x-http-method".split())


class Refusal(NamedTuple):
    """Why a request is not served: an HTTP status and one sentence."""

    status: int
    detail: str


def check(method: str, target: bytes, version: str, headers: Headers) -> Refusal | None:
    """Return why the request is refused, or ``None`` when it is well formed.

    ``target`` is the request target as sent, ``version`` like ``"1.1"``.
    """
    if version != "1.1":
        return Refusal(505, "Only HTTP/1.1 is spoken here.")
    if method not in METHODS:
        return Refusal(405, "This method is not known here.")
    detail = _target_fault(target) or _headers_fault(headers) or _body_fault(method, headers)
    return Refusal(400, detail) if detail else None


def _target_fault(target: bytes) -> str | None:
    if len(target) > MAX_TARGET:
        return "The request target is too long."
    # Queries are not cached: they may hold what belongs to one person.
    plain = len(target) <= _SHORT and b"?" not in target
    return (_remembered if plain else _fault_of_target)(target)


def _fault_of_target(target: bytes) -> str | None:
    matched = _TARGET.fullmatch(target)
    if matched is None:
        return "The request target must be a plain path with an optional query."
    path = matched["path"]
    if _CONTROL.search(path) or _NUL.search(target):
        return "The request target holds a control character."
    if any(unquote_to_bytes(segment) in (b".", b"..") for segment in path.split(b"/")):
        return "Dot segments are not resolved here."
    return None


_remembered = functools.lru_cache(maxsize=512)(_fault_of_target)


def _headers_fault(headers: Headers) -> str | None:
    if len(headers) > MAX_HEADERS:
        return "Too many headers."
    if sum(len(name) + len(value) + 4 for name, value in headers) > MAX_HEADER_BYTES:
        return "The headers are too long."
    seen: set[bytes] = set()
    for raw, value in headers:
        name = raw.lower()
        fault = _header_fault(name, value)
        if fault is not None:
            return fault
        if name in seen and (name in _ONCE or name.startswith(b"x-forwarded-")):
            return "A header that may come only once came twice."
        seen.add(name)
    return None if b"host" in seen else "The Host header is missing."


def _header_fault(name: bytes, value: bytes) -> str | None:
    if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
        return "A header is malformed."
    if name in _NEVER:
        return "Upgrades and method overrides are not taken."
    if name == b"host" and _HOST.fullmatch(value) is None:
        return "The Host header is malformed."
    return None


def _body_fault(method: str, headers: Headers) -> str | None:
    fields = {name.lower(): value for name, value in headers}
    length, coding = fields.get(b"content-length"), fields.get(b"transfer-encoding")
    if length is not None and _LENGTH.fullmatch(length) is None:
        return "The Content-Length header is malformed."
    if coding is not None and coding.strip().lower() != framing.CHUNKED:
        return "The only Transfer-Encoding that is taken is chunked."
    if length is not None and coding is not None:
        return "Content-Length and Transfer-Encoding exclude each other."
    if method in SAFE and (coding is not None or (length is not None and int(length) > 0)):
        return "This method takes no body."
    return None

"""Request bodies, read within limits of size and time: forms and JSON, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.types import Receive

from glasshouse.model.errors import GlasshouseError, InvalidError
from glasshouse.web.http import query

MOST_BYTES = 64 << 10
BODY_SECONDS = 20.0
"""How long a body may take, plus a second for each ``SLOWEST`` bytes of it that have arrived."""
SLOWEST = 32 << 10
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class LateError(GlasshouseError):
    """A body did not arrive in time."""

    code = "late"
    remedy = "Send it again, over a faster connection."


class ClientGoneError(Exception):
    """The client left or was disconnected: no one waits for an answer."""


async def read(receive: Receive, most: int = MOST_BYTES) -> bytes:
    """Return the whole body of at most ``most`` bytes.

    Raises:
        InvalidError: it is too long.
        ClientGoneError: it is no longer being sent.
        LateError: it did not arrive in time.
    """
    body = bytearray()
    latest = asyncio.get_running_loop().time() + BODY_SECONDS
    try:
        async with asyncio.timeout_at(latest) as limit:
            while await _more(receive, body, most):
                limit.reschedule(latest + len(body) / SLOWEST)
    except TimeoutError:
        raise LateError("The body of the request did not arrive in time.") from None
    return bytes(body)


async def _more(receive: Receive, body: bytearray, most: int) -> bool:
    """Append the next piece to ``body``; return whether there is more to come."""
    try:
        message = await receive()
    except RuntimeError as error:
        # The connection was closed before anything was read from it, as after a refusal.
        raise ClientGoneError from error
    if message["type"] != "http.request":
        raise ClientGoneError
    body += message.get("body", b"")
    if len(body) > most:
        raise InvalidError("The request is too long.", remedy="Send less data.")
    return bool(message.get("more_body"))


def lists(body: bytes, content_type: str) -> dict[str, list[str]]:
    """Return the fields of a form, each as often as it was sent; raises ``InvalidError``.

    Line ends are as originally written: browsers send CRLF instead.
    """
    _typed(content_type, FORM)
    fields: dict[str, list[str]] = {}
    for name, value in query.pairs(body.replace(b"+", b" ")):
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields


def form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form, each once.

    Raises:
        InvalidError: it is not a form, or a field was sent twice.
    """
    fields = lists(body, content_type)
    for name, values in fields.items():
        if len(values) > 1:
            raise InvalidError(f"The field {name[:40]!r} was given twice.", remedy="Give it once.")
    return {name: value for name, (value,) in fields.items()}


def mapping(body: bytes, content_type: str) -> Mapping[str, Any]:
    """Return a JSON object.

    Raises:
        InvalidError: the body is not one.
    """
    _typed(content_type, JSON)
    try:
        fields: dict[str, Any] = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise InvalidError("The body is not a JSON object.", remedy="Send a JSON object.") from None
    return fields


def require_json(content_type: str) -> None:
    """Refuse a body that is not declared as JSON; raises ``InvalidError``."""
    _typed(content_type, JSON)


def _typed(content_type: str, wanted: str) -> None:
    if content_type.partition(";")[0].strip().lower() != wanted:
        raise InvalidError(f"The body must be {wanted}.", remedy="Set the Content-Type header.")

"""The JSON of a provider: an object, even if texts in it were cut within a character.

Invariant: half a character, as left by a program that cuts texts by UTF-16 units, becomes
``HALF``, which is no character: a text with it is not printable, and equals none without it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from glasshouse.integrations.oidc_refusals import OidcRefusedError, Refused

HALF = "\uffff"
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})|.)",
    re.DOTALL,
)
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def table(body: bytes, otherwise: Refused = Refused.BAD_ANSWER) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises:
        OidcRefusedError: it is not one; for the reason ``otherwise``.
    """
    try:
        try:
            return _decode(body)
        except msgspec.DecodeError:
            # RFC 8259 §8.2: halves are valid JSON, and how to handle them is left to the reader.
            return _decode(_ESCAPE.sub(_whole, body))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise OidcRefusedError(otherwise) from None


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\uffff" if escape["half"] else escape[0]

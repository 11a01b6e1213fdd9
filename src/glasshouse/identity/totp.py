"""Time-based one-time codes (RFC 6238): SHA-1, 6 digits, 30 seconds, as in authenticator apps.

A code is valid for the step that it belongs to and one step either side, because clocks
differ; each step is accepted once, and an older one never after a newer one.
"""

from __future__ import annotations

import base64
import hmac
import re
import unicodedata
from urllib.parse import quote, urlencode

import pyotp

SECRET_BYTES = 20
PERIOD = 30
_AROUND = (0, -1, 1)
_CODE = re.compile(r"[0-9]{6}")


def new_secret(entropy: bytes) -> str:
    """Return a secret made of 20 random bytes, in base32.

    Raises:
        ValueError: there are not 20 bytes.
    """
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"{SECRET_BYTES} random bytes are needed")
    return base64.b32encode(entropy).decode("ascii")


def accepted_step(secret: str, code: str, now: float, last_step: int) -> int | None:
    """Return the step that ``code`` belongs to, if it is later than ``last_step``.

    ``None`` if the code is wrong, too old, too new, or was accepted before. Blanks
    between its digits are ignored.
    """
    return next((step for step in steps_of(secret, code, now) if step > last_step), None)


def steps_of(secret: str, code: str, now: float) -> tuple[int, ...]:
    """Return those of the currently valid steps that ``code`` belongs to."""
    if not looks_like_code(code):
        return ()
    plain = _without_blanks(code)
    current = int(now // PERIOD)
    around = (current + offset for offset in _AROUND)
    # All three are compared, whichever one matches.
    return tuple([s for s in around if hmac.compare_digest(code_at(secret, s), plain)])


def looks_like_code(text: str) -> bool:
    """Return whether ``text`` could be a one-time code."""
    return _CODE.fullmatch(_without_blanks(text)) is not None


def _without_blanks(text: str) -> str:
    """Return ``text`` without spaces of any width and tabs; a line end is not a blank."""
    return "".join(c for c in text if c != "\t" and unicodedata.category(c) != "Zs")


def code_at(secret: str, step: int) -> str:
    """Return the code of a step."""
    return pyotp.TOTP(secret, interval=PERIOD).generate_otp(max(0, step))


def uri(secret: str, account: str, issuer: str) -> str:
    """Return the URI that a QR code passes to an authenticator app."""
    label = quote(f"{issuer}:{account}", safe="")
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"

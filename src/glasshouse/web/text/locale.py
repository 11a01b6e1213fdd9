"""The language of an answer: the one chosen on a page, else the client's first that we have.

The client's preference follows RFC 9110 §12.5.4. A choice made on a page is kept in a cookie that
the page sets; it holds only the language.
"""

from __future__ import annotations

import functools
import re

from starlette.datastructures import Headers

from glasshouse.web.text.i18n import LOCALES

COOKIE = "glasshouse_language"
"""The name of the cookie; ``frontend/src/controls.ts`` sets it."""
_CHOICE = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*"
)
_BY_LANGUAGE = {locale.partition("-")[0].lower(): locale for locale in LOCALES}


def locale_of(headers: Headers) -> str:
    """Return one of ``LOCALES``; English when the client accepts none of them."""
    cookies, accepted = headers.get("cookie", ""), headers.get("accept-language", "")
    return (_chosen(cookies) if COOKIE in cookies else None) or _wanted(accepted)


def _chosen(cookies: str) -> str | None:
    for pair in cookies.split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == COOKIE and value.strip() in LOCALES:
            return value.strip()
    return None


@functools.lru_cache(maxsize=256)
def _wanted(accepted: str) -> str:
    best, weight = "en", 0.0
    for part in accepted.split(","):
        match = _CHOICE.fullmatch(part)
        ours = None if match is None else _BY_LANGUAGE.get(match[1].lower())
        if match is None or ours is None:
            continue
        quality = float(match[2] or 1)
        if quality > weight:
            best, weight = ours, quality
    return best

"""Whether a request that changes something was sent by one of our pages: pure.

Browsers state this in ``Sec-Fetch-Site`` and ``Origin``, which no page can set itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.model.errors import DeniedError

SAME = "same-origin"


def require_same_origin(headers: Mapping[str, str], ours: frozenset[str], *, needed: bool) -> None:
    """Let our pages through, and programs too unless one of our pages is ``needed``.

    ``ours`` are the origins of this console. A browser that sends a cookie names an origin; without
    one the request is not from a page.

    Raises:
        DeniedError: another site sent it, or the sender is not stated.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if (site is not None and site != SAME) or (origin is not None and origin not in ours):
        raise DeniedError(
            "This was sent by a page on another site.",
            remedy="Open the console itself and try again there; behind a proxy, set public_url.",
        )
    if needed and site is None and origin is None:
        raise DeniedError(
            "This browser did not say which page sent the request.",
            remedy="Use a current browser, or a token instead of a session.",
        )

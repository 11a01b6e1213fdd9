"""Pages as they were laid out a moment ago, for whoever asks for the same one.

A page is shared while no server that it may tell of was read anew, and for half a
second at most. Everybody is the same audience here: who may see less needs pages
that are kept apart.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Hashable

import msgspec

from glasshouse.web.http.replies import tag

LIFE = 0.5
_MOST_BYTES = 16 << 20


class CachedPage(msgspec.Struct, kw_only=True):
    """A page that was laid out: when, after which looks at the servers, and its bytes."""

    at: float
    pulses: tuple[int, ...]
    body: bytes
    etag: str
    _packed: bytes | None = None

    def packed(self) -> bytes:
        """Return it compressed; that is done once."""
        if self._packed is None:
            self._packed = gzip.compress(self.body, compresslevel=5, mtime=0)
        return self._packed

    @property
    def weight(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) * 5 // 4


class RenderedPageCache:
    """The pages that were laid out last, by whatever tells them apart."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._pages: OrderedDict[Hashable, CachedPage] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, pulses: tuple[int, ...], now: float) -> CachedPage | None:
        """Return the page if it still tells what is known."""
        page = self._pages.get(key)
        if page is None or page.pulses != pulses or not 0 <= now - page.at < LIFE:
            return None
        return page

    def put(self, key: Hashable, pulses: tuple[int, ...], now: float, body: bytes) -> CachedPage:
        """Keep a page that was laid out ``now``, before which ``pulses`` were looked at."""
        page = CachedPage(at=now, pulses=pulses, body=body, etag=tag(body))
        old = self._pages.pop(key, None)
        self._bytes += page.weight - (0 if old is None else old.weight)
        self._pages[key] = page
        while self._bytes > _MOST_BYTES and len(self._pages) > 1:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= oldest.weight
        return page

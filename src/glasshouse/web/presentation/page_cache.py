"""Pages as they were laid out a moment ago, for others who request the same one.

A page is shared until a server that it may show is read again, and for at most half a second.
Everyone is the same audience here: those who may see less need separately kept pages.
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
    """A page that was laid out: when, after which reads of the servers, and its bytes."""

    at: float
    pulses: tuple[int, ...]
    body: bytes
    etag: str
    _packed: bytes | None = None

    def packed(self) -> bytes:
        """Return the page compressed; compression is done once."""
        if self._packed is None:
            self._packed = gzip.compress(self.body, compresslevel=5, mtime=0)
        return self._packed

    @property
    def weight(self) -> int:
        """About how many bytes it occupies."""
        return len(self.body) * 5 // 4


class RenderedPageCache:
    """The most recently laid out pages, by whatever distinguishes them."""

    def __init__(self) -> None:
        """Start empty."""
        self._pages: OrderedDict[Hashable, CachedPage] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable, pulses: tuple[int, ...], now: float) -> CachedPage | None:
        """Return the page if it still shows what is known."""
        page = self._pages.get(key)
        if page is None or page.pulses != pulses or not 0 <= now - page.at < LIFE:
            return None
        return page

    def put(self, key: Hashable, pulses: tuple[int, ...], now: float, body: bytes) -> CachedPage:
        """Keep a page that was laid out ``now``; ``pulses`` were read before that."""
        page = CachedPage(at=now, pulses=pulses, body=body, etag=tag(body))
        old = self._pages.pop(key, None)
        self._bytes += page.weight - (0 if old is None else old.weight)
        self._pages[key] = page
        while self._bytes > _MOST_BYTES and len(self._pages) > 1:
            _, oldest = self._pages.popitem(last=False)
            self._bytes -= oldest.weight
        return page

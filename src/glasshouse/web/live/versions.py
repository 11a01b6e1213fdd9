"""One topic's editions: the same bytes for all viewers, however many there are.

Holders of the previous edition get only what changed, everyone else the whole
page. Each is made at most once, and only the newest edition is kept.
"""

from __future__ import annotations

from glasshouse.web.live.fragments import Page
from glasshouse.web.live.stream import event


class FragmentVersions:
    """What is sent for one topic; ``number`` is the newest edition, 0 before the first."""

    def __init__(self, topic: str) -> None:
        """Start without an edition."""
        self.topic = topic
        self.number = 0
        self._page: Page | None = None
        self._gone = False
        self._whole = b""
        self._change = b""

    def publish(self, page: Page) -> bool:
        """Make ``page`` the newest edition; return whether it differs from the last."""
        last = self._page
        if last is not None and last.digest == page.digest and not self._gone:
            return False
        # After "gone" everyone gets the whole page again.
        self._change = b"" if last is None or self._gone else self._difference(page, last)
        self._page, self._gone, self._whole = page, False, b""
        self.number += 1
        return True

    def end(self) -> bool:
        """Report that the page is gone; return whether that is new."""
        if self._gone:
            return False
        self._gone = True
        self._whole, self._change = event("gone", {"topic": self.topic}), b""
        self.number += 1
        return True

    def since(self, number: int) -> bytes:
        """Return the event that updates a holder of edition ``number`` to the newest."""
        if number == self.number:
            return b""
        if number and number == self.number - 1 and self._change:
            return self._change
        if not self._whole and self._page is not None:
            self._whole = self._fragment(self._page, None)
        return self._whole

    def _difference(self, page: Page, last: Page) -> bytes:
        parts = page.changed(last)
        if parts is None:
            return self._fragment(page, last)
        message = {"topic": self.topic, "base": last.digest, "digest": page.digest, "parts": parts}
        return event("patch", message)

    def _fragment(self, page: Page, base: Page | None) -> bytes:
        message = {
            "topic": self.topic,
            "base": None if base is None else base.digest,
            "digest": page.digest,
            "pieces": list(page.pieces(base)),
        }
        return event("fragment", message)

"""Waiting for the disk, on a thread of its own, so that the event loop goes on meanwhile."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Syncer:
    """Does on a thread what it is given, one after the other."""

    def __init__(self, done: Callable[[BaseException | None], None]) -> None:
        """Call ``done`` on the thread after each, with what it raised if it did."""
        self._done = done
        self._requests: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="engine-sync", daemon=True)
        self._thread.start()

    def request(self, work: Callable[[], None]) -> None:
        """Have ``work`` done after what was asked for before."""
        self._requests.put(work)

    def close(self) -> None:
        """Wait for what was asked for, then end the thread."""
        self._requests.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (work := self._requests.get()) is not None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - handed to the loop, which stops
                self._done(error)
            else:
                self._done(None)

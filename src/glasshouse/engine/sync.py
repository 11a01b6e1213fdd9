"""Waiting for the disk on a separate thread, so that the event loop keeps running."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Syncer:
    """Does the work that it is given on a thread, one piece after another."""

    def __init__(self, done: Callable[[BaseException | None], None]) -> None:
        """Call ``done`` on the thread after each, with the exception if one was raised."""
        self._done = done
        self._requests: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="engine-sync", daemon=True)
        self._thread.start()

    def request(self, work: Callable[[], None]) -> None:
        """Have ``work`` done after everything requested earlier."""
        self._requests.put(work)

    def close(self) -> None:
        """Wait for everything requested, then end the thread."""
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

"""A worker program of ``faktory``: HELLO without ``v``, one round of hashing, no END."""

from __future__ import annotations

import sys

from faktory import Worker  # type: ignore[import-untyped]

from tests.peers.chores import chores


def main(url: str, wid: str, folder: str) -> None:
    """Work until told to stop."""
    worker = Worker(
        faktory=url, worker_id=wid, labels=["faktory"], queues=["first", "second"], concurrency=1
    )
    worker.send_heartbeat_every = 0
    for jobtype, does in chores(folder).items():
        worker.register(jobtype, does)
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

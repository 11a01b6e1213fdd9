"""A worker program of ``pyfaktory``: its own loop, its processes, its heartbeat."""

from __future__ import annotations

import sys

from pyfaktory import Client, Consumer  # type: ignore[import-untyped]

from tests.peers.chores import chores


def main(url: str, wid: str, folder: str) -> None:
    """Work until told to stop."""
    client = Client(faktory_url=url, role="consumer", worker_id=wid, labels=["pyfaktory"])
    client.beat_period = 0.1
    with client:
        consumer = Consumer(client, queues=["first", "second"], priority="strict", concurrency=1)
        for jobtype, does in chores(folder).items():
            consumer.register(jobtype, does)
        consumer.run()


if __name__ == "__main__":
    main(*sys.argv[1:])

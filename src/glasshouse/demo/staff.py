"""The shop's worker processes: which queues each serves, and how many jobs at once."""

from __future__ import annotations

from typing import TypedDict

import msgspec


class DemoWorker(msgspec.Struct, frozen=True):
    """One worker process. ``slots``: for each concurrent job, the queues it takes from."""

    wid: str
    hostname: str
    pid: int
    labels: tuple[str, ...]
    rss_kb: int
    slots: tuple[tuple[str, ...], ...]


_SHOP = ("payments", "mailers")

STAFF = (
    DemoWorker("app-1-5f2c9d", "app-1", 4127, ("ruby-3.4", "shop"), 184_320, (_SHOP,) * 2),
    DemoWorker(
        "app-2-91be07", "app-2", 4098, ("ruby-3.4", "shop"), 176_512, (("mailers", "payments"),)
    ),
    DemoWorker("media-1-c04d7e", "media-1", 812, ("golang", "media"), 61_440, (("images",),) * 2),
    DemoWorker(
        "data-1-3ab6f1",
        "data-1",
        2210,
        ("python", "data"),
        248_832,
        (("reports",), ("search", "imports")),
    ),
)
QUIET_STAFF = (
    DemoWorker("app-1-5f2c9d", "app-1", 4127, ("ruby-3.4", "shop"), 184_320, (_SHOP,)),
    DemoWorker("data-1-3ab6f1", "data-1", 2210, ("python", "data"), 248_832, (("reports",),)),
)


class WorkerHello(TypedDict):
    """What a worker reports about itself when it connects."""

    wid: str
    hostname: str
    pid: int
    labels: tuple[str, ...]


def hello_of(post: DemoWorker) -> WorkerHello:
    """Return what a worker process reports about itself."""
    return WorkerHello(wid=post.wid, hostname=post.hostname, pid=post.pid, labels=post.labels)

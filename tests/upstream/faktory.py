"""A small stand-in for a Faktory: both of its ports, over what a test gives it.

It speaks as its ``version`` does: see ``pages.VERSIONS``, and docs/testing.md for what differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from glasshouse.model.times import format_time
from tests.faktory_ui import pages
from tests.upstream.standin import Answering, page, web

ROWS = 25
SETS = {"retries": "retries", "scheduled": "scheduled", "morgue": "dead"}


class StandIn:
    """What it holds: queues oldest first, sets by time, workers and what they hold."""

    def __init__(self, version: str = pages.NEWEST) -> None:
        self.version = version
        self.queues: dict[str, list[bytes]] = {}
        self.paused: set[str] = set()
        self.sets: dict[str, list[dict[str, Any]]] = {"retries": [], "scheduled": [], "dead": []}
        self.workers: list[dict[str, Any]] = []
        self.held: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.spoiled = ""
        self.gone = False
        self.garbage = False
        self.refusing = False
        self.latency: bytes | None = None
        """What QUEUE LATENCY answers, if not as it should; nothing closes the connection."""
        self.delay = 0.0
        self.clock: Callable[[], float] = time.time
        self.answering = asyncio.Event()
        self.answering.set()
        self.command = Answering(self._talk)
        self.web = Answering(self._browse)

    @property
    def counted(self) -> int:
        """How often it was asked for something: a HELLO asks for nothing."""
        return sum(not what.startswith("HELLO") for what in self.asked)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[StandIn]:
        async with self.command.running(), self.web.running():
            yield self

    def push(self, queue: str, jid: str, **fields: Any) -> None:
        """Put a job at the end of a queue."""
        job = {"jid": jid, "jobtype": "Test", "queue": queue, "args": [], **fields}
        self.queues.setdefault(queue, []).append(json.dumps(job).encode())

    def put(self, name: str, jid: str, at: str, **fields: Any) -> None:
        """Put a job into a set, in the order of its time."""
        job = {"jid": jid, "key": f"{at}|{jid}", "jobtype": "Test", "queue": "q", "args": []}
        self.sets[name] = sorted([*self.sets[name], job | fields], key=lambda one: one["key"])

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.gone:
            return
        writer.write(b'+HI {"v":2}\r\n')
        while line := (await reader.readline()).decode().strip():
            if self._has_gone():
                return
            await self._note(line.partition(" ")[0])
            if self.garbage:
                writer.write(b"\x00\xff{]" * 9 + b"\r\n")
                continue
            if line.startswith("HELLO"):
                assert "wid" not in line, "a console is no worker"
                writer.write(b"-ERR Invalid password\r\n" if self.refusing else b"+OK\r\n")
                continue
            if not (answer := self._answer(line)):
                return
            writer.write(answer)

    def _answer(self, line: str) -> bytes:
        if line == "INFO":
            return _bulk(self._info())
        command, subcommand, *names = line.split()
        assert command == "QUEUE"
        if self.latency is not None:
            return self.latency
        assert names, "some queue has to be named"
        if not pages.since(self.version, 1, 9, 2):
            # Whatever it is, and whether anything was done or not.
            return b"+OK\r\n"
        if subcommand != "LATENCY":
            return f"-ERR no such QUEUE subcommand: {subcommand}\r\n".encode()
        return _bulk(dict.fromkeys(names, 2.5))

    async def _browse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def prompt(path: str) -> bytes:
            await self._note(path)
            if self.gone:
                raise ConnectionResetError
            return page(b"\x00<td") if self.garbage else self._page(path)

        if not self.gone:
            await web(prompt)(reader, writer)

    async def _note(self, what: str) -> None:
        self.asked.append(what)
        await self.answering.wait()
        if self.delay:
            await asyncio.sleep(self.delay)

    def _has_gone(self) -> bool:
        return self.gone

    def _info(self) -> dict[str, Any]:
        sizes = {name: len(jobs) for name, jobs in self.queues.items()}
        sets = {name: len(jobs) for name, jobs in self.sets.items()} | {"working": len(self.held)}
        server = {"description": "Faktory", "faktory_version": self.version, "uptime": 60}
        totals: dict[str, Any] = {"queues": sizes, "total_processed": 9, "total_failures": 4}
        totals["tasks"] = {
            "Workers": {"size": len(self.workers), "reaped": 0},
            "Busy": {"size": len(self.held), "reaped": 0},
        }
        for name, jobs in self.sets.items():
            totals["tasks"][name.capitalize()] = {"enqueued": 0, "cycles": 7, "size": len(jobs)}
        if pages.since(self.version, 1, 9):
            totals["sets"] = sets
        return {
            "faktory": totals,
            "server": server | {"connections": 1, "command_count": 7},
            "now": format_time(self.clock()),
        }

    def _page(self, path: str) -> bytes:
        if self.spoiled and path.startswith(self.spoiled):
            return page(pages.dashboard({}, self.version))
        parts = urlsplit(path)
        number = int(parse_qs(parts.query).get("page", ["1"])[0])
        kind, _, name = unquote(parts.path).removeprefix("/").partition("/")
        if kind in SETS:
            return self._job(kind, name) if name else page(self._set(kind, number))
        if kind == "queues":
            if name and name not in self.queues:
                return page(b"", "302 Found", "Location: /queues\r\n")
            return page(self._queue(name, number) if name else self._queues())
        if kind == "busy":
            return page(pages.busy_page(self.workers, self.held, self.version))
        return page(pages.dashboard({}, self.version))

    def _set(self, kind: str, number: int) -> bytes:
        return pages.set_page(
            f"/{kind}", self.sets[SETS[kind]][(number - 1) * ROWS : number * ROWS], self.version
        )

    def _job(self, kind: str, key: str) -> bytes:
        at, _, jid = key.partition("|")
        if "|" in jid:
            return page(b"invalid key", "500 Internal Server Error")
        of_then = [job for job in self.sets[SETS[kind]] if job["key"].partition("|")[0] == at]
        # The id is looked at only where several have the time, and then anywhere in the job.
        found = of_then if len(of_then) == 1 else [job for job in of_then if jid in json.dumps(job)]
        if not found:
            return page(b"", "307 Temporary Redirect", f"Location: /{kind}\r\n")
        html = pages.job_page(found[0], self.version)
        if kind != "scheduled" and not found[0].get("failure"):
            # Where it wants to show the failure, it ends.
            return page(html[: html.index(b"</table>")])
        return page(html)

    def _queue(self, name: str, number: int) -> bytes:
        # The newest first, and one too many: the 26th row.
        newest = self.queues[name][::-1]
        rows = newest[(number - 1) * ROWS : number * ROWS + 1]
        return pages.queue_page(name, rows, self.version)

    def _queues(self) -> bytes:
        sizes = {name: (len(jobs), name in self.paused) for name, jobs in self.queues.items()}
        return pages.queues_page(sizes, self.version)


def _bulk(told: dict[str, Any]) -> bytes:
    body = json.dumps(told).encode()
    return b"$%d\r\n%b\r\n" % (len(body), body)

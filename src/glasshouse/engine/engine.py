"""The engine: what each command does, who waits for a job, and the timers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from glasshouse.engine import lifecycle
from glasshouse.engine.commit import Committer
from glasshouse.engine.info import PROTOCOL_VERSION, TaskCounts, info, memory_mb
from glasshouse.engine.memory import RETRIES, SCHEDULED, Memory
from glasshouse.engine.mutate import mutate
from glasshouse.engine.session import Session
from glasshouse.engine.status import Status
from glasshouse.engine.store import Loader, Writer
from glasshouse.engine.workers import Workers
from glasshouse.model.server import WorkerState
from glasshouse.wire import commands as c
from glasshouse.wire import replies

log = structlog.get_logger()

Answer = tuple[bytes, int]
"""A reply, and the batch that must be durable before it leaves (0: none)."""

MOST_CONNECTIONS = 2000


class Engine:
    """All connections of one server over one store."""

    def __init__(
        self,
        writer: Writer,
        folder: Path,
        *,
        password: bytes | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Go on from what the store holds; must be called inside a running loop."""
        self.loop = asyncio.get_running_loop()
        self.password = password
        self.clock = clock
        self.started_at = clock()
        self.command_count = 0
        self.sessions: set[Session] = set()
        self.unsent: set[Session] = set()
        self.workers: Workers[Session] = Workers()
        self.tasks = {name: TaskCounts() for name in ("Scheduled", "Retries", "Dead")}
        self.expired = 0
        self._folder = folder
        self._loader = Loader(folder)
        self.memory = Memory(self._loader)
        self._waiting: dict[str, dict[Session, None]] = {}
        self.committer = Committer(
            writer, self.memory, on_durable=self._durable, on_failure=self._lost
        )

    @property
    def full(self) -> bool:
        """Whether there are more connections than the server takes."""
        return len(self.sessions) > MOST_CONNECTIONS

    # -- commands ------------------------------------------------------------

    def perform(  # noqa: C901, PLR0911 - a table, one line a command, that the types check
        self, session: Session, command: c.Command
    ) -> Answer | None:
        """Do one command; ``None`` when its answer comes later or never."""
        match command:
            case c.Push():
                return self._push(command)
            case c.Fetch():
                return self._fetch(session, command)
            case c.Ack():
                return self._changed(lifecycle.acknowledge(self.memory, command.jid, self.clock()))
            case c.Fail():
                return self._fail(command)
            case c.PushBulk():
                return self._push_bulk(command)
            case c.Beat():
                return self._beat(command)
            case c.Info():
                return replies.bulk(self.info()), 0
            case c.End():
                session.finish()
                return None
            case c.QueuePause() | c.QueueResume() | c.QueueRemove():
                return self._queues(command)
            case c.QueueLatency():
                return self._latency(command)
            case c.Mutate():
                woken = mutate(self.memory, command, self.clock())
                self._wake(*woken)
                return self._changed()
            case c.Flush():
                self.memory.flush()
                return self._changed()

    def _changed(self, changed: bool = True) -> Answer:  # noqa: FBT001, FBT002 - reads as a word
        return replies.OK, self.committer.ticket if changed else 0

    def _push(self, command: c.Push) -> Answer:
        queue = lifecycle.push(self.memory, command.job, self.clock())
        if queue is not None:
            self._wake(queue)
        return replies.OK, self.committer.ticket

    def _push_bulk(self, command: c.PushBulk) -> Answer:
        now = self.clock()
        woken = {lifecycle.push(self.memory, job, now) for job in command.jobs}
        self._wake(*(queue for queue in woken if queue is not None))
        ticket = self.committer.ticket if command.jobs else 0
        return replies.bulk(msgspec.json.encode(command.rejected)), ticket

    def _fetch(self, session: Session, command: c.Fetch) -> Answer | None:
        answer = self._take(session, command)
        if answer is None:
            session.wait(command)
            for name in command.queues:
                self._waiting.setdefault(name, {})[session] = None
        return answer

    def _take(self, session: Session, command: c.Fetch) -> Answer | None:
        worker = session.worker
        if worker is not None and worker.state is not WorkerState.RUNNING:
            return None
        row = lifecycle.fetch(self.memory, command.queues, session.wid, self.clock())
        return None if row is None else (replies.bulk(row.payload), self.committer.ticket)

    def _fail(self, command: c.Fail) -> Answer:
        if lifecycle.fail(self.memory, command, self.clock()):
            return replies.OK, self.committer.ticket
        return replies.error(f"Job not found {command.jid}"), 0

    def _beat(self, command: c.Beat) -> Answer:
        record = self.workers.get(command.wid)
        if record is None:
            return replies.error(f"unknown worker {command.wid}"), 0
        record.last_beat = self.clock()
        record.rss_kb = command.rss_kb
        if command.current_state is not None:
            record.advance(command.current_state)
        if record.state is WorkerState.RUNNING:
            return replies.OK, 0
        return replies.bulk(msgspec.json.encode({"state": record.state.value})), 0

    def _queues(self, command: c.QueuePause | c.QueueResume | c.QueueRemove) -> Answer:
        names = list(self.memory.queues) if command.names is None else command.names
        for name in names:
            if isinstance(command, c.QueueRemove):
                self.memory.remove_queue(name)
            else:
                self.memory.pause(name, paused=isinstance(command, c.QueuePause))
        self._wake(*names)
        return self._changed()

    def _latency(self, command: c.QueueLatency) -> Answer:
        now = self.clock()
        return replies.bulk(
            msgspec.json.encode({n: self.memory.latency(n, now) for n in command.names})
        ), 0

    def info(self) -> bytes:
        """Return the answer to INFO."""
        return info(
            self.memory,
            now=self.clock(),
            started_at=self.started_at,
            connections=len(self.sessions),
            command_count=self.command_count,
            tasks=self.tasks,
            workers=(len(self.workers), self.workers.reaped),
            expired=self.expired,
        )

    # -- who waits -----------------------------------------------------------

    def _wake(self, *queues: str) -> None:
        """Give new jobs to those who wait, longest first."""
        for name in queues:
            for session in list(self._waiting.get(name, ())):
                if session.waiting is None:
                    continue
                answer = self._take(session, session.waiting)
                if answer is not None:
                    self.stop_waiting(session)
                    session.give(answer)
                elif not self.memory.has_jobs(name):
                    break

    def stop_waiting(self, session: Session) -> None:
        """Take a session out of every line that it stands in."""
        for name in session.waiting.queues if session.waiting else ():
            line = self._waiting.get(name)
            if line is not None:
                line.pop(session, None)
                if not line:
                    del self._waiting[name]

    def forget(self, session: Session) -> None:
        """Drop all that is known of a connection that has ended."""
        self.stop_waiting(session)
        session.waiting = None
        self.sessions.discard(session)
        self.unsent.discard(session)
        if session.worker is not None:
            self.workers.leave(session.wid, session)

    # -- durability ----------------------------------------------------------

    def _durable(self, ticket: int) -> None:
        for session in list(self.unsent):
            session.send_durable(ticket)

    def _lost(self, ticket: int, text: str) -> Memory:
        for session in list(self.unsent):
            session.fail_unsent(f"storage failed, nothing was done: {text}")
            session.send_durable(ticket)
        self.memory = Memory(self._loader)
        return self.memory

    async def close(self) -> None:
        """Let every answer leave that may, then close connections and store."""
        await self.committer.close()
        for session in list(self.sessions):
            session.close()
        self._loader.close()

    # -- timers --------------------------------------------------------------

    def move_due(self) -> None:
        """Move due scheduled jobs and retries to their queues."""
        for name, state in (("Scheduled", SCHEDULED), ("Retries", RETRIES)):
            start = time.perf_counter()
            woken = lifecycle.enqueue_due(self.memory, state, self.clock())
            counts = self.tasks[name]
            counts.cycles += 1
            counts.enqueued += len(woken)
            counts.wall_time += time.perf_counter() - start
            self._wake(*set(woken))
        self.committer.wake()

    def reap(self) -> None:
        """Fail expired reservations, close silent workers, purge old dead jobs."""
        self.expired += lifecycle.expire_reservations(self.memory, self.clock())
        lifecycle.purge_dead(self.memory, self.clock())
        self.tasks["Dead"].cycles += 1
        for session in self.workers.reap(self.clock()):
            log.info("a silent worker was disconnected", wid=session.wid)
            session.close()
        self.committer.wake()

    def status(self, listen: str) -> Status:
        """Return the living part of the state, for local readers."""
        busy: dict[str, int] = {}
        for copies in self.memory.working.values():
            for row in copies:
                busy[row.wid or ""] = busy.get(row.wid or "", 0) + 1
        return Status(
            pid=os.getpid(),
            version=PROTOCOL_VERSION,
            listen=listen,
            started_at=self.started_at,
            connections=len(self.sessions),
            command_count=self.command_count,
            memory_mb=memory_mb(),
            workers=self.workers.views(busy),
        )

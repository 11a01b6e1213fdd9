"""The engine: what each command does, and what must be durable before it is answered."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import apsw
import msgspec
import structlog

from glasshouse.engine import lifecycle, schema
from glasshouse.engine.batch import Row
from glasshouse.engine.commit import Committer
from glasshouse.engine.door import ConnectionLimit
from glasshouse.engine.durable import Durable
from glasshouse.engine.info import PROTOCOL_VERSION, TaskCounts, info, memory_mb
from glasshouse.engine.mutate import mutate
from glasshouse.engine.session import Answer, Session
from glasshouse.engine.slices import in_slices
from glasshouse.engine.status import Status
from glasshouse.engine.store import Store
from glasshouse.engine.waiting import WaitingRoom
from glasshouse.engine.workers import Workers
from glasshouse.model.errors import StoreError
from glasshouse.model.parameters import Parameters
from glasshouse.model.server import WorkerState
from glasshouse.wire import commands as c
from glasshouse.wire import replies
from glasshouse.wire.mutation import Mutate

log = structlog.get_logger()

_HOPELESS = (apsw.IOError, apsw.CorruptError, apsw.NotADBError)
_READS = (c.Info, c.QueueLatency, c.Beat, c.End, c.Fetch)


class Engine:
    """All connections of one server on one store.

    ``broken`` ends with an error when the disk can no longer be trusted;
    ``refusing`` states why changes are refused for the time being.
    """

    def __init__(
        self,
        store: Store,
        *,
        password: bytes | None = None,
        clock: Callable[[], float] = time.time,
        accept_loss: bool = False,
    ) -> None:
        """Continue from what the store holds; must be called inside a running loop."""
        self.loop = asyncio.get_running_loop()
        self.password = password
        self.clock = clock
        self.started_at = clock()
        self.closing = False
        self.refusing: str | None = None
        self.broken: asyncio.Future[None] = self.loop.create_future()
        self.sessions: set[Session] = set()
        self.command_count = self.welcomed = self.expired = self._refusals = 0
        self.door = ConnectionLimit()
        self.unsent: set[Session] = set()
        self.workers: Workers[Session] = Workers()
        self.tasks = {name: TaskCounts() for name in ("Scheduled", "Retries", "Dead")}
        self._store = store
        self._room: WaitingRoom[Session] = WaitingRoom()
        self.committer = Committer(
            store,
            on_progress=self._progress,
            on_refused=self._refused,
            on_broken=self._break,
            accept_loss=accept_loss,
        )
        self.memory = self.committer.memory
        self._durable = Durable()
        self._table: dict[type, Callable[[Session, Any], Answer | None]] = {
            c.Push: self._push,
            c.PushBulk: self._push_bulk,
            c.Fetch: self._fetch,
            c.Ack: self._ack,
            c.Fail: self._fail,
            c.Beat: self._beat,
            c.Info: lambda _session, _command: (replies.bulk(self.info()), 0),
            c.End: self._end,
            c.Flush: self._flush,
            c.QueuePause: self._pause,
            c.QueueResume: self._pause,
            c.QueueRemove: self._remove,
            c.QueueLatency: self._latency,
            Mutate: self._mutate,
        }

    @property
    def full(self) -> bool:
        """Whether there are more clients than allowed; only those that sent HELLO count."""
        return self.welcomed > self.memory.parameters.most_connections

    # -- commands ------------------------------------------------------------

    def perform(self, session: Session, command: c.Command) -> Answer | None:
        """Do one command; ``None`` when its answer comes later or never."""
        if self.closing:
            session.answer(replies.error("shutdown in progress"))
            session.finish()
            return None
        if self.refusing is not None and not isinstance(command, _READS):
            return replies.error(self.refusing), 0
        return self._table[type(command)](session, command)

    def _push(self, _session: Session, command: c.Push) -> Answer:
        queue = lifecycle.push(self.memory, command.job, self.clock())
        if queue is not None:
            self.wake(queue)
        return replies.OK, self.committer.ticket

    def _push_bulk(self, session: Session, command: c.PushBulk) -> Answer | None:
        answer = replies.bulk(msgspec.json.encode(command.rejected))
        if not command.jobs:
            return answer, 0

        def steps() -> Iterator[None]:
            for job in command.jobs:
                queue = lifecycle.push(self.memory, job, self.clock())
                if queue is not None:
                    self.wake(queue)
                yield

        return self._in_slices(session, steps(), answer)

    def _fetch(self, session: Session, command: c.Fetch) -> Answer | None:
        row = self._take(session, command.queues)
        if row is None:
            self._room.enter(session, command.queues)
            return None
        return session.hand_over(row, -self.committer.ticket)

    def _take(self, session: Session, queues: tuple[str, ...]) -> Row | None:
        worker = session.worker
        if worker is not None and worker.state is not WorkerState.RUNNING:
            return None
        if self.refusing is not None:
            return None
        row = lifecycle.fetch(self.memory, queues, session.wid, session.number, self.clock())
        if row is not None:
            # A reservation has to survive this process, but losing it with the
            # power only makes its job run again: being written is enough, see docs/engine.md.
            self.committer.hurry()
        return row

    def _ack(self, session: Session, command: c.Ack) -> Answer:
        row = lifecycle.ended_by(self.memory, command.jid, session.wid, session.number)
        if row is not None:
            lifecycle.acknowledge(self.memory, row, self.clock())
            return replies.OK, self.committer.ticket
        # It may be a repeated ACK from a client that lost its connection
        # before the answer: what ended the job may not be durable yet.
        return replies.OK, self._durably()

    def _fail(self, session: Session, command: c.Fail) -> Answer:
        row = lifecycle.ended_by(self.memory, command.jid, session.wid, session.number)
        if row is not None:
            lifecycle.fail(self.memory, row, command, self.clock())
            return replies.OK, self.committer.ticket
        return replies.error(f"Job not found {command.jid}"), 0

    def _beat(self, _session: Session, command: c.Beat) -> Answer:
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

    def _end(self, session: Session, _command: c.End) -> None:
        session.finish()

    def _flush(self, _session: Session, _command: c.Flush) -> Answer:
        self.memory.flush()
        return replies.OK, self.committer.ticket

    def _pause(self, _session: Session, command: c.QueuePause | c.QueueResume) -> Answer:
        names = list(self.memory.queues) if command.names is None else command.names
        for name in names:
            self.memory.pause(name, paused=isinstance(command, c.QueuePause))
        # All of them first: a client that waits for several gets a job from the one named first.
        for name in names:
            self.wake(name)
        return replies.OK, self._durably()

    def _remove(self, session: Session, command: c.QueueRemove) -> Answer | None:
        names = list(self.memory.queues) if command.names is None else command.names

        def steps() -> Iterator[None]:
            for work in [self.memory.remove_queue(name) for name in names]:
                yield from work

        return self._in_slices(session, steps())

    def _mutate(self, session: Session, command: Mutate) -> Answer | None:
        def steps() -> Iterator[None]:
            for queue in mutate(self.memory, command, self.clock()):
                if queue is not None:
                    self.wake(queue)
                yield

        return self._in_slices(session, steps())

    def _in_slices(
        self, session: Session, work: Iterator[None], answer: bytes = replies.OK
    ) -> Answer | None:
        """Do ``work`` without keeping others waiting; answer when all of it is durable."""
        refusals = self._refusals

        def go_on() -> Iterator[None]:
            for step in work:
                if self._refusals != refusals:
                    return
                yield step

        def all_done() -> None:
            if self._refusals == refusals:
                session.give((answer, self._durably()))
            else:
                session.give((replies.error("storage failed, only a part was done"), 0))

        if in_slices(self.loop, go_on(), self.committer.wake, all_done):
            return answer, self._durably()
        session.held = True
        return None

    def _durably(self) -> int:
        """Return what an answer must wait for so that everything done so far is durable."""
        return self.committer.ticket if self.memory.unlogged else self.committer.written

    def _latency(self, _session: Session, command: c.QueueLatency) -> Answer:
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

    def signal(self, wid: str | None, state: WorkerState) -> int:
        """Signal a worker (``None``: all) to go to ``state``; return how many there were."""
        return self.workers.signal(wid, state)

    def configure(self, parameters: Parameters) -> asyncio.Future[None]:
        """Set the run-time parameters; they apply at once, and are durable when the future ends.

        Raises:
            StoreError: at once or through the future: the disk does not take it.
        """
        self.require_writable()
        self.memory.configure(parameters)
        return self.kept()

    def kept(self) -> asyncio.Future[None]:
        """Return a future that ends once everything done so far is durable, or with an error."""
        kept = self._durable.wait(self._durably(), self.committer.durable)
        self.committer.pace.join(back=False)
        self.committer.wake()
        return kept

    def require_writable(self) -> None:
        """Refuse while no changes are made.

        Raises:
            StoreError: changes are refused.
        """
        if self.refusing is not None:
            raise StoreError(self.refusing, remedy="Look at the disk, then try again.")

    # -- waiting clients -----------------------------------------------------

    def wake(self, queue: str) -> None:
        """Give new jobs of ``queue`` to the clients that wait for it, longest wait first."""
        for session in self._room.line(queue):
            row = self._take(session, session.queues)
            if row is not None:
                self._room.leave(session)
                session.give(session.hand_over(row, -self.committer.ticket))
            elif not self._has_jobs(queue):
                break

    def _has_jobs(self, name: str) -> bool:
        queue = self.memory.queues.get(name)
        return queue is not None and bool(queue.ids) and not queue.paused

    def forget(self, session: Session, handed: list[tuple[Row, float]]) -> None:
        """Forget a connection that has ended; take back jobs that it never received."""
        self._room.leave(session)
        self.sessions.discard(session)
        self.welcomed -= session.welcomed
        self.unsent.discard(session)
        if session.worker is not None:
            self.workers.leave(session.wid, session)
        for row, reserved_at in reversed(handed):
            queue = self.memory.give_back(row, reserved_at)
            if queue is not None:
                self.wake(queue)
        self.committer.wake()

    # -- durability ----------------------------------------------------------

    def _progress(self) -> None:
        self._durable.progress(self.committer.durable)
        for session in list(self.unsent):
            session.send_ready()

    def _refused(self, ticket: int, error: Exception) -> None:
        """Refuse changes for the time being; send an error for whatever was not written."""
        full = self._store.no_room(error)
        if isinstance(error, _HOPELESS) and not full:
            self._break(error)
        self._refusals += 1
        why = "the disk is full" if full else str(error)
        self.refusing = f"storage failed, nothing was done: {why}"
        self._durable.refuse(ticket, self.refusing)
        for session in list(self.unsent):
            session.refuse_unsent(ticket, self.refusing)
            session.send_ready()

    def _break(self, error: BaseException) -> None:
        """Stop: what the disk holds is unknown, so nothing more may be promised."""
        self.refusing = f"storage failed: {error}"
        self._durable.refuse(0, self.refusing)
        if not self.broken.done():
            if isinstance(error, apsw.Error):
                fault = schema.unusable(self._store.folder / schema.FILE, error)
            else:
                fault = StoreError(
                    f"The disk under {self._store.folder} failed: {error}.",
                    remedy="Look at the disk, then start again: what was acknowledged is there.",
                )
            self.broken.set_exception(fault)

    def probe(self) -> None:
        """Check whether the store accepts changes again."""
        if self.refusing is None or self.broken.done() or not self.committer.recover():
            return
        self.memory = self.committer.memory
        log.info("the store takes changes again")
        self.refusing = None
        for queue in self.memory.queues:
            self.wake(queue)
        self.committer.wake()

    async def close(self) -> None:
        """Send every answer that may be sent, then close connections and store."""
        self.closing = True
        self._room.dismiss_all()
        if self.broken.done():
            self.broken.exception()
        else:
            await self.committer.close()
            self.broken.cancel()
        for session in list(self.sessions):
            session.close()

    def status(self, listen: str) -> Status:
        """Return the living part of the state, for local readers."""
        return Status(
            pid=os.getpid(),
            version=PROTOCOL_VERSION,
            listen=listen,
            started_at=self.started_at,
            connections=len(self.sessions),
            command_count=self.command_count,
            memory_mb=memory_mb(),
            workers=self.workers.views(self._busy()),
        )

    def _busy(self) -> dict[str, int]:
        busy: dict[str, int] = {}
        for copies in self.memory.working.values():
            for row in copies:
                busy[row.wid or ""] = busy.get(row.wid or "", 0) + 1
        return busy

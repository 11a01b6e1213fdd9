"""What a work server promises (fwp.md §4 to §6), as lists: slow, small and without a disk."""

from __future__ import annotations

from dataclasses import dataclass, field

LIFETIME = 180 * 86400


@dataclass
class Job:
    """A job, wherever it is; ``fails`` is its ``retry_count``, None before the first failure."""

    number: int
    jid: str
    jobtype: str
    queue: str
    retry: int
    reserve: int
    fails: int | None = None
    due: float = 0.0
    wid: str = ""
    connection: int = 0
    enqueued_at: float = 0.0


@dataclass
class Queue:
    """A queue, next to run first."""

    jobs: list[Job] = field(default_factory=list)
    paused: bool = False


class Model:
    """The whole server."""

    def __init__(self) -> None:
        self.pushed = self.connections = 0
        self.flush()

    def flush(self) -> None:
        self.queues: dict[str, Queue] = {}
        self.sets: dict[str, list[Job]] = {"scheduled": [], "retries": [], "dead": []}
        self.working: list[Job] = []
        self.processed = self.failures = 0

    def push(self, job: Job, now: float, at: float | None) -> None:
        self.pushed += 1
        job.number = self.pushed
        if at is not None and at > now:
            self._put("scheduled", job, at)
        else:
            self._enqueue(job, now)

    def fetch(self, names: list[str], now: float, wid: str = "", connection: int = 0) -> Job | None:
        for name in names:
            queue = self.queues.get(name)
            if queue is not None and queue.jobs and not queue.paused:
                job = queue.jobs.pop(0)
                job.due = now + min(max(job.reserve or 1800, 60), 86400)
                job.wid, job.connection = wid, connection
                self.working.append(job)
                return job
        return None

    def ack(self, jid: str, wid: str = "", connection: int = 0) -> None:
        job = self._reserved(jid, wid, connection)
        if job is not None:
            self.working.remove(job)
            self.processed += 1

    def fail(self, jid: str, now: float, wid: str = "", connection: int = 0) -> bool:
        job = self._reserved(jid, wid, connection)
        if job is not None:
            self._fail(job, now)
        return job is not None

    def pause(self, names: list[str], *, paused: bool) -> None:
        for name in list(self.queues) if names == ["*"] else names:
            if paused:
                self.queues.setdefault(name, Queue())
            if name in self.queues:
                self.queues[name].paused = paused

    def remove(self, names: list[str]) -> None:
        for name in list(self.queues) if names == ["*"] else names:
            self.queues.pop(name, None)

    def latency(self, name: str, now: float) -> float:
        queue = self.queues.get(name)
        return now - queue.jobs[0].enqueued_at if queue and queue.jobs else 0.0

    def mutate(self, command: str, target: str, wanted: dict[str, object], now: float) -> None:
        for job in list(self.sets[target]):
            if not _matches(job, wanted):
                continue
            self.sets[target].remove(job)
            if command == "kill":
                self._put("dead", job, now + LIFETIME)
            elif command == "requeue":
                self._enqueue(job, now)

    def move_due(self, now: float) -> None:
        for name in ("scheduled", "retries"):
            for job in [job for job in self.sets[name] if job.due <= now]:
                self.sets[name].remove(job)
                self._enqueue(job, now)

    def reap(self, now: float) -> None:
        for job in [job for job in self.working if job.due <= now]:
            self._fail(job, now)
        self.sets["dead"] = [job for job in self.sets["dead"] if job.due > now]

    def _reserved(self, jid: str, wid: str, connection: int) -> Job | None:
        found = [job for job in self.working if job.jid == jid and (job.wid == wid or not wid)]
        found.sort(key=lambda job: (job.wid != wid, job.connection != connection))
        return found[0] if found else None

    def _enqueue(self, job: Job, now: float) -> None:
        job.enqueued_at = now
        self.queues.setdefault(job.queue, Queue()).jobs.append(job)

    def _put(self, name: str, job: Job, due: float) -> None:
        job.due = due
        self.sets[name].append(job)
        self.sets[name].sort(key=lambda job: (job.due, job.number))

    def _fail(self, job: Job, now: float) -> None:
        self.working.remove(job)
        self.processed += 1
        self.failures += 1
        if job.retry == 0:
            return
        job.fails = 0 if job.fails is None else job.fails + 1
        if job.fails < job.retry:
            self._put("retries", job, now + job.fails**4 + 15)
        else:
            self._put("dead", job, now + LIFETIME)


def _matches(job: Job, wanted: dict[str, object]) -> bool:
    jids = wanted.get("jids")
    if isinstance(jids, list) and job.jid not in jids:
        return False
    if "jobtype" in wanted and job.jobtype != wanted["jobtype"]:
        return False
    return "regexp" not in wanted or wanted["regexp"] == f'*"jid":"{job.jid}"*'

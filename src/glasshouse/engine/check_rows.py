"""What must hold between the rows of an engine's database, whatever happens to the process."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import apsw
import msgspec

from glasshouse.engine.findings import Findings
from glasshouse.engine.schema import OUTCOMES, STATE_NUMBERS, STATES
from glasshouse.model.errors import InvalidError
from glasshouse.model.job import JobState
from glasshouse.model.parameters import Parameters, changed
from glasshouse.wire import fields as typed
from glasshouse.wire.echo import echo
from glasshouse.wire.jobnames import name_of
from glasshouse.wire.jsontext import JsonTextError
from glasshouse.wire.payload import read_fields

_ENQUEUED = STATE_NUMBERS[JobState.ENQUEUED]
_WORKING = STATE_NUMBERS[JobState.WORKING]
# The log is trimmed a slice at a time, some time after it has grown.
_UNTRIMMED = 20_000
_TELL_EACH = 50_000
_JOBS = "SELECT id, state, score, queue, jid, jobtype, enqueued_at, reserved_at, payload FROM job"


class _Facts(msgspec.Struct):
    jid: str
    jobtype: str
    queue: str


_decode = msgspec.json.Decoder(_Facts).decode


class Rows:
    """Reads every row once; ``jobs``, ``queues`` and ``finished`` are then known."""

    def __init__(
        self,
        db: apsw.Connection,
        findings: Findings,
        tell: Callable[[str], None],
        *,
        finished: bool,
    ) -> None:
        """Check ``db``; without ``finished``, the file has no finished log yet."""
        self._db = db
        self._findings = findings
        self._tell = tell
        self._has_finished = finished
        self._by_state: dict[int, int] = dict.fromkeys(STATES, 0)
        self._by_queue: dict[str, int] = {}
        self._tallies: dict[str, object] = {}
        self.queues: int | None = None
        self.finished: int | None = None

    @property
    def jobs(self) -> dict[str, int]:
        """The number of jobs by state."""
        return {state.value: self._by_state[number] for number, state in STATES.items()}

    def look(self) -> None:
        """Read everything and note what is wrong."""
        reading, counted = self._findings.reading, False
        with reading("the counters"):
            self._tallies = dict(self._db.execute("SELECT name, value FROM tally"))
        with reading("the jobs"):
            self._look_at_jobs()
            counted = True
        with reading("the order of the queues"):
            self._look_at_order()
        if counted:
            with reading("the queues"):
                self._look_at_queues()
            self._look_at_tallies()
        if self._has_finished:
            with reading("the parameters"):
                bound = self._look_at_parameters()
                self._look_at_finished(bound)

    # -- jobs ------------------------------------------------------------------

    def _look_at_jobs(self) -> None:
        by_state, by_queue, add = self._by_state, self._by_queue, self._findings.add
        for done, row in enumerate(self._db.execute(_JOBS)):
            job_id, state, score, queue, jid, jobtype, enqueued_at, reserved_at, payload = row
            if done % _TELL_EACH == 0:
                self._tell(f"Reading the jobs… {done:,}")
            if state in by_state:
                by_state[state] += 1
            else:
                add("state", f"{_name(job_id, jid)} is in a state {state!r} that does not exist.")
            if state == _ENQUEUED:
                by_queue[queue] = by_queue.get(queue, 0) + 1
                if enqueued_at is None:
                    add("state", f"{_name(job_id, jid)} waits in a queue since no known time.")
            elif state == _WORKING and reserved_at is None:
                add("state", f"{_name(job_id, jid)} is reserved since no known time.")
            if not math.isfinite(score):
                add("state", f"{_name(job_id, jid)} has no finite time or place: {score}.")
            wrong = _wrong_payload(payload, jid, jobtype, queue)
            if wrong:
                add("payload", f"{_name(job_id, jid)}: {wrong}.")

    def _look_at_order(self) -> None:
        twice = self._db.execute(
            "SELECT queue, score, count(*) FROM job WHERE state = 1"
            " GROUP BY queue, score HAVING count(*) > 1"
        )
        for queue, score, count in twice:
            self._findings.add(
                "order", f"Queue {echo(queue)!r} has {count} jobs at one place ({score:.0f})."
            )

    # -- what is counted ---------------------------------------------------------

    def _look_at_queues(self) -> None:
        known = 0
        for name, size, paused in self._db.execute("SELECT name, size, paused FROM queue"):
            known += 1
            counted = self._by_queue.pop(name, 0)
            if size != counted:
                self._findings.add(
                    "queue", f"Queue {echo(name)!r} says {size} jobs and has {counted}."
                )
            if paused not in {0, 1}:
                self._findings.add("queue", f"Queue {echo(name)!r} has a pause mark {paused!r}.")
        self.queues = known
        for name, counted in self._by_queue.items():
            self._findings.add(
                "queue", f"Queue {echo(name)!r} has {counted} jobs and is not in the list."
            )

    def _look_at_tallies(self) -> None:
        for number, state in STATES.items():
            tally = self._tallies.get(f"size:{number}", 0)
            if number != _ENQUEUED and tally != self._by_state[number]:
                self._findings.add(
                    "tally", f"The set {state.value} says {tally} jobs and has "
                    f"{self._by_state[number]}.",
                )  # fmt: skip
        for name, value in self._tallies.items():
            if not isinstance(value, int) or value < 0:
                self._findings.add("tally", f"The counter {echo(name)!r} is {value!r}.")

    # -- parameters and the finished log ------------------------------------------

    def _look_at_parameters(self) -> Parameters:
        parameters = Parameters()
        for name, value in self._db.execute("SELECT name, value FROM parameter"):
            try:
                parameters = changed(parameters, {name: value})
            except InvalidError as error:
                self._findings.add("parameter", error.detail)
        return parameters

    def _look_at_finished(self, bound: Parameters) -> None:
        count, low, high = self._db.execute(
            "SELECT count(*), coalesce(min(id), 1), coalesce(max(id), 0) FROM finished"
        ).get
        self.finished = count
        if high - low + 1 != count:
            self._findings.add(
                "finished", f"The finished log has gaps: {count} entries from {low} to {high}."
            )
        if count > bound.finished_most + _UNTRIMMED:
            self._findings.add(
                "finished",
                f"The finished log has {count:,} entries; its bound is {bound.finished_most:,}.",
            )
        for number, entries in self._outcomes():
            self._findings.add(
                "finished", f"{entries:,} entries of the finished log have an outcome {number!r} "
                "that does not exist.",
            )  # fmt: skip

    def _outcomes(self) -> Iterator[tuple[object, int]]:
        rows = self._db.execute("SELECT outcome, count(*) FROM finished GROUP BY outcome")
        yield from ((number, count) for number, count in rows if number not in OUTCOMES)


def _name(job_id: int, jid: str) -> str:
    return f"Job {echo(str(jid))!r} (row {job_id})"


def _wrong_payload(payload: object, jid: str, jobtype: str, queue: str) -> str | None:
    """Return what is wrong with a stored job's text, or ``None``."""
    if not isinstance(payload, bytes):
        return "its payload is no bytes"
    faults: tuple[str, ...]
    try:
        facts = _decode(payload)
        faults = (facts.jid, name_of(facts.jobtype, payload), facts.queue)
    except (ValueError, RecursionError):  # odd, or damaged: our own scanner decides
        try:
            fields = read_fields(payload)
            own, kind, place = (typed.string(fields, name) for name in ("jid", "jobtype", "queue"))
            faults = (own, name_of(kind, payload), place)
        except JsonTextError as error:
            return f"its payload is no job ({error.detail})"
    # Before version 6 a wrapped job was named after its wrapper.
    wanted = (jid, name_of(jobtype, payload), queue)
    if faults == wanted:
        return None
    pairs = zip(("jid", "jobtype", "queue"), faults, wanted, strict=True)
    name = next(name for name, inside, beside in pairs if inside != beside)
    return f"its payload has another {name} than its row"

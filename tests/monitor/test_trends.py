"""What the sampler remembers of queues and workers: enough for growth, and bounded."""

from __future__ import annotations

import pytest

from glasshouse.model.server import Queue, ServerState, SetSizes, Worker, WorkerState
from glasshouse.monitor.trends import MOST_QUEUES, QueueAges, Trends


def state(sizes: dict[str, int], *workers: Worker) -> ServerState:
    return ServerState(
        read_at=0,
        description="",
        version="",
        queues=tuple(Queue(name=name, size=size) for name, size in sizes.items()),
        sets=SetSizes(),
        processed=0,
        failures=0,
        workers=workers,
    )


def grown(trends: Trends, name: str, size: int, at: float) -> float | None:
    assert trends.mark is not None
    return trends.mark.growth(Queue(name=name, size=size), at)


def test_growth_is_told_a_minute_over_what_is_known_so_far() -> None:
    trends = Trends()
    trends.look(state({"mail": 10}), 100)
    assert grown(trends, "mail", 12, 101) is None
    trends.look(state({"mail": 30}), 110)
    assert grown(trends, "mail", 30, 110) == pytest.approx(120)
    assert grown(trends, "mail", 5, 110) == pytest.approx(-30)


def test_growth_is_of_the_last_minute_when_more_is_known() -> None:
    trends = Trends()
    for second in range(0, 301, 5):
        trends.look(state({"mail": 1000 if second < 200 else second}), 1000 + second)
    mark = trends.mark
    assert mark is not None
    assert mark.at == 1240
    assert grown(trends, "mail", 300, 1300) == pytest.approx(60)


def test_a_queue_that_was_not_there_was_empty() -> None:
    trends = Trends()
    trends.look(state({"mail": 10}), 100)
    assert grown(trends, "new", 20, 130) == pytest.approx(40)


def test_of_very_many_queues_the_longest_are_remembered_and_no_growth_is_made_up() -> None:
    trends = Trends()
    trends.look(state({f"q{n}": n for n in range(MOST_QUEUES + 5)}), 100)
    mark = trends.mark
    assert mark is not None
    assert len(mark.sizes) == MOST_QUEUES
    assert grown(trends, "q4", 90, 160) is None
    assert grown(trends, "q5", 65, 160) == pytest.approx(60)


def test_few_marks_are_kept_however_long_it_runs() -> None:
    trends = Trends()
    for second in range(3600):
        trends.look(state({"mail": 1}), float(second))
    assert len(trends._marks) <= 8


def test_a_clock_that_was_set_back_begins_anew() -> None:
    trends = Trends()
    trends.look(state({"mail": 10}), 100)
    trends.look(state({"mail": 10}), 50)
    assert trends.mark == QueueAges(at=50, sizes={"mail": 10}, whole=True)


def test_what_was_before_a_fault_is_forgotten() -> None:
    trends = Trends()
    trends.look(state({"mail": 10}), 100)
    trends.forget()
    assert trends.mark is None


def test_how_many_jobs_a_worker_ran_at_once_is_remembered_for_ten_minutes() -> None:
    def at(busy: int, now: float) -> int:
        trends.look(state({}, Worker(wid="a", hostname="h", pid=1, busy=busy)), now)
        return trends.most_running["a"]

    trends = Trends()
    assert [at(1, 100), at(3, 101), at(0, 102), at(2, 700), at(1, 702)] == [1, 3, 3, 3, 1]
    trends.look(state({}), 703)
    assert dict(trends.most_running) == {}


def test_a_worker_is_quiet_since_it_was_first_seen_so() -> None:
    trends = Trends()
    running = Worker(wid="a", hostname="h", pid=1)
    quiet = Worker(wid="b", hostname="h", pid=2, state=WorkerState.QUIET)
    trends.look(state({}, running, quiet), 100)
    trends.look(state({}, running, quiet), 200)
    assert dict(trends.quiet_since) == {"b": 100}
    trends.look(state({}, running), 300)
    assert dict(trends.quiet_since) == {}

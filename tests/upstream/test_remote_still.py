"""An entry that was seen is found again if it is there, from few pages, however its list moved."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.job import JobState, StoredJob
from glasshouse.model.times import format_time
from glasshouse.upstream.remote_lists import ROWS
from glasshouse.upstream.remote_presence import page_with


def queued(number: int, at: float) -> StoredJob:
    jid = f"j-{number}"
    payload = f'{{"jid":"{jid}","enqueued_at":"{format_time(at)}"}}'.encode()
    return StoredJob(state=JobState.ENQUEUED, jid=jid, jobtype="T", queue="q", payload=payload)


def listed(number: int, at: float) -> StoredJob:
    jid = f"j-{number}"
    return StoredJob(
        state=JobState.DEAD,
        jid=jid,
        jobtype="T",
        queue="q",
        payload=b"{}",
        key=f"{at}|{jid}",
        at=at,
    )


class Pages:
    """A list as Faktory shows it, to which ``pushed`` come with each page that is read."""

    def __init__(self, rows: list[StoredJob], pushed: int = 0) -> None:
        self.rows = rows
        self.pushed = pushed
        self.reads = 0

    async def fetch(self, number: int) -> list[StoredJob]:
        self.reads += 1
        for more in range(self.pushed):
            place = 10**6 + self.reads * 1000 + more
            self.rows.insert(0, queued(place, 2e9 + place))
        # In a queue the first of the next page comes too.
        return self.rows[(number - 1) * ROWS : number * ROWS + 1]


@given(
    st.integers(1, 1000),
    st.data(),
    st.sampled_from([0, 3, 10]),
    st.sampled_from([1.0, 0.001, 3600.0]),
)
def test_one_that_waits_is_found_however_many_came_and_went(
    size: int, data: st.DataObject, pushed: int, pace: float
) -> None:
    place = data.draw(st.integers(0, size - 1), "its place, from the head")
    guess = data.draw(st.integers(1, size // ROWS + 20), "the page on which it is looked for")
    jobs = [queued(number, 1e9 + number * pace) for number in range(size)]
    pages = Pages(jobs[::-1], pushed)
    last = -(-size // ROWS)
    found = asyncio.run(page_with(pages.fetch, jobs[place], guess=guess, last=last))
    assert found is not None
    assert pages.reads <= 10


@given(st.integers(0, 1000), st.data(), st.booleans())
def test_one_that_has_left_is_not_found(size: int, data: st.DataObject, waits: bool) -> None:
    gone = data.draw(st.integers(0, size), "its place")
    make = queued if waits else listed
    rows = [make(number, 1e9 + number) for number in range(size + 1)]
    job = rows.pop(gone)
    pages = Pages(rows[::-1] if waits else rows)
    guess = data.draw(st.integers(1, size // ROWS + 20), "the page on which it is looked for")
    assert asyncio.run(page_with(pages.fetch, job, guess=guess, last=-(-size // ROWS))) is None
    assert pages.reads <= 10


@given(st.integers(1, 400), st.data(), st.sampled_from([1, 7, 60, 400]))
def test_one_of_many_that_are_due_at_once_is_found_beside_its_place(
    size: int, data: st.DataObject, same: int
) -> None:
    rows = [listed(number, 1e9 + number // same) for number in range(size)]
    number = data.draw(st.integers(0, size - 1), "its place")
    pages = Pages(rows)
    guess = number // ROWS + 1
    found = asyncio.run(page_with(pages.fetch, rows[number], guess=guess, last=-(-size // ROWS)))
    assert found is not None


@given(st.lists(st.floats(0, 3), min_size=1, max_size=300), st.data())
def test_a_little_disorder_hides_nothing(late: list[float], data: st.DataObject) -> None:
    """Jobs that come over several connections are not pushed in the very order of their times."""
    order = sorted(range(len(late)), key=lambda number: number + late[number] * 0.6)
    jobs = [queued(number, 1e9 + number) for number in order]
    place = data.draw(st.integers(0, len(jobs) - 1), "its place")
    pages = Pages(jobs[::-1])
    found = asyncio.run(page_with(pages.fetch, jobs[place], guess=1, last=-(-len(jobs) // ROWS)))
    assert found is not None


def test_one_whose_time_is_not_known_is_looked_for_near_where_it_was() -> None:
    plain = [
        StoredJob(state=JobState.ENQUEUED, jid=f"j-{n}", jobtype="T", queue="q", payload=b"%d" % n)
        for n in range(500)
    ]
    pages = Pages(plain)
    assert asyncio.run(page_with(pages.fetch, plain[120], guess=3, last=20)) == 5
    assert asyncio.run(page_with(pages.fetch, plain[480], guess=3, last=20)) is None

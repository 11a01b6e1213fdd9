"""Pages of lists: whole, in order, and still where they were when jobs have moved."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest

from glasshouse.model.errors import NotFoundError
from glasshouse.model.job import JobSet, JobState
from glasshouse.model.listing import JobPage, ListPosition, ListQuery
from glasshouse.upstream.embedded import EmbeddedReader

from .store import NOW, put, storing, take

SIZE = 137


@contextlib.asynccontextmanager
async def filled(
    folder: Path, state: JobState
) -> AsyncIterator[tuple[apsw.Connection, EmbeddedReader, list[str]]]:
    """Yield a list of 137 jobs, several with one score, and their ids in the order shown."""
    chance = random.Random(7)
    scores = [float(n if state is JobState.ENQUEUED else n // 4) for n in range(SIZE)]
    entries = [(score, f"job-{n:04}") for n, score in enumerate(scores)]
    async with storing(folder) as (db, reader):
        stored = list(entries)
        if state is not JobState.ENQUEUED:
            chance.shuffle(stored)
        with db:
            for score, jid in stored:
                put(db, state, score, jid, enqueued_at=NOW + score)
            # Others, to be left out.
            for n, other in enumerate({*JobState} - {state}):
                put(db, other, 1.0, f"other-{n}", queue="other")
        numbers = dict(db.execute("SELECT jid, id FROM job"))
        entries.sort(key=lambda entry: (entry[0], numbers[entry[1]]))
        if state is JobState.DEAD:
            entries.reverse()
        yield db, reader, [jid for _, jid in entries]


async def ask(reader: EmbeddedReader, state: JobState, query: ListQuery) -> JobPage:
    if state is JobState.ENQUEUED:
        return await reader.queue_jobs("mail", query)
    if state is JobState.WORKING:
        return await reader.working_jobs(query)
    return await reader.set_jobs(JobSet(state.value), query)


def jids(page: JobPage) -> list[str]:
    return [job.jid for job in page.items]


EVERY = pytest.mark.parametrize("state", list(JobState))


@EVERY
@pytest.mark.parametrize("backwards", [False, True])
async def test_numbered_pages_hold_every_job_once_in_order(
    tmp_path: Path,
    state: JobState,
    backwards: bool,
) -> None:
    async with filled(tmp_path, state) as (_, reader, wanted):
        seen: list[str] = []
        for number in range(1, 8):
            query = ListQuery(page=number, per_page=20, backwards=backwards)
            page = await ask(reader, state, query)
            assert page.first == 1 + 20 * (number - 1)
            assert (page.total, page.pages) == (SIZE, 7)
            seen += jids(page)
        assert seen == (wanted[::-1] if backwards else wanted)
        past = await ask(reader, state, ListQuery(page=9, per_page=20))
        assert (jids(past), past.next, past.total) == ([], None, SIZE)


@EVERY
@pytest.mark.parametrize("backwards", [False, True])
async def test_following_next_and_then_previous_goes_through_the_whole_list_and_back(
    tmp_path: Path,
    state: JobState,
    backwards: bool,
) -> None:
    async with filled(tmp_path, state) as (_, reader, wanted):
        pages: list[JobPage] = []
        query = ListQuery(per_page=20, backwards=backwards)
        while True:
            page = await ask(reader, state, query)
            pages.append(page)
            if page.next is None:
                break
            query = ListQuery(
                per_page=20, backwards=backwards, start=page.next, page=len(pages) + 1
            )
        seen = [jid for page in pages for jid in jids(page)]
        assert seen == (wanted[::-1] if backwards else wanted)
        assert [page.first for page in pages] == list(range(1, SIZE, 20))
        for before, page in itertools.pairwise(pages):
            assert page.previous is not None
            # The hint of the page's number is no more than one.
            for hint in (1, 3, 7):
                query = ListQuery(per_page=20, backwards=backwards, start=page.previous, page=hint)
                back = await ask(reader, state, query)
                assert (jids(back), back.first) == (jids(before), before.first)
        assert pages[0].previous is None


@pytest.mark.parametrize("state", [JobState.RETRIES, JobState.DEAD, JobState.SCHEDULED])
async def test_the_page_after_begins_where_this_one_ended_whatever_has_moved(
    tmp_path: Path, state: JobState
) -> None:
    async with filled(tmp_path, state) as (db, reader, wanted):
        page = await ask(reader, state, ListQuery(page=3, per_page=20))
        assert page.next is not None
        # The head of the list runs, jobs come in before it, and the entry itself goes.
        with db:
            take(db, [*wanted[:33], wanted[60]])
            for n in range(5):
                put(db, state, -1.0 if state is not JobState.DEAD else 1e12, f"new-{n}")
        after = await ask(reader, state, ListQuery(per_page=20, start=page.next, page=4))
        assert jids(after) == wanted[61:81]
        assert after.first == 60 - 33 + 5 + 1
        assert after.total == SIZE - 34 + 5


async def test_a_time_leads_to_the_first_entry_due_then_or_later(tmp_path: Path) -> None:
    async with filled(tmp_path, JobState.RETRIES) as (_, reader, wanted):
        page = await reader.set_jobs(JobSet.RETRIES, ListQuery(at=9.5, per_page=4))
        assert (jids(page), page.first) == (wanted[40:44], 41)
        nothing = await reader.set_jobs(JobSet.RETRIES, ListQuery(at=1e12, per_page=4))
        assert (jids(nothing), nothing.first) == ([], SIZE + 1)
        turned = await reader.set_jobs(
            JobSet.RETRIES, ListQuery(at=9.5, per_page=4, backwards=True)
        )
        assert jids(turned) == wanted[36:40][::-1]


async def test_a_time_in_the_dead_set_leads_down_from_there(tmp_path: Path) -> None:
    async with filled(tmp_path, JobState.DEAD) as (_, reader, wanted):
        page = await reader.set_jobs(JobSet.DEAD, ListQuery(at=30.0, per_page=4))
        assert [job.at for job in page.items] == [30.0] * 4
        assert jids(page) == wanted[13:17]


@pytest.mark.parametrize("at", [NOW - 1, NOW, NOW + 49.5, NOW + SIZE - 1, NOW + SIZE, 1e300])
async def test_a_time_in_a_queue_leads_to_the_first_job_enqueued_then_or_later(
    tmp_path: Path, at: float
) -> None:
    async with filled(tmp_path, JobState.ENQUEUED) as (_, reader, wanted):
        page = await reader.queue_jobs("mail", ListQuery(at=at, per_page=4))
        first = min(SIZE, max(0, int(-((NOW - at) // 1))))
        assert (jids(page), page.first) == (wanted[first : first + 4], first + 1)


async def test_a_time_in_an_empty_queue_is_no_failure(tmp_path: Path) -> None:
    async with storing(tmp_path) as (db, reader):
        db.execute("INSERT INTO queue VALUES ('mail', 0, 0)")
        page = await reader.queue_jobs("mail", ListQuery(at=NOW))
        assert (jids(page), page.total) == ([], 0)
        with pytest.raises(NotFoundError):
            await reader.queue_jobs("nothing", ListQuery())


@pytest.mark.parametrize("score", [float("inf"), -1e308, 0.0, 5e-324])
async def test_no_place_that_somebody_writes_makes_a_page_fail(
    tmp_path: Path, score: float
) -> None:
    async with filled(tmp_path, JobState.DEAD) as (_, reader, _wanted):
        for place in (ListPosition(score), ListPosition(score, 10**17), ListPosition(score, 0)):
            await reader.set_jobs(JobSet.DEAD, ListQuery(start=place, page=10**7))

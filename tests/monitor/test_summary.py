"""The first entries of each list are read together, once in a while, for all who look."""

from __future__ import annotations

from glasshouse.model.job import JobSet, JobState, Outcome
from glasshouse.model.listing import JobPage, ListQuery
from glasshouse.monitor.summary import FIRST, read_summary
from tests.web.fakes import NOW, FakeReader, House, ended, stored


async def test_a_glance_has_the_first_of_each_list_and_failures_with_their_jobs() -> None:
    reader = FakeReader()
    reader.sets[JobSet.SCHEDULED] = [stored(f"later{n}") for n in range(9)]
    waiting = stored("broken")
    reader.sets[JobSet.RETRIES] = [
        type(waiting)(
            state=JobState.RETRIES, jid="broken", jobtype="Send", queue="q", payload=b"{}"
        )
    ]
    reader.log = [
        ended(1, "fine"),
        ended(2, "broken", Outcome.RETRIED),
        ended(3, "deleted", Outcome.BURIED),
    ]
    found = await read_summary(reader, NOW)
    assert [job.jid for job in found.scheduled] == [f"later{n}" for n in range(FIRST)]
    assert found.failed is not None
    assert [failed.run.jid for failed in found.failed] == ["deleted", "broken"]
    assert found.failed[0].job is None
    assert found.failed[1].job is not None


async def test_a_server_without_a_log_tells_no_failures_but_its_retries() -> None:
    reader = FakeReader()
    reader.log = None
    reader.sets[JobSet.RETRIES] = [stored("broken")]
    found = await read_summary(reader, NOW)
    assert found.failed is None
    assert [job.jid for job in found.retries] == ["broken"]


async def test_a_glance_is_read_once_in_its_time_however_fast_the_server_changes() -> None:
    now, reads = [NOW], 0

    class Counting(FakeReader):
        async def working_jobs(self, query: ListQuery) -> JobPage:
            nonlocal reads
            reads += 1
            return await super().working_jobs(query)

    house = House(clock=lambda: now[0])
    house.reader.__class__ = Counting
    async with house.sampled():
        for _ in range(3):
            before = house.server.snapshot.generation
            house.reader.push(stored("more"))
            async for snapshot in house.server.watch():
                if snapshot.generation > before:
                    break
            await house.server.summary()
        assert reads == 1
        now[0] += 2
        await house.server.summary()
        assert reads == 2
        assert house.server.snapshot.round_trip is not None

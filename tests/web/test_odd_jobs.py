"""Jobs at the edges of what the protocol takes: kept, shown, found, deleted, and no trouble."""

from __future__ import annotations

import re
from pathlib import Path

from tests import odd
from tests.steady import tries
from tests.storage.postgres import needs_postgres, postgres_server
from tests.web import odd_walk as walk
from tests.web.whole import whole

_NUL = b"\\u0000"


async def test_every_odd_job_is_walked_through_the_whole_console(tmp_path: Path) -> None:
    assert await walked(tmp_path, odd.few()) > len(odd.few()) // 2


@needs_postgres
async def test_and_through_one_whose_database_is_postgresql(tmp_path: Path) -> None:
    # A text of PostgreSQL holds no NUL: each job with one, and some of the others.
    nul = [one for one in odd.jobs() if any(_NUL in raw for raw in one.members.values())]
    assert nul
    some = [one for one in odd.few()[::4] if one.jid not in {other.jid for other in nul}]
    with postgres_server() as postgres:
        assert await walked(tmp_path, [*some, *nul], postgres.another()) > len(some) // 2


async def walked(folder: Path, jobs: list[odd.Odd], url: str | None = None) -> int:
    """Push jobs, ask everything about them, delete them and put them back.

    Returns how many of them the server took.
    """
    async with whole(folder, url) as site:
        peer = await site.engine.peer(wid="w-odd")
        await walk.plain_jobs(peer)
        taken = [one for one in jobs if await walk.push(peer, one)]
        if not taken:
            return 0
        fresh = await walk.what_is_new_is_seen(site, peer, 0)
        known = {str(item["jid"]) for item in await walk.items(site, "/sets/scheduled/jobs")}
        known |= {str(item["jid"]) for item in await walk.items(site, "/sets/dead/jobs")}
        assert len(known) >= len({one.jid for one in taken})
        await walk.lists(site)
        await walk.searches(site)
        for jid in sorted(known):
            await walk.job(site, jid)
        await walk.streams(site, walk.PAGES)
        await walk.what_is_new_is_seen(site, peer, 1)
        for name in walk.SETS:
            await walk.deleted_and_back(site, name)
        await walk.lists(site)
        await walk.others_are_as_they_were(site)
        number = 2
        for took in tries(1.0):
            took(await walk.what_is_new_is_seen(site, peer, number))
            number += 1
        print(f"{len(taken)} jobs; a new one was seen after {fresh:.2f} s")
    return len(taken)


async def test_a_job_whose_names_are_too_long_for_an_address_is_a_row_without_a_link(
    tmp_path: Path,
) -> None:
    async with whole(tmp_path) as site:
        peer = await site.engine.peer(wid="w")
        await peer.push("plain-one", queue="long")
        for number in range(20):
            await peer.push(f"{number:02}" + "a" * 70_000, queue="long", jobtype="T" * 70_000)
        answer = await site.get("/main/queues/long")
        assert answer.status_code == 200
        assert answer.text.count("it has no page of its own") == 20
        links = re.findall(r'href="/main/jobs/([^"]*)"', answer.text.replace("&#x2f;", "/"))
        assert {*links} == {"plain-one"}
        # Its key is whole in its box; what is shown is not.
        assert len(answer.content) < 21 * 75_000

"""Who sees some servers and queues sees what was done there in the ledger, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules
from glasshouse.storage import ledger, sinks
from glasshouse.storage.sinks import SinkPosition
from glasshouse.storage.tables import LEDGER, LEDGER_SUBJECT

from .home import Home, living, sign_in

SECRET = "tok-5ecr3t"
RULES = Rules(
    roles=resolve({
        "mailer": RoleTable(see=("queues:mail", "audit"), redact=("args.**.token",)),
        "billing": RoleTable(see=("queues:*", "audit"), servers=("billing",)),
        "here": RoleTable(see=("queues:*", "audit"), servers=("main",)),
        "bare": RoleTable(see=("queues:*", "audit")),
    })
)  # fmt: skip
JOB = json.dumps({"jid": "a", "jobtype": "T", "queue": "mail", "args": [{"token": SECRET}]})
SAID: dict[str, dict[str, str]] = {
    "mail": {"server": "main", "queue": "mail"},
    "MAIL": {"server": "main", "queue": "MAIL"},
    "pay": {"server": "main", "queue": "pay"},
    "both": {"server": "main", "queues": '["mail","pay"]'},
    "mails": {"server": "main", "queues": '["mail"]'},
    "all": {"server": "main"},
    "odd": {"server": "main", "queue": "mail", "queues": "[7]"},
    "none": {"server": "main", "queues": "[]"},
    "billing": {"server": "billing", "queue": "mail"},
    "gone": {"server": "gone", "queue": "pay"},
    "console": {},
    "pushed": {"server": "main", "queue": "mail", "job": JOB},
}
MINE = {"mail", "mails", "pushed", "billing"}
"""What who sees ``mail`` on every server sees, servers that were removed among them."""


def fill(home: Home) -> None:
    home.database.call(
        ledger.append,
        *(
            Record(
                event=Event.INTENT if "server" in detail else Event.SIGNED_IN,
                at=home.now,
                who=Subject(name=f"local:{name}"),
                detail=detail | {"reason": f"said of {name}."},
            )
            for name, detail in SAID.items()
        ),
    )


def names(items: list[dict[str, Any]]) -> set[str]:
    found = {item["record"]["who"]["name"].removeprefix("local:") for item in items}
    return found & set(SAID)


async def listed(browser: httpx.AsyncClient, asked: str = "") -> set[str]:
    """Return whose records are told, after looking that each way of asking tells the same."""
    told = (await browser.get(f"/api/v1/audit?{asked}")).json()
    assert told["total"] == len(told["items"])
    page = (await browser.get(f"/audit?{asked}")).text
    rows = page.partition("<tbody>")[2]
    found = names(told["items"])
    assert {name for name in SAID if f"said of {name}." in rows} == found
    exported = (await browser.get(f"/api/v1/audit/export?{asked}")).text.splitlines()
    assert names([json.loads(line) for line in exported]) == found
    text = (await browser.get(f"/api/v1/audit/export?format=csv&{asked}")).text
    rows_of_csv = csv.DictReader(io.StringIO(text))
    assert {row["name"].removeprefix("local:") for row in rows_of_csv} & set(SAID) == found
    return found


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        ("mailer", MINE),
        ("billing", {"billing"}),
        ("here", set(SAID) - {"billing", "gone"}),
        ("bare", set(SAID)),
        ("auditor", set(SAID)),
    ],
)
async def test_records_are_seen_by_who_sees_their_server_and_all_their_queues(
    tmp_path: Path, role: str, seen: set[str]
) -> None:
    async with living(tmp_path, rules=RULES) as home, home.browser() as browser:
        home.add("eve", role)
        fill(home)
        await sign_in(browser, "eve")
        if role == "billing":
            # Nothing of the servers of this console is seen, so nothing of its ledger either.
            assert (await browser.get("/audit")).status_code == 403
            return
        assert await listed(browser) == seen
        for asked in ("actor=local:*", "q=said+of", "since=2000-01-01"):
            expected = seen
            if asked.startswith("q") and role in {"mailer", "auditor"}:
                expected = expected - {"pushed"}
            assert await listed(browser, asked) == expected, asked
        for other in set(SAID) - seen:
            for asked in (f"actor=local:{other}", f"q=said+of+{other}."):
                told = (await browser.get(f"/api/v1/audit?{asked}")).json()
                assert (told["items"], told["total"]) == ([], 0)


async def test_pages_are_of_what_may_be_seen(tmp_path: Path) -> None:
    async with living(tmp_path, rules=RULES) as home, home.browser() as browser:
        home.add("eve", "mailer")
        records = [
            Record(
                event=Event.INTENT, at=home.now, who=Subject(name="local:a"),
                detail={"server": "main", "queue": "mail" if number % 2 else "pay"},
            )
            for number in range(240)
        ]  # fmt: skip
        home.database.call(ledger.append, *records)
        await sign_in(browser, "eve")
        seen, until, sizes = [], "", []
        while True:
            told = (await browser.get(f"/api/v1/audit{until}")).json()
            assert told["total"] == 120
            sizes.append(len(told["items"]))
            seen += [item["record"]["seq"] for item in told["items"]]
            if "until" not in told:
                break
            until = f"?until={told['until']}"
        assert seen == list(range(240, 0, -2))
        assert sizes == [50, 50, 20]
        assert "120 in total" in (await browser.get("/audit")).text


async def test_what_is_of_the_whole_ledger_is_told_to_who_sees_it(tmp_path: Path) -> None:
    async with living(tmp_path, rules=RULES) as home:
        home.add("eve", "mailer")
        home.add("ann", "bare")
        home.people.tools.sinks["a" * 64] = "file:/audit.jsonl"
        home.database.call(sinks.keep, "a" * 64, SinkPosition(seq=4711))
        for name, told in (("eve", False), ("ann", True)):
            async with home.browser() as browser:
                await sign_in(browser, name)
                assert ("4,711" in (await browser.get("/audit")).text) is told
                assert bool((await browser.get("/api/v1/audit")).json()["sinks"]) is told


async def test_a_row_that_says_something_else_than_its_record_shows_nothing(
    tmp_path: Path,
) -> None:
    """The columns are what is searched; the record is what counts."""
    async with living(tmp_path, rules=RULES) as home, home.browser() as browser:
        home.add("eve", "mailer")
        fill(home)

        def spoil(db: sa.Connection) -> None:
            queues = '["mail"]'
            key = sa.select(LEDGER_SUBJECT.c.key).where(
                LEDGER_SUBJECT.c.server == "main", LEDGER_SUBJECT.c.queues == queues
            )
            db.execute(sa.update(LEDGER).values(subject=db.execute(key).scalar_one()))

        home.database.call(spoil)
        await sign_in(browser, "eve")
        told = (await browser.get("/api/v1/audit")).json()
        assert names(told["items"]) == MINE


async def test_a_pushed_job_is_shown_as_its_reader_may_see_it(tmp_path: Path) -> None:
    """Written before anybody had it hidden, or by a version that hid what the pusher had hidden."""
    async with living(tmp_path, rules=RULES) as home:
        home.add("eve", "mailer")
        home.add("ann", "auditor")
        home.add("bob", "bare")
        fill(home)
        cut = Record(
            event=Event.REFUSED, at=home.now, who=Subject(name="local:x"),
            detail={"server": "main", "queue": "mail", "job": JOB[:-3]},
        )  # fmt: skip
        home.database.call(ledger.append, cut)
        addresses = ("/audit", "/api/v1/audit", *(
            f"/api/v1/audit/export?format={form}" for form in ("jsonl", "csv")
        ))  # fmt: skip
        for name, hidden in (("eve", True), ("ann", True), ("bob", False)):
            async with home.browser() as browser:
                await sign_in(browser, name)
                for address in addresses:
                    text = (await browser.get(address)).text
                    assert (SECRET in text) is not hidden, (name, address)
                    assert ("•••" in text) is hidden, (name, address)
                for words in (SECRET, "tok", '"token"', "jobtype"):
                    asked = f"/api/v1/audit?event=operation.intent&q={words}"
                    found = (await browser.get(asked)).json()
                    assert bool(found["items"]) is not hidden, (name, words)
                    assert found["total"] == len(found["items"])
        async with home.browser() as browser:
            await sign_in(browser, "ann")
            items = (await browser.get("/api/v1/audit?event=operation.*")).json()["items"]
            pushed = [item for item in items if "job" in item["record"]["detail"]]
            assert [item["redacted"] for item in pushed] == [True, True]

"""Of what was done, everybody sees what is about their queues, and no value hidden from them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from httpx import AsyncClient as Client

from glasshouse.policy.roles import RoleTable
from tests.control.shop import Shop, add, shop

SECRET = "tok-5ecr3t"
ROLES = {
    "mailer": RoleTable(
        see=("queues:mail", "audit", "trash"), allow=("*",), factor_age="none",
        redact=("args.**.token",),
    ),
    "boss": RoleTable(see=("queues:*", "audit", "trash"), allow=("*",), factor_age="none"),
}  # fmt: skip
API = "/api/v1/servers/main/operations"


@contextlib.asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[tuple[Shop, Client, Client]]:
    """Yield the shop with dead jobs of two queues, its boss, and who sees ``mail`` alone."""
    async with shop(folder, anonymous=None, roles=ROLES) as made:
        add(made.people, "boss", "boss", made.clock())
        add(made.people, "mailer", "mailer", made.clock())
        for queue in ("mail", "pay"):
            await _bury(made, queue, 3)
        async with (
            made.signed_in("boss", proven=False) as boss,
            made.signed_in("mailer", proven=False) as mailer,
        ):
            yield made, boss, mailer


async def _bury(made: Shop, queue: str, count: int) -> None:
    client, worker = await made.engine.peer(), await made.engine.peer(wid="w")
    for number in range(count):
        jid = f"{queue}-dead-{number}"
        await client.push(
            jid, queue=queue, jobtype=f"Do{queue}", retry=-1, args=[{"token": SECRET, "n": 1}]
        )
        assert await worker.fetch(queue) is not None
        told = {"jid": jid, "errtype": f"No{queue} {SECRET}", "message": SECRET}
        assert await worker.ask(f"FAIL {json.dumps(told)}") == "+OK"
    client.close()
    worker.close()


async def done(client: Client, **order: Any) -> dict[str, Any]:
    """Look at a preview and agree to it; return what came of it."""
    made = await client.post(f"{API}/preview", json=order)
    assert made.status_code == 200, made.text
    preview = made.json()["preview"]
    answer = await client.post(API, json=order | {"preview": preview})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _a_day(boss: Client) -> list[dict[str, Any]]:
    """Let the boss do one of many things."""
    job = {"jid": "pushed-pay-1", "jobtype": "DoPay", "queue": "pay", "args": [{"token": SECRET}]}
    mail = job | {"jid": "pushed-mail-1", "queue": "mail", "jobtype": "DoMail"}
    orders: list[dict[str, Any]] = [
        {"operation": "queue.pause", "queue": "pay", "reason": "of pay"},
        {"operation": "queue.pause", "queue": "mail", "reason": "of mail"},
        {"operation": "job.push", "job": json.dumps(job), "reason": "of pay"},
        {"operation": "job.push", "job": json.dumps(mail), "reason": "of mail"},
        {
            "operation": "job.delete", "set": "dead", "reason": "of mail and pay",
            "jids": ["mail-dead-0", "pay-dead-0"],
        },
        {
            "operation": "job.delete", "set": "dead", "reason": "of mail",
            "query": f"queue:mail jid:mail-dead-1 args.0.token:{SECRET}",
        },
        {"operation": "job.delete", "set": "dead", "reason": "of pay", "jids": ["pay-dead-1"]},
        {"operation": "worker.quiet", "worker": "*", "reason": "of every queue"},
        {"operation": "set.clear", "set": "dead", "reason": "of every queue"},
    ]  # fmt: skip
    return [await done(boss, **order) for order in orders]


def _shows_only_mail(text: str, where: str) -> None:
    for word in (SECRET, "of pay", "of every queue", "and pay", "pay-dead", "pushed-pay", "DoPay"):
        assert word not in text, (where, word)


async def test_strips_operations_trash_and_ledger_are_of_the_queues_that_are_seen(
    tmp_path: Path,
) -> None:
    async with furnished(tmp_path) as (_, boss, mailer):
        results = await _a_day(boss)
        about_mail = [1, 3, 5]
        for number, result in enumerate(results):
            for address in (
                f"/operations/{result['operation']}", f"/api/v1/operations/{result['operation']}",
            ):  # fmt: skip
                assert (await boss.get(address)).status_code == 200
                answer = await mailer.get(address)
                assert (answer.status_code == 200) is (number in about_mail), (number, address)
                _shows_only_mail(answer.text, address)
        records = {result["record"] for n, result in enumerate(results) if n in about_mail}
        told = (await mailer.get("/api/v1/audit?event=operation.intent")).json()
        assert {item["record"]["seq"] for item in told["items"]} == records
        assert told["total"] == len(records)
        assert len((await mailer.get("/api/v1/audit")).json()["items"]) == 2 * len(records)
        for address in (
            *("/main", "/main/queues/mail", "/main/dead", "/main/finished", "/audit"),
            *("/main/jobs/mail-dead-0", "/main/jobs/mail-dead-1", "/main/jobs/pay-dead-1"),
            *("/main/trash", "/api/v1/servers/main/trash", "/api/v1/servers/main/finished"),
            *("/api/v1/audit/export", "/api/v1/audit/export?format=csv", "/api/v1/audit"),
        ):
            answer = await mailer.get(address)
            _shows_only_mail(answer.text, address)
            everything = (await boss.get(address)).text
            if address in {"/audit", "/main/trash", "/main/jobs/mail-dead-0"}:
                assert "of mail and pay" in everything, address
        assert "of mail" in (await mailer.get("/main")).text
        assert "of mail" in (await mailer.get("/main/jobs/mail-dead-1")).text


async def test_the_trash_counts_jobs_that_are_seen(tmp_path: Path) -> None:
    async with furnished(tmp_path) as (_, boss, mailer):
        results = await _a_day(boss)
        both, mail, pay, cleared = results[4], results[5], results[6], results[8]
        found = (await mailer.get("/api/v1/servers/main/trash")).json()["items"]
        sizes = {batch["record"]: batch["jobs"] for batch in found}
        assert sizes == {both["record"]: 1, mail["record"]: 1, cleared["record"]: 1}
        whole = (await boss.get("/api/v1/servers/main/trash")).json()["items"]
        assert {batch["record"]: batch["jobs"] for batch in whole} == {
            both["record"]: 2, mail["record"]: 1, pay["record"]: 1, cleared["record"]: 2,
        }  # fmt: skip
        again = await done(mailer, operation="trash.restore", record=both["record"])
        assert (again["jobs"], again["of"]) == (1, 1)


async def test_no_answer_to_what_is_sent_tells_of_other_queues_or_hidden_values(
    tmp_path: Path,
) -> None:
    async with furnished(tmp_path) as (_, _, mailer):
        orders: list[dict[str, Any]] = [
            {"operation": "set.clear", "set": "dead"},
            {"operation": "job.retry", "set": "dead", "query": ""},
            {"operation": "job.delete", "set": "dead", "query": "type:Do*"},
            {"operation": "job.delete", "set": "dead", "jids": ["mail-dead-0", "pay-dead-0"]},
        ]
        for order in orders:
            made = (await mailer.post(f"{API}/preview", json=order)).text
            for word in (SECRET, "pay", "Dopay", "Nopay"):
                assert word not in made, (order, word)
            assert "Domail" in made
            preview = json.loads(made)["preview"]
            page = (await mailer.get(f"/operations/{preview}")).text
            for word in (SECRET, "Dopay", "Nopay", "pay-dead-1"):
                assert word not in page, (order, word)
        left = {"operation": "set.clear", "set": "dead"}
        shown = (await mailer.post(f"{API}/preview", json=left)).json()
        assert shown["count"] == 6
        assert shown["types"] == {"Domail": 3}
        result = await done(mailer, **left)
        assert result["of"] == 6
        for address in (f"/operations/{result['operation']}", "/main", "/main/trash", "/audit"):
            answer = (await mailer.get(address)).text
            for word in (SECRET, "Dopay", "pay-dead"):
                assert word not in answer, (address, word)


async def test_a_record_of_a_push_holds_nothing_that_is_hidden_from_anybody(
    tmp_path: Path,
) -> None:
    async with furnished(tmp_path) as (_, boss, _):
        await _a_day(boss)
        ledger = (await boss.get("/api/v1/audit/export")).text
        assert SECRET not in ledger
        pushed = [
            record["detail"]
            for line in ledger.splitlines()
            if "job" in (record := json.loads(line)["record"])["detail"]
        ]
        assert [detail["queue"] for detail in pushed] == ["pay", "mail"]
        assert json.loads(pushed[0]["job"])["args"] == [{"token": "•••"}]
        long = {"jid": "long-pushed", "jobtype": "T", "queue": "mail", "args": ["x" * 5000]}
        await done(boss, operation="job.push", job=json.dumps(long))
        told = (await boss.get("/api/v1/audit?event=operation.intent")).json()["items"][0]
        assert json.loads(told["record"]["detail"]["job"]) == {**long, "args": "5,004 bytes"}


async def test_search_words_are_recorded_without_values_of_hidden_paths(tmp_path: Path) -> None:
    async with furnished(tmp_path) as (_, boss, _):
        await _a_day(boss)
        items = (await boss.get("/api/v1/audit?event=operation.intent")).json()["items"]
        said = [i["record"]["detail"]["query"] for i in items if "query" in i["record"]["detail"]]
        assert said == ["queue:mail jid:mail-dead-1 args.0.token:•••"]

"""A preview tells of no job that may not be seen, and of no value that is hidden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from glasshouse.control.preview import ShownPreview
from glasshouse.control.requester import Requester
from glasshouse.model.operation import Operation
from glasshouse.policy.roles import RoleTable, resolve
from glasshouse.policy.rules import Rules

from .house import BOSS, House, living, order, requester

SECRET = "tok-5ecr3t"
ROLES = {
    "clerk": RoleTable(
        see=("queues:mail",), allow=("*",), factor_age="none", redact=("args.**.token",)
    ),
    "all": RoleTable(see=("queues:*",), allow=("*",), factor_age="none"),
}
RULES = Rules(roles=resolve(ROLES), flushable=frozenset({"main"}))
CLERK, ALL = requester("clerk", RULES), requester("all", RULES)


async def bury(house: House, queue: str, jobtype: str, errtype: str) -> None:
    """Make a dead job that holds the secret, and whose error is of this type."""
    peer = await house.engine.peer(wid="w")
    jid = f"{queue}-dead-01"
    await peer.push(jid, queue=queue, jobtype=jobtype, args=[{"token": SECRET}], retry=-1)
    assert await peer.fetch(queue) is not None
    failed = {"jid": jid, "errtype": errtype, "message": "no"}
    assert await peer.ask(b"FAIL " + msgspec.json.encode(failed)) == "+OK"
    peer.close()


async def shown(house: House, who: Requester, operation: Operation, **more: Any) -> str:
    """Return all that a preview says, and says again."""
    made = await house.control.preview(who, "main", order(operation, **more))
    again = await house.control.again(made.preview, lambda _: who)
    assert again is not None
    return told_by(made) + told_by(again[1])


def told_by(made: ShownPreview) -> str:
    """Return what it says beside what was asked for."""
    return str(msgspec.structs.replace(made, order=order(Operation.SERVER_FLUSH)))


@pytest.mark.parametrize(
    ("operation", "named"),
    [
        (Operation.SET_CLEAR, {"set": "dead"}),
        (Operation.SERVER_FLUSH, {}),
        (Operation.JOB_RETRY, {"set": "dead", "query": ""}),
        (Operation.JOB_DELETE, {"set": "dead", "jids": ["mail-dead-01", "pay-dead-01"]}),
    ],
)
async def test_types_errors_times_and_samples_are_of_queues_that_may_be_seen(
    tmp_path: Path, operation: Operation, named: dict[str, Any]
) -> None:
    async with living(tmp_path) as house:
        await bury(house, "pay", "PayOut", "PaymentRefused")
        await bury(house, "mail", "SendMail", "Timeout")
        told = await shown(house, CLERK, operation, **named)
        assert "SendMail" in told
        assert "Timeout" in told
        for word in ("'pay'", "pay-dead", "PayOut", "PaymentRefused"):
            assert word not in told, word
        everything = await shown(house, ALL, operation, **named)
        for word in ("'pay'", "pay-dead", "PayOut", "PaymentRefused", "SendMail"):
            assert word in everything


async def test_whole_sets_are_counted_whole(tmp_path: Path) -> None:
    async with living(tmp_path) as house:
        await bury(house, "pay", "PayOut", "PaymentRefused")
        made = await house.control.preview(CLERK, "main", order(Operation.SET_CLEAR, set="dead"))
        assert made.count == 1
        assert (made.oldest, made.newest, made.samples) == (None, None, ())


@pytest.mark.parametrize("errtype", [f"Bad {SECRET}", SECRET])
async def test_types_of_errors_are_grouped_as_they_may_be_seen(
    tmp_path: Path, errtype: str
) -> None:
    async with living(tmp_path) as house:
        await bury(house, "mail", "SendMail", errtype)
        for query in ("", "SendMail"):
            named = {"set": "dead", "query": query}
            assert SECRET not in await shown(house, CLERK, Operation.JOB_DELETE, **named)
            assert SECRET in await shown(house, ALL, Operation.JOB_DELETE, **named)


async def test_a_preview_that_is_looked_at_again_shows_what_may_be_seen_by_then(
    tmp_path: Path,
) -> None:
    """The groups were made for a role that saw more than the person does now."""
    async with living(tmp_path) as house:
        await bury(house, "pay", "PayOut", "PaymentRefused")
        await bury(house, "mail", "SendMail", f"Bad {SECRET}")
        for who in (ALL, BOSS):
            made = await house.control.preview(who, "main", order(Operation.SET_CLEAR, set="dead"))
            again = await house.control.again(made.preview, lambda _: CLERK)
            assert again is not None
            assert again[1].count == 2
            assert again[1].groups.queues == {"mail": 1}
            said = told_by(again[1])
            for word in ("'pay'", "pay-dead", "PayOut", "PaymentRefused", SECRET):
                assert word not in said, word

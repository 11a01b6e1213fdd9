"""Why jobs failed, over nothing but a Faktory's ports, for the built-in viewer.

An error is told although a list shows but the beginning of a job's arguments, or large
numbers that Faktory rounds; a hidden value is nowhere, however an error tells it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from glasshouse.model.redaction import MASK
from glasshouse.wire.maskvalues import HiddenValues
from tests.app.test_over_faktory import House, console
from tests.upstream.faktory import StandIn
from tests.wire.quoting import QUOTES

AT = "2999-01-01T00:00:{:02}Z"
LONG_TEXT = "x" * 3000
ORDINARY = "connection refused by the card network"
CASES: dict[str, list[Any]] = {
    "longer than 1 KiB": [{"order": 5, "note": LONG_TEXT}],
    "a large number": [{"order": 12345678901234567890}],
    "both": [{"order": 12345678901234567890, "note": LONG_TEXT}],
    "with something hidden, longer": [{"token": "a5-t0ken-of-it", "note": LONG_TEXT}],
    "with something hidden, large": [{"token": "a5-t0ken-of-it", "id": 12345678901234567890}],
    "with a hidden number, longer": [{"token": 4711471147, "note": LONG_TEXT}],
}


def fail(faktory: StandIn, name: str, jid: str, args: list[Any], *, told: str = ORDINARY) -> None:
    failure = {"errtype": "Net::Refused", "message": told, "retry_count": 2, "backtrace": [told]}
    number = len(faktory.sets[name])
    faktory.put(name, jid, AT.format(number), failure=failure, args=args)


@contextlib.asynccontextmanager
async def shown(faktory: StandIn) -> AsyncIterator[House]:
    async with faktory.running(), console(faktory, fast=True) as house:
        yield house


@pytest.mark.parametrize("case", CASES)
async def test_an_ordinary_error_is_told_to_the_built_in_viewer(case: str) -> None:
    faktory = StandIn()
    for name in ("retries", "dead"):
        fail(faktory, name, f"{name}-0001", CASES[case])
    async with shown(faktory) as house:
        paths = ["/main", "/main/retries", "/main/dead", "/main/jobs/retries-0001"]
        for path in paths:
            page = (await house.text(path)).replace("<wbr>", "")  # where a line may break
            assert "Net::Refused" in page, path
            assert ORDINARY in page, path
            assert "a5-t0ken" not in page, path
            assert "4711471147" not in page, path
        for name in ("retries", "dead"):
            told = json.loads(await house.text(f"/api/v1/servers/main/sets/{name}/jobs"))
            (job,) = told["items"]
            assert (job["failure"]["errtype"], job["failure"]["message"]) == (
                "Net::Refused", ORDINARY,
            )  # fmt: skip
            assert "a5-t0ken" not in json.dumps(job)
            assert job.get("redacted", False) == ("hidden" in case)


async def test_what_a_list_cut_off_is_read_once_for_each_entry() -> None:
    faktory = StandIn()
    for number in range(30):
        fail(faktory, "retries", f"retry-{number:04}", CASES["longer than 1 KiB"])
        fail(faktory, "retries", f"plain-{number:04}", [number])
    async with shown(faktory) as house:
        for _ in range(3):
            page = await house.text("/main/retries")
            assert page.count(ORDINARY) == 25
            faktory.push("q", "one more")
        asked = [path for path in faktory.asked if path.startswith("/retries/")]
        assert 0 < len(asked) == len(set(asked)) <= 25


@pytest.mark.parametrize(
    "odd", ["with|pipes|in it", "../with/../dots", "with spaces & ü", "<b>bold</b>"]
)
async def test_an_entry_that_faktory_cannot_show_by_itself_makes_no_page_fail(odd: str) -> None:
    class Real(StandIn):
        def _job(self, kind: str, key: str) -> bytes:
            if key.count("|") != 1 or ".." in key:
                return b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nbad"
            return super()._job(kind, key)

    faktory = Real()
    fail(faktory, "retries", odd, [5])
    fail(faktory, "retries", f"{odd}, longer", CASES["longer than 1 KiB"])
    async with shown(faktory) as house:
        assert ORDINARY in await house.text("/main/retries")
        (first, _) = json.loads(await house.text("/api/v1/servers/main/sets/retries/jobs"))["items"]
        assert first["jid"] == odd


SECRET = 'p&ss-w0rd é"1/2'
letters = st.sampled_from("ghijkmnopqstvwyzGHIJKLMNOPéÄ密")
secrets = st.tuples(
    letters,
    st.text(st.sampled_from("ghjkmqvwxyzGHJK &<>'\"/é-_.!"), min_size=7, max_size=20),
    letters,
).map("".join)


def hidden_args(secret: str) -> dict[str, list[Any]]:
    """Arguments that hold it at a hidden path, of each kind that lists do not show exactly."""
    return {
        "behind the cut": [{"note": LONG_TEXT, "token": secret}],
        "before the cut": [{"deep": [{"password": secret}], "zzz": LONG_TEXT}],
        "beside a large number": [{"id": 12345678901234567890, "token": secret}],
        "beside both": [12345678901234567890, {"token": {"of": [secret]}}, LONG_TEXT],
    }


@settings(
    max_examples=5,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow],
)
@given(secret=secrets)
async def test_a_hidden_value_is_nowhere_however_an_error_tells_it(secret: str) -> None:
    faktory, values = StandIn(), HiddenValues([secret])
    written = {name: quote(secret) for name, quote in QUOTES.items()}
    for kind, args in hidden_args(secret).items():
        for name in ("retries", "dead"):
            for form, told in written.items():
                if name == "retries" and form not in ("as it is", "JSON", "percent", "base64"):
                    continue
                fail(faktory, name, f"{kind}: {form}", args, told=f"GET /?t={told} (401)")
    async with shown(faktory) as house:
        paths = ["/main", "/main/retries"]
        last = len(faktory.sets["dead"]) // 25 + 1
        paths += [f"/main/dead?page={number}" for number in range(1, last + 1)]
        paths += [
            f"/api/v1/servers/main/sets/{name}/jobs?per_page=100" for name in ("retries", "dead")
        ]
        paths += [f"/main/jobs/{kind}: as it is" for kind in hidden_args("")]
        for path in paths:
            for _ in range(2):
                page = (await house.client.get(path)).text
                for line in page.split("GET /?t=")[1:]:
                    told = line[: line.index("(401)")]
                    assert MASK in told, (path, told)
                    assert not values.near(told.replace(MASK, "•")), (path, told)


@pytest.mark.parametrize("number", [12345678901234567890, 2**53 + 2, -(2**63), 1e300, 1.5e20])
async def test_a_hidden_number_that_may_have_been_rounded_hides_what_may_tell_it(
    number: float,
) -> None:
    """Faktory shows it rounded; an error may tell what it was."""
    faktory = StandIn()
    fail(
        faktory, "retries", "retry-0001", [{"token": number}], told="no token 12345678901234567891"
    )
    async with shown(faktory) as house:
        for path in ("/main/retries", "/main/jobs/retry-0001"):
            page = await house.text(path)
            assert "123456789" not in page
            assert MASK in page


async def test_while_an_entry_cannot_be_read_whole_its_error_stays_hidden() -> None:
    faktory = StandIn()
    fail(faktory, "retries", "retry-0001", [{"note": LONG_TEXT}])
    faktory.spoiled = "/retries/"
    async with shown(faktory) as house:
        assert ORDINARY not in await house.text("/main/retries")
        faktory.spoiled = ""
        async with asyncio.timeout(60):
            while ORDINARY not in await house.text("/main/retries"):
                await asyncio.sleep(0.05)

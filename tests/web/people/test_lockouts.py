"""Who is right is let in, whatever others sent, or they themselves; who is wrong is limited."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from glasshouse.identity import recovery, tokens
from glasshouse.storage import factors
from glasshouse.web.auth import pacing
from glasshouse.web.auth.hashing import Hashing
from glasshouse.web.auth.limits import BY_ACCOUNT, BY_ADDRESS, BY_FACTOR, CODES, PASSWORDS
from glasshouse.web.auth.pacing import Pacing
from glasshouse.web.auth.passwords import Passwords
from glasshouse.web.request.refusals import TooManyError
from tests.steady import LONG

from .home import living, sign_in, step_up
from .test_scripts import basic, made_token, me


async def statuses(asked: list[asyncio.Task[httpx.Response]]) -> Counter[int]:
    return Counter(answer.status_code for answer in await asyncio.gather(*asked))


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose passwords were compared, one by one."""
    names: list[str] = []
    plain = Passwords._compared

    def counted(self: Passwords, account: object, name: str, password: str) -> object:
        names.append(name)
        return plain(self, account, name, password)  # type: ignore[arg-type]

    monkeypatch.setattr(Passwords, "_compared", counted)
    return names


async def test_one_token_on_many_connections_is_never_too_much(tmp_path: Path) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        token = await made_token(home, "ops")
        async with home.script(authorization=f"Bearer {token}") as script:
            asked = [asyncio.create_task(me(script)) for _ in range(120)]
            assert await statuses(asked) == {200: 120}


async def test_one_password_on_many_connections_is_compared_once(
    tmp_path: Path, compared: list[str]
) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script(authorization=basic("ops")) as script:
            asked = [asyncio.create_task(me(script)) for _ in range(80)]
            assert await statuses(asked) == {200: 80}
        assert compared == ["ops"]


async def test_many_who_sign_in_at_once_all_get_in(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser("10.0.0.1") as browser:
        names = [f"ops{number}" for number in range(4)]
        for name in names:
            home.add(name)
        asked = [asyncio.create_task(sign_in(browser, name)) for name in names * 6]
        assert await statuses(asked) == {303: 24}


async def test_a_right_code_that_is_sent_by_many_connections_at_once_locks_nobody_out(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        proof = {"authorization": basic("ops"), "glasshouse_otp": home.code()}
        async with home.script(**proof) as script:
            asked = [asyncio.create_task(me(script)) for _ in range(60)]
            assert await statuses(asked) == {200: 1, 401: 59}
        home.now += 30
        async with home.script(**proof | {"glasshouse_otp": home.code()}) as script:
            assert (await me(script)).status_code == 200


async def test_wrong_passwords_from_an_address_do_not_shut_out_right_ones_from_there(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home, home.browser("203.0.113.9") as browser:
        home.add("ops")
        answers = [await sign_in(browser, "ops", "wrong") for _ in range(BY_ADDRESS.most)]
        assert [a.status_code for a in answers[: BY_ACCOUNT.most]] == [401] * BY_ACCOUNT.most
        assert {a.status_code for a in answers[BY_ACCOUNT.most :]} == {429}
        async with home.script("203.0.113.9", authorization=basic("ops")) as script:
            assert (await me(script)).status_code == 200
        assert (await sign_in(browser, "ops")).status_code == 303
        # Where somebody is known, it is counted anew, and by that name and address alone.
        for status in [401] * BY_ADDRESS.most + [429] * 3:
            assert (await sign_in(browser, "ops", "wrong")).status_code == status
        assert (await sign_in(browser, "ops")).status_code == 303


async def test_wrong_tokens_from_an_address_do_not_shut_out_right_ones_from_there(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        token = await made_token(home, "ops")
        async with home.script() as script:
            wrong = {"authorization": f"Bearer {tokens.api_token(bytes(32))}"}
            for status in [401] * BY_ADDRESS.most + [429] * 5:
                assert (await script.get("/api/v1/me", headers=wrong)).status_code == status
            right = {"authorization": f"Bearer {token}"}
            assert (await script.get("/api/v1/me", headers=right)).status_code == 200


async def test_wrong_codes_do_not_shut_out_what_cannot_be_guessed(tmp_path: Path) -> None:
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        codes = recovery.new_codes(bytes(range(recovery.ENTROPY)))
        digests = tuple(map(recovery.code_hash, codes))
        home.database.call(factors.set_recovery, "local:ops", digests)
        await sign_in(browser, "ops")
        for status in [401] * BY_FACTOR.most + [429] * (CODES.most - BY_FACTOR.most):
            assert (await step_up(browser, "000000")).status_code == status
        assert (await step_up(browser, home.code())).status_code == 429
        for number in range(BY_FACTOR.most + 3):
            wrong = f"{number:04}-zzzz-zzzz".replace("0", "z").replace("1", "y")
            assert (await step_up(browser, wrong)).status_code in {401, 429}
        assert (await step_up(browser, codes[3])).status_code == 303


async def test_of_one_time_codes_no_more_are_looked_at_than_the_budget_says(
    tmp_path: Path,
) -> None:
    """Also many at once: of a million codes three are right."""
    async with living(tmp_path) as home, home.browser() as browser:
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        right = home.code()
        guesses = [f"{number:06}" for number in range(100) if f"{number:06}" != right]
        asked = [asyncio.create_task(step_up(browser, guess)) for guess in guesses]
        told = await statuses(asked)
        assert told == {401: BY_FACTOR.most, 429: len(guesses) - BY_FACTOR.most}
        assert (await step_up(browser, right)).status_code == 429
        home.now += CODES.seconds + 1
        assert (await step_up(browser, home.code())).status_code == 303


async def test_who_has_a_password_cannot_shut_its_owner_out_from_where_they_were_right(
    tmp_path: Path,
) -> None:
    async with living(tmp_path) as home:
        home.add("ops", proven=True)
        async with home.browser("198.51.100.1") as owner:
            await sign_in(owner, "ops")
            assert (await step_up(owner, home.code())).status_code == 303
            home.now += 60
            async with home.browser("203.0.113.1") as thief:
                await sign_in(thief, "ops")
                for _ in range(CODES.most):
                    await step_up(thief, "000000")
                assert (await step_up(thief, home.code())).status_code == 429
            assert (await step_up(owner, home.code())).status_code == 303


async def test_beyond_the_budget_passwords_are_looked_at_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compared: list[str]
) -> None:
    """A flood of guesses is not compared, and whoever comes after it waits for one turn."""
    # Wide: no second turn comes while this test runs, unless it is let.
    monkeypatch.setattr(pacing, "FIRST", LONG)
    monkeypatch.setattr(pacing, "LAST", LONG)
    monkeypatch.setattr(pacing, "PATIENCE", LONG)
    async with living(tmp_path) as home, home.browser("203.0.113.9") as browser:
        home.add("ops")
        for number in range(PASSWORDS.most):
            assert (await sign_in(browser, "ops", f"wrong {number}")).status_code in {401, 429}
        del compared[:]
        many = pacing.WAITING + 20
        asked = [
            asyncio.create_task(sign_in(browser, "ops", f"guess {number}"))
            for number in range(many)
        ]
        done = await first(asked, many - pacing.WAITING)
        assert {answer.status_code for answer in done} == {429}
        assert len(compared) == 1
        right = asyncio.create_task(sign_in(browser, "ops"))
        await first([task for task in asked if not task.done()], 1)  # it has taken its place
        let_go(home.people.limits._pacing)  # about the address
        while len(waits := home.people.limits._pacing._lanes) < 2:
            await asyncio.sleep(0)
        (account,) = [lane for key, lane in waits.items() if "account" in key]
        while not account.waiting and not right.done():
            await asyncio.sleep(0.01)
        let_go(home.people.limits._pacing)
        assert (await right).status_code == 303
        assert len(compared) == 2
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)


async def first(asked: list[asyncio.Task[httpx.Response]], count: int) -> list[httpx.Response]:
    """Return so many answers, the first that come."""
    waiting = iter(asyncio.as_completed(asked))
    return [await next(waiting) for _ in range(count)]


def let_go(paces: Pacing) -> None:
    """Let the next turns come now."""
    for lane in paces._lanes.values():
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
            paces._wake(lane, asyncio.get_running_loop())


async def test_what_is_remembered_of_a_right_password_helps_nobody_to_guess(
    tmp_path: Path, compared: list[str]
) -> None:
    async with living(tmp_path) as home:
        home.add("ops")
        async with home.script(authorization=basic("ops")) as script:
            for _ in range(3):
                assert (await me(script)).status_code == 200
            assert len(compared) == 1
            async with home.script(authorization=basic("ops", "wrong")) as guess:
                assert (await me(guess)).status_code == 401
            # The next one is compared: nobody finds out for nothing whether it is right.
            assert (await me(script)).status_code == 200
            assert len(compared) == 3
        async with home.script("203.0.113.9", authorization=basic("ops")) as elsewhere:
            assert (await me(elsewhere)).status_code == 200
            assert len(compared) == 4


@pytest.mark.parametrize("back", [2.0, 200.0, 86_400.0])
async def test_a_clock_that_steps_back_lengthens_no_lock_out(tmp_path: Path, back: float) -> None:
    async with (
        living(tmp_path) as home,
        home.browser("203.0.113.9") as stranger,
        home.browser() as browser,
    ):
        home.add("ops", proven=True)
        await sign_in(browser, "ops")
        for _ in range(BY_ACCOUNT.most):
            assert (await sign_in(stranger, "ops", "wrong")).status_code == 401
        for _ in range(CODES.most):
            await step_up(browser, "000000")
        home.now += 200
        home.set_back = back
        refused = await sign_in(stranger, "ops", "wrong")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) == BY_ACCOUNT.seconds - 200
        refused = await step_up(browser, "000000")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) == CODES.seconds - 200
        home.now += CODES.seconds - 199
        assert (await sign_in(stranger, "ops", "wrong")).status_code == 401
        assert (await step_up(browser, "000000")).status_code == 401


async def test_places_take_turns_however_many_come_from_one() -> None:
    hashing, order = Hashing(threads=1), []

    async def one(place: str) -> None:
        async with hashing.turn(place):
            order.append(place)
            await hashing.run(lambda: None)

    try:
        async with asyncio.timeout(LONG), asyncio.TaskGroup() as tasks, hashing.turn("first"):
            for place in ["flood"] * 50 + ["a", "b", "a"]:
                tasks.create_task(one(place))
            await asyncio.sleep(0)
    finally:
        hashing.close()
    assert order[:6] == ["flood", "a", "b", "flood", "a", "flood"]
    assert Counter(order) == {"flood": 50, "a": 2, "b": 1}


async def test_who_stops_waiting_for_a_turn_takes_nobodys() -> None:
    hashing = Hashing(threads=1)

    async def one() -> int:
        async with hashing.turn("here"):
            return await hashing.run(lambda: 1)

    try:
        async with hashing.turn("first"):
            waiting = [asyncio.create_task(one()) for _ in range(6)]
            await asyncio.sleep(0)
            for task in waiting[::2]:
                task.cancel()
        # One that has its turn and is cancelled in the same moment gives it on.
        waiting[1].cancel()
        async with asyncio.timeout(LONG):
            done = await asyncio.gather(*waiting, return_exceptions=True)
            assert [one for one in done if isinstance(one, int)] == [1, 1]
            assert await one() == 1
    finally:
        hashing.close()


async def test_turns_come_further_and_further_apart_and_the_newest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pacing, "PATIENCE", LONG)
    paces, order = Pacing(), []

    async def one(number: int) -> None:
        try:
            await paces.turn("k")
        except TooManyError:
            order.append(-number)
        else:
            order.append(number)

    async with asyncio.timeout(LONG), asyncio.TaskGroup() as tasks:
        for number in range(1, pacing.WAITING + 3):
            tasks.create_task(one(number))
            await asyncio.sleep(0)
        apart = []
        while paces.waiting():
            await asyncio.sleep(0)
            let_go(paces)
            lane = paces._lanes["k"]
            apart.append(lane.next_at - asyncio.get_running_loop().time())
    assert order == [1, -2, *range(pacing.WAITING + 2, 2, -1)]
    assert apart[0] <= pacing.FIRST
    assert max(apart) <= pacing.LAST
    assert apart[-1] > 2 * apart[0]

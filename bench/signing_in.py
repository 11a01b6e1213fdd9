"""Pages while people sign in: argon2id in threads must not keep readers waiting.

Twenty sign-ins a second from several addresses of loopback; a signed-in reader looks at a
list meanwhile, and before that without them: the ratio of both is told.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

import aiohttp

from bench import servers
from bench.answers import rank
from bench.fwp import Client
from glasshouse.identity import passwords
from glasshouse.storage import accounts
from glasshouse.storage.accounts import Account
from glasshouse.storage.database import Database, sqlite_url

SECONDS = 10.0
A_SECOND = 20
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 10)]
PEOPLE = [f"person-{number}" for number in range(16)]
PASSWORD = "correct horse"
READERS = 4
_PAUSE = 0.01


async def measure() -> list[dict[str, object]]:
    """Measure a signed-in reader's pages, without and with others who sign in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with servers.engine(folder / "engine") as engine:
            await _fill(engine.port)
            _people(folder / "state")
            config = folder / "glasshouse.toml"
            config.write_text(f'[[servers]]\nname = "main"\nengine = "{folder / "engine"}"\n')
            named = ("-c", str(config), "--state", str(folder / "state"))
            async with servers.serving(*named) as console:
                alone = await _read(console.url)
                signing = asyncio.create_task(_sign_in(console.url))
                beside = await _read(console.url)
                signed_in, refused = await signing
    return _rows(alone, beside, signed_in, refused)


def _rows(
    alone: list[float], beside: list[float], signed_in: list[float], refused: int
) -> list[dict[str, object]]:
    quiet, busy = rank(alone, 0.95), rank(beside, 0.95)
    return [
        {"name": "a signed-in reader's page: 95th percentile", "value": round(quiet, 1),
         "unit": "ms"},
        {"name": f"with {A_SECOND} sign-ins a second: 95th percentile", "value": round(busy, 1),
         "unit": "ms", "goal": "< 50"},
        {"name": "with sign-ins against without", "value": round(busy / quiet, 2), "unit": "ratio"},
        {"name": "pages that were read meanwhile", "value": len(beside), "unit": "pages"},
        {"name": "sign-ins: 95th percentile", "value": round(rank(signed_in, 0.95), 1),
         "unit": "ms"},
        {"name": "sign-ins a second", "value": round(len(signed_in) / SECONDS, 1), "unit": "/s",
         "goal": f"{A_SECOND}"},
        {"name": "sign-ins that were refused", "value": refused, "unit": "", "goal": "0"},
    ]  # fmt: skip


async def _fill(port: int) -> None:
    client = await Client.connect(port)
    for number in range(500):
        await client.push(f"job-{number:06}", queue=f"q{number % 5}", args=[{"order_id": number}])
    client.close()


def _people(state: Path) -> None:
    database = Database(sqlite_url(state))
    stored = passwords.hashed(PASSWORD, secrets.token_bytes(passwords.SALT_BYTES))
    for name in PEOPLE:
        account = Account(name=name, password=stored, role="operator", created_at=time.time())
        database.call(accounts.add, account)
    database.close()


async def _read(url: str) -> list[float]:
    """Read a page again and again as somebody who is signed in; return how long each took (ms)."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(url, cookie_jar=jar) as session:
        assert await _signed_in(session, PEOPLE[0])
        until = time.perf_counter() + SECONDS
        took = await asyncio.gather(*(_reader(session, until) for _ in range(READERS)))
    return [ms for some in took for ms in some]


async def _reader(session: aiohttp.ClientSession, until: float) -> list[float]:
    took: list[float] = []
    while (begun := time.perf_counter()) < until:
        async with session.get(f"/main/queues/q{len(took) % 5}") as answer:
            text = await answer.text()
            assert answer.ok
            assert PEOPLE[0] in text
        took.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(_PAUSE)
    return took


async def _sign_in(url: str) -> tuple[list[float], int]:
    """Sign in twenty times a second from several addresses; return times (ms) and refusals."""
    sessions = [
        aiohttp.ClientSession(
            url,
            connector=aiohttp.TCPConnector(local_addr=(address, 0)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for address in ADDRESSES
    ]
    loop, took, refused = asyncio.get_running_loop(), [], 0
    began, asked = loop.time(), []

    async def one(number: int) -> None:
        nonlocal refused
        begun = time.perf_counter()
        session = sessions[number % len(sessions)]
        if await _signed_in(session, PEOPLE[number % len(PEOPLE)]):
            took.append((time.perf_counter() - begun) * 1000)
        else:
            refused += 1

    for number in range(int(SECONDS * A_SECOND)):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - loop.time()))
        asked.append(asyncio.create_task(one(number)))
    await asyncio.gather(*asked)
    for session in sessions:
        await session.close()
    return took, refused


async def _signed_in(session: aiohttp.ClientSession, name: str) -> bool:
    form = {"name": name, "password": PASSWORD, "next": "/main"}
    async with session.post("/sign-in", data=form, allow_redirects=False) as answer:
        return "location" in answer.headers

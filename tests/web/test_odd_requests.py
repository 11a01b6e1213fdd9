"""Every parameter of every route with values of every kind: an answer or a clear refusal.

What is sent comes from the table of routes, and what is nonsense for a parameter from the
table of how each is checked: who adds one adds it here.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from glasshouse.model.request import NAMES
from glasshouse.web.request.routes import ROUTES, Kind, Route
from tests.web.whole import Whole, exactly, whole

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = (
    "0", "-0", "-1", "1", "25", "1.5", "1e3", "1e400", "-1e400", "1e-400", "inf", "-inf", "nan",
    "Infinity", "NaN", "0x10", "٣", "１", "1_000", "9" * 18, "9" * 19, str(2**63 - 1), str(2**63),
    str(-(2**63) - 1), str(2**64), "9" * 400, "1,5", "1e22,3", "1e308,999999999999999999", "-5,0",
)  # fmt: skip
TIMES = (
    "now", "10:30", "24:00", "99:99", "2h", "-2h", "+2h", "999999d", "-999999d", "+999999d",
    "0001-01-01", "9999-12-31", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z", "2026-02-30", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
    "2026-W01-1", "2026-01-01T00:00:00.123456789Z", "1969-12-31T23:59:59Z", "2026-01-01T00:00",
)  # fmt: skip
TEXTS = (
    "", " ", "a", "*", "**", "%", "_", "\\", "'", '"', '"open', ":", "null", "[]", "{}", "<script>",
    "\t\r\n", "\x01\x7f", "\ufeff", "\u202e", "\ufffd", "\U0010ffff", "é", "ß", "a" * 500,
    "a" * 501, "a" * 6001, "/", "//", "..", ".", "/main", "//evil.example/", "reverse", "csv",
    "jsonl", "name", "size", "latency", "growth", "expires", "failed", "done", "session.signed_in",
    "0" * 24, "0" * 32, "e" * 24, "viewer=x", "name=x", "30", "90", "180",
)  # fmt: skip
WORDS = (
    "before:9999-12-31", "after:0001-01-01", "before:-999999d", "after:+999999d", "before:now",
    "before:9999-12-31T23:59:59-23:59", "args.0:1", "args.**:x", "args." + "0." * 30 + "x:1",
    "args.:x", 'args."a.b".*:1e400', "jid:*", "jid:a*b", "type:", 'error:"a: b"', "before:",
    "queue:*", "ß", "\u212a", "a " * 30,
)  # fmt: skip
VALUES = (*NUMBERS, *TIMES, *TEXTS, *WORDS)
NUMBER = ("0", "-1", "1.5", "nan", str(2**63), "9" * 400, "25")
PLACE = ("nan", "inf", "-inf,1", "1e308,999999999999999999", "-5,0", "1e22,3", "9" * 19)
TIME = ("9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59",
        "0000-01-01T00:00:00Z", "-999999d", "+999999d", "nan")  # fmt: skip
TEXT = ("", "a" * 501, "\U0010ffff", "\x01\x7f", "'\"%_*", "nan")
KINDS = {
    "page": NUMBER, "per_page": NUMBER, "until": NUMBER, "days": NUMBER, "from": PLACE,
    "at": TIME, "go": (*TIME, "9" * 400), "since": TIME, "before": TIME,
    "q": ("before:-999999d", "after:9999-12-31T23:59:59-23:59", "before:", "args.0:1e400", *TEXT),
}  # fmt: skip
"""What is tried in every run of the tests, by parameter; ``TEXT`` for others. ``make fuzz`` tries
every value for each."""
SEGMENTS = ("..", "%2F", "%E2%80%AE%0A", "%F4%8F%BF%BF", "a" * 2000, "%25%22%3F", str(2**63))

GOOD: dict[str, re.Pattern[str]] = {
    "page": re.compile(r"[1-9][0-9]{0,7}"),
    "per_page": re.compile(r"[1-9][0-9]{0,2}"),
    "until": re.compile(r"[1-9][0-9]{0,17}"),
    "from": re.compile(r"-?(inf|[0-9.]+(e[-+]?[0-9]+)?)(,[0-9]{1,18})?"),
    "order": re.compile("reverse"),
    "sort": re.compile("name|size|latency|growth|expires"),
    "format": re.compile("csv|jsonl"),
    "days": re.compile("30|90|180"),
    "entry": re.compile("[0-9a-f]{24}"),
    "event": re.compile(r"|[a-z]+\.[a-z_]+|\*"),
    "outcome": re.compile("|done|failed|retried|buried|dropped"),
}
"""What a parameter can be at most; anything else is nonsense, and answered with 400."""
TEXTUAL = {"q", "go", "name", "type", "actor", "queue", "id", "error", "at", "since",
           "before", "next", "back", "state", "code", "iss"}  # fmt: skip
"""Parameters that any text may be given as, or any time that can be read."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """A console over a server with a few jobs in every list."""
    async with whole(tmp_path_factory.mktemp("site")) as site:
        peer = await site.engine.peer(wid="w-1")
        for number in range(3):
            await peer.push(f"waiting-{number}", queue="mail")
            await peer.push(f"scheduled-{number}", at="2999-01-01T00:00:00Z")
            await peer.push(f"running-{number}", queue="run", retry=(-1, 0, 5)[number])
            job = await peer.fetch("run")
            assert job is not None
            failed = f'FAIL {{"jid":"{job["jid"]}","errtype":"E","message":"no"}}'
            assert await peer.ask(failed) == "+OK"
        yield site


def filled(route: Route, **other: str) -> str:
    """Return the path of a route, with values that lead somewhere."""
    known = {"server": "main", "queue": "mail", "jid": "running-0", "set": "retries"}
    known |= {"id": "0" * 32, "file": "app-1.js"} | other
    return re.sub(r"{(\w+)}", lambda found: known[found[1]], route.pattern)


def asked(*, everything: bool = False) -> Iterator[tuple[Route, str, str]]:
    """Every route with each of its parameters and values for it, or any at all."""
    for route in ROUTES:
        for name in route.query:
            for value in VALUES if everything else KINDS.get(name, TEXT):
                yield route, name, value


def asking(route: Route, name: str, value: str) -> str:
    """Return the address of a route with one parameter, and what it needs beside."""
    path = f"{filled(route)}?{name}={quote(value, safe='')}"
    if route.needs and name not in route.needs:
        path += f"&{route.needs[0]}=mail"
    # A search is only made where something is looked for.
    return path + "&q=a" if name == "from" and "q" in route.query else path


def is_nonsense(name: str, value: str) -> bool:
    return name in GOOD and not GOOD[name].fullmatch(value)


async def test_each_parameter_is_known_here() -> None:
    names = {name for route in ROUTES for name in route.query}
    assert names == GOOD.keys() | TEXTUAL


async def test_no_value_of_any_parameter_is_an_error_of_ours(site: Whole) -> None:
    for route, name, value in asked():
        await check(site, route, name, value)


async def check(site: Whole, route: Route, name: str, value: str) -> None:
    """Ask, and fail unless the answer is one, or a refusal that says what to do."""
    path = asking(route, name, value)
    answer = await site.get(path)
    assert answer.status_code < 500, (path, answer.text[:300])
    if is_nonsense(name, value):
        assert answer.status_code in {400, 414}, (path, answer.status_code)
        if answer.status_code == 400:
            assert repr(name) in answer.text.replace("&#x27;", "'"), path
    if answer.status_code == 400 and not route.shown:
        told = answer.json()
        assert told["code"] == "invalid", path
        assert told["remedy"], path


@pytest.mark.parametrize(
    "both",
    [
        "from=1e22,3&order=reverse", "from=inf,0&page=10000000", "from=-inf&at=0001-01-01",
        "at=9999-12-31&order=reverse", "until=999999999999999999&page=10000000",
        "at=0001-01-01&page=10000000&per_page=100",
    ],
)  # fmt: skip
async def test_odd_parameters_that_do_not_go_together_are_none_either(
    site: Whole, both: str
) -> None:
    names = {part.partition("=")[0] for part in both.split("&")}
    for route in ROUTES:
        if len(names & {*route.query}) > 1:
            path = f"{filled(route)}?{both}" + "".join(f"&{name}=mail" for name in route.needs)
            assert (await site.get(path)).status_code < 500, path


async def test_no_segment_of_a_path_is_an_error_of_ours(site: Whole) -> None:
    for route in ROUTES:
        for name in re.findall(r"{(\w+)}", route.pattern):
            for segment in SEGMENTS:
                path = filled(route, **{name: segment})
                path += "?" + "&".join(f"{needed}=mail" for needed in route.needs)
                if route.kind is Kind.LIVE:
                    path = f"{path.rstrip('?')}?topic=/main"
                answer = await site.get(path.rstrip("?"))
                assert answer.status_code < 500, path


FEW: tuple[object, ...] = (None, -1, 2**63, 10**400, [[]], "\U0010ffff", ["inf|x", "|" * 500])
ODD: tuple[object, ...] = (
    None, True, False, 0, -1, 1.5, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**400, 1e308, [], [[]],
    {}, {"a": {}}, "", " ", "x", "*", "\x01", "\u202e", "\U0010ffff", "a" * 70_000, ["a"] * 1001,
    [""], ["|"], ["10000-01-01T00:00:00Z|x", "inf|x", "nan|", "|" * 500], [None], [1],
)  # fmt: skip
RAW = (
    b"", b"null", b"[]", b"{}", b"[" * 5000, b'{"operation":', b"\xff",
    b'{"operation":"job.delete"}',
    b'{"operation":"trash.restore","record":9223372036854775808}',
    b'{"operation":"trash.restore","record":1e400}',
    b'{"operation":"trash.restore","record":' + b"9" * 5000 + b"}",
    b'{"operation":"trash.restore","record":NaN}',
    b'{"operation":"server.configure","parameters":{"default_retry":1e999}}',
    b'{"operation":"server.configure","parameters":{"default_retry":' + b"9" * 400 + b"}}",
    b'{"operation":"server.configure","parameters":{"default_retry":-0.0,"":1}}',
    b'{"operation":"queue.pause","queue":"\\ud800"}',
    b'{"operation":"job.delete","set":"dead","jids":["\\ud800","\\udfff\\ud800"]}',
    b'{"operation":"job.delete","set":"dead","query":"\\ud800"}',
    b'{"operation":"worker.quiet","worker":"\\udead"}',
    b'{"operation":"job.push","job":"\\ud800"}',
    b'{"operation":"queue.pause","queue":"q","reason":"\\ud800"}',
    b'{"operation":"queue.pause","queue":"q","queue":"r"}',
)  # fmt: skip
"""Bodies as they are sent: what no encoder of ours writes."""
NAMED: dict[str, object] = {
    "queue": "mail", "set": "dead", "jids": ["waiting-0"], "keys": ["x|waiting-0"], "query": "a",
    "job": '{"jobtype":"T","args":[]}', "worker": "w-1", "record": 1,
    "parameters": {"default_retry": 5}, "reason": "why", "preview": "0" * 32, "lossy": False,
}  # fmt: skip


def orders(values: Sequence[object] = FEW) -> Iterator[dict[str, object]]:
    """Every operation with each thing that it names, and then with an odd value there."""
    for operation, naming in NAMES.items():
        for which in naming.jobs or ("",):
            named = [*naming.needs, *filter(None, (which, *naming.may))]
            whole_order = {"operation": operation.value} | {name: NAMED[name] for name in named}
            for name in (*named, "reason", "preview", "lossy", "operation", "other"):
                yield from ({**whole_order, name: value} for value in values)


async def test_no_order_is_an_error_of_ours(site: Whole) -> None:
    """None is agreed to here: those that would need no preview are asked for one."""
    for order in orders():
        await check_order(site, order)


async def check_order(site: Whole, order: dict[str, object]) -> None:
    """Ask what an order would do."""
    body = json.dumps(order).encode()
    answer = await sent(site, "/api/v1/servers/main/operations/preview", body)
    assert answer.status_code < 500, (body[:300], answer.text[:300])


@pytest.mark.parametrize("where", ["/operations/preview", "/operations"])
async def test_no_body_is_an_error_of_ours(site: Whole, where: str) -> None:
    for body in RAW:
        answer = await sent(site, f"/api/v1/servers/main{where}", body)
        assert answer.status_code < 500, (body[:100], answer.text[:300])


async def test_no_form_is_an_error_of_ours(site: Whole) -> None:
    fields = {name: value for name, value in NAMED.items() if isinstance(value, str)}
    for operation, naming in NAMES.items():
        for name in (*naming.needs, *naming.jobs, *naming.may, "record", "parameter.x", "all"):
            for value in ("", "nan", "1e300", "9" * 400, "\x01\x7f"):
                given = {need: fields[need] for need in naming.needs if need in fields}
                form = {"operation": operation.value, **given, name: value}
                answer = await site.browser.post("/main/operations", data=form)
                assert answer.status_code < 500, (form, answer.text[:300])


async def test_no_form_about_a_person_is_an_error_of_ours(site: Whole) -> None:
    several = (*NUMBER, *TEXT, "9" * 5000, "٣")
    for action, name in (
        ("token-new", "days"), ("token-new", "scope"), ("token-new", "label"),
        ("token-remove", "id"), ("session-end", "id"), ("passkey-remove", "credential"),
        ("totp-confirm", "code"), ("totp-confirm", "pending"), ("", "action"),
    ):  # fmt: skip
        for value in several:
            form = {"action": action, "label": "x", "days": "1", name: value}
            answer = await site.browser.post("/account", data=form)
            assert answer.status_code < 500, (action, name, value[:60], answer.text[:300])


async def sent(site: Whole, path: str, body: bytes) -> httpx.Response:
    headers = {"content-type": "application/json"}
    return await site.browser.post(exactly(path), content=body, headers=headers)

"""Jobs that somebody pushed to break a console: stored exactly, shown as text, never run.

Each case is pushed into every state that a job can have. What the work server
refuses at its door is here too, with the reason that it gives.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from tests.engine.peer import Peer

SCRIPT = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'`{{7*7}}{% raw %}"
BIDI = "safe\u202egpj.exe\u2066x\u200f\x1b[31mred\x07"
LONG = "W" * 3000
MEGA = 10_000_000
STATES = ("enqueued", "scheduled", "retries", "dead", "working", "finished")


class Case(NamedTuple):
    """One hostile job; ``args`` is its JSON text as it is sent."""

    name: str
    jid: str
    jobtype: str
    args: bytes
    custom: bytes = b"{}"


def _args(*values: object) -> bytes:
    return json.dumps(list(values), ensure_ascii=False).encode()


CASES = (
    Case("markup", "hostile-0-<b>x</b>\"'&amp;", SCRIPT, _args(SCRIPT, {SCRIPT: SCRIPT})),
    Case("bidi", "hostile-1-a/b/../..", BIDI, _args(BIDI, {BIDI: [BIDI]})),
    Case("long names", "hostile-2-p|q r", LONG, _args(LONG, {"deep": [[[[LONG]]]]})),
    Case("control characters", "hostile-3-\"'><svg onload=1>", "\u0000null",
         b'["' + b"".join(b"\\u%04x" % code for code in range(32)) + b'\x7f\xc2\x85"]'),
    Case("an address", "hostile-4-é%2F%00?x#y", "javascript:alert(1)",
         _args("javascript:alert(1)", "//evil.example/", {"href": "data:text/html,<b>"})),
    Case("dots", "../../../..", "..", _args("../../etc/passwd")),
    Case("spaces and slashes", "  //  /./  ", " ", _args("")),
    Case("lone surrogates", "hostile-\\ud800", "Raw", b'["\\ud800", "\\udfff\\ud800"]'),
    Case("no UTF-8", "hostile-utf8", "Raw", b'["\xff\xfe\xc3", {"\xed\xa0\x80": 1}]'),
    Case("numbers", "hostile-numbers", "Numbers",
         b"[9007199254740993, -0, 340282366920938463463374607431768211456, 1e400, 1E-400,"
         b" 0.1000000000000000055511151231257827, 123456789012345678901234567890.5]"),
    Case("twice the same key", "hostile-twice", "Twice", b'[{"a":1,"a":2,"__proto__":{"a":3}}]'),
    Case("ten thousand keys", "hostile-keys", "Keys",
         _args({f"key <{number}>": number for number in range(10_000)})),
    Case("ten thousand deep", "hostile-deep", "Deep", b"[" * 9_999 + b"]" * 9_999),
    Case("ten megabytes", "hostile-mega", "Mega", b'["' + b"<M>" * (MEGA // 3) + b'"]'),
    Case("a hundred thousand lines", "hostile-lines", "Lines",
         _args("\n" * 100_000, [["x"]] * 20_000)),
    Case("fields of its own", "hostile-custom", "Custom", b"[]",
         json.dumps({SCRIPT: BIDI, "track": LONG, "": [[]], "state": "free"}).encode()),
)  # fmt: skip

QUEUES = ("default", ".", "..", "mail.er", "a-b_c.d", "Q" * 100)

REFUSED = (
    (b'{"jid":"short","jobtype":"T","args":[]}', "jid"),
    (b'{"jid":"hostile-args","jobtype":"T","args":{}}', "args"),
    (b'{"jid":"hostile-none","jobtype":"","args":[]}', "jobtype"),
    (b'{"jid":"hostile-queue","jobtype":"T","args":[],"queue":"a b"}', "queue"),
    (b'{"jid":"hostile-queue","jobtype":"T","args":[],"queue":"a/b"}', "queue"),
    (b'{"jid":"hostile-queue","jobtype":"T","args":[],"queue":"<b>"}', "queue"),
    (
        b'{"jid":"hostile-deep","jobtype":"T","args":' + b"[" * 10_001 + b"]" * 10_001 + b"}",
        "depth",
    ),
    (b'{"jid":"hostile-open","jobtype":"T","args":[', "JSON"),
)
"""What is not a job by the protocol, and a word of the reason."""


def push_line(case: Case, queue: str, more: bytes = b"") -> bytes:
    """Return the command that pushes a case."""
    jid = json.dumps(case.jid) if "\\u" not in case.jid else f'"{case.jid}"'
    head = f'{{"jid":{jid},"jobtype":{json.dumps(case.jobtype)},"queue":"{queue}","args":'
    return b"PUSH " + head.encode() + case.args + b',"custom":' + case.custom + more + b"}"


_FAILED_OFTEN = b',"failure":{"retry_count":9,"failed_at":"2026-11-26T07:00:00Z"}'
"""So often that the next retry is hours away, and meets no other case in its queue."""


async def push_case(peer: Peer, case: Case, queue: str = "default") -> None:
    """Put a case into every state."""
    fetched: list[bytes] = []

    async def fetch(retry: int, name: str) -> bytes:
        line = push_line(case, name, b',"retry":%d%b' % (retry, _FAILED_OFTEN))
        assert await peer.ask(line) == "+OK", case.name
        body = await peer.ask(f"FETCH {name}")
        assert isinstance(body, bytes)
        fetched.append(body)
        return push_line(case, name).split(b',"jobtype"')[0].removeprefix(b"PUSH ")

    assert await peer.ask(push_line(case, queue)) == "+OK", case.name
    later = push_line(case, queue, b',"at":"2999-01-01T00:00:00Z"')
    assert await peer.ask(later) == "+OK", case.name
    for retry in (25, -1):
        failure = {"errtype": SCRIPT, "message": BIDI + SCRIPT, "backtrace": [SCRIPT, BIDI, LONG]}
        said = await fetch(retry, "fails") + b"," + json.dumps(failure).encode()[1:]
        told = await peer.ask(b"FAIL " + said)
        assert told == "+OK", (case.name, told)
    said = await fetch(25, "ran")
    assert await peer.ask(b"ACK " + said + b"}") == "+OK", case.name
    await fetch(25, "held")
    # Workers get what was pushed, to the byte.
    assert all(case.args in body for body in fetched), case.name


async def push_corpus(peer: Peer) -> None:
    """Put every case into every state, in turn in each of the queues."""
    for number, case in enumerate(CASES):
        await push_case(peer, case, QUEUES[number % len(QUEUES)])

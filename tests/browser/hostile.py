"""Hostile jobs: what a page must show as text and nothing else."""

from __future__ import annotations

import json

from tests.engine.peer import Peer

SCRIPT = "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>\"'`{{7*7}}{% raw %}"
BIDI = "safe\u202egpj.exe\u2066x\u200f\x1b[31mred\x07"
LONG = "W" * 3000

JOBTYPES = [SCRIPT, BIDI, LONG, "\u0000null", "javascript:alert(1)"]


async def push_hostile(peer: Peer) -> list[str]:
    """Fill every queue and set with hostile jobs; return their ids."""
    jids = [
        f"hostile-{n}-{tail}"
        for n, tail in enumerate(
            ["<b>x</b>", "a/b/../..", "p|q r", "\"'><svg onload=1>", "é%2F%00"]
        )
    ]
    for number, jid in enumerate(jids):
        jobtype = JOBTYPES[number]
        args = [SCRIPT, {SCRIPT: BIDI, "deep": [[[[LONG]]]]}, 12345678901234567890]
        for queue in ("default", "mail.<>".replace("<>", "er"), "..", "."):
            await peer.push(jid, jobtype=jobtype, args=args, queue=queue)
        await peer.push(jid, jobtype=jobtype, args=args, at="2999-01-01T00:00:00Z")
        for retry in (5, -1):
            await peer.push(jid, jobtype=jobtype, args=args, retry=retry, queue="fails")
            assert await peer.fetch("fails") is not None
            failure = {
                "jid": jid,
                "errtype": SCRIPT,
                "message": BIDI + SCRIPT,
                "backtrace": [SCRIPT, BIDI, LONG],
            }
            assert await peer.ask(b"FAIL " + _json(failure)) == "+OK"
        await peer.push(jid, jobtype=jobtype, queue="ran")
        assert await peer.fetch("ran") is not None
        assert await peer.ask(b"ACK " + _json({"jid": jid})) == "+OK"
    await peer.push(jids[0], jobtype=SCRIPT, args=[SCRIPT], queue="held")
    await peer.fetch("held")
    surrogate = b'["\\ud800", 1e400, "\xff\xfe"]'
    line = b'PUSH {"jid":"hostile-raw","jobtype":"Raw","args":' + surrogate + b"}"
    assert await peer.ask(line) == "+OK"
    deep = b"[" * 5000 + b"]" * 5000
    line = b'PUSH {"jid":"hostile-deep","jobtype":"Deep","args":' + deep + b"}"
    assert await peer.ask(line) == "+OK"
    return [*jids, "hostile-raw", "hostile-deep"]


def _json(value: object) -> bytes:
    return json.dumps(value).encode()

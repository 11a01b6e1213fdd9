"""Jobs that are legal and odd: each has one field at an edge of what the protocol takes.

Beside ``tests.hostile``, whose jobs are pushed to break a page: these are what a clock, a
library or a person may send without any harm in mind.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

TIMES = (
    "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59",
    "9999-12-31T23:59:59-00:01", "9999-12-31T00:00:00+23:59", "2999-12-31T23:59:59.5Z",
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "0000-01-01T00:00:00Z",
    "0000-02-29T00:00:00+23:59", "1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z",
    "2026-11-26T07:00:00.123456789Z", "2026-11-26t07:00:00,5z", "2262-04-11T23:47:16.854775808Z",
)  # fmt: skip
"""Times that Faktory takes as ``at``."""
UNCHECKED = (
    "", "soon", "10000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "2026-11-26T07:00:60Z",
    "2026-11-26", "2026-W48-4", "2026-02-30T00:00:00Z", "2026-11-26T24:00:00Z", "1e400", "nan",
    "253402300800", "2026-11-26T07:00:00+99:99", "٢٠٢٦-11-26", "a" * 70_000, "\u202e",
)  # fmt: skip
"""What is stored where a time should be: nobody looks at it when a job is pushed."""
WHOLE = (0, 1, -1, 2**31, 2**63 - 1, -(2**63))
TEXTS = (
    "", " ", "\t\n\r", "\ufeff", "\u202e", "\u2028", "\x7f\x85", "é", "e\u0301", "ß", "\U0010ffff",
    "a" * 70_000, "null", "\\", '"', "</script>", "%", "%00", "..", "|", ":", "*",
)  # fmt: skip
ANYTHING = (
    b"null", b"true", b"0", b"-0", b"1e400", b"1E-400", b"9" * 5000, b"-" + b"9" * 400,
    b"0." + b"1" * 5000,
    b'""', b'"\\ud800"', b'"\\udfff\\ud800x"', b'"\xff\xfe"', b"[]", b"{}", b'{"":{"":[]}}',
    b'{"a":1,"a":2}', b"[" * 400 + b"]" * 400, b"[" * 970 + b"]" * 970, b"[" * 990 + b"]" * 990,
    b"[" * 1100 + b"]" * 1100, b'{"a":' * 985 + b"1" + b"}" * 985, b"[" * 9000 + b"]" * 9000,
    b'"' + b"x" * 1_100_000 + b'"', b"[" + b"1," * 60_000 + b"1]",
)  # fmt: skip
"""Values of JSON of every kind, also such that no machine type holds or few parsers read."""
FAILURE = ("retry_count", "remaining", "failed_at", "next_at", "errtype", "message", "backtrace")
OURS = ("state", "key", "wid", "reserved_at", "expires_at", "omitted", "size", "partial",
        "redacted", "priority", "", "\u0000", "Jid", "AT")  # fmt: skip
"""Members that only an answer of ours has, or that are nearly those of a job."""


class Odd(NamedTuple):
    """A job: which field is odd, and the members that it is made of, as JSON text each."""

    field: str
    members: Mapping[str, bytes]

    @property
    def jid(self) -> str:
        """Its id."""
        return str(json.loads(self.members["jid"]))

    def line(self, **other: bytes) -> bytes:
        """Return its JSON, with some members set or, when empty, left out."""
        told = {name: value for name, value in {**self.members, **other}.items() if value}
        pairs = (json.dumps(name).encode() + b":" + value for name, value in told.items())
        return b"{" + b",".join(pairs) + b"}"


def _text(text: str) -> bytes:
    return json.dumps(text).encode()


def values() -> Iterator[tuple[str, bytes]]:
    """Every field of a job with each odd value."""
    yield from (("at", _text(text)) for text in TIMES)
    for name in ("created_at", "enqueued_at"):
        yield from ((name, _text(text)) for text in (*TIMES, *UNCHECKED))
    for name in ("retry", "reserve_for", "backtrace"):
        yield from ((name, b"%d" % number) for number in WHOLE)
    yield from ((name, b"null") for name in ("retry", "queue", "custom", "failure", "created_at"))
    yield from (("jid", _text(f"odd-jid-{n}-{text}")) for n, text in enumerate(TEXTS))
    yield from (("jid", b'"odd-jid-\\ud800"'), ("jid", b'"odd-jid-\\u0000"'))
    yield from (("jobtype", _text(f"T{text}")) for text in TEXTS)
    yield from (("jobtype", b'"\\udfff"'), ("jobtype", b'"\\u0000T"'))
    yield from (("queue", _text(name)) for name in (".", "..", "-", "_", "Q" * 2000))
    yield from (("args", b"[" + value + b"]") for value in ANYTHING)
    yield from (("custom", b'{"odd":' + value + b"}") for value in ANYTHING)
    for name in FAILURE:
        yield from (("failure", b'{"%b":%b}' % (name.encode(), value)) for value in ANYTHING)
    for name in ("failed_at", "next_at"):
        for text in (*TIMES, *UNCHECKED):
            yield "failure", b'{"retry_count":1,"%b":%b}' % (name.encode(), _text(text))
    for number in WHOLE:
        yield "failure", b'{"retry_count":%d,"remaining":%d}' % (number, number)
    for name in OURS:
        yield from ((name, value) for value in ANYTHING[:20])


def jobs() -> list[Odd]:
    """Return a job for each odd value."""
    found: list[Odd] = []
    for number, (name, value) in enumerate(values()):
        members = {"jid": _text(f"odd-{number:05}"), "jobtype": b'"Odd"', "args": b'["odd"]'}
        found.append(Odd(name, {**members, name: value}))
    return found


def few(every: int = 9) -> list[Odd]:
    """Return some of them, of each field: what broke something once, and some others."""
    seen: dict[str, int] = {}
    found: list[Odd] = []
    for odd in jobs():
        number = seen[odd.field] = seen.get(odd.field, -1) + 1
        if number % every == 0 or (odd.field == "at" and number < 10):
            found.append(odd)
    return found


def drawn(random: Random) -> Odd:
    """Return a job in which several fields are odd."""
    every = list(values())
    members = {"jid": _text(f"odd-{random.getrandbits(60):x}"), "jobtype": b'"Odd"', "args": b"[]"}
    some = random.sample(every, random.randint(1, 4))
    return Odd("+".join(name for name, _ in some), {**members, **dict(some)})

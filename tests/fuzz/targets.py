"""What is fuzzed: each takes bytes and raises when something that must hold does not."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

from glasshouse.engine import journal
from glasshouse.engine.disk import LogFile
from glasshouse.model.errors import StoreError
from glasshouse.wire.framing import LineBuffer
from glasshouse.wire.globs import glob
from glasshouse.wire.jsontext import MAX_DEPTH, JsonTextError, finish, members, skip_value
from glasshouse.wire.server import Event, ServerConnection, Unread

MAX_LINE = 4_096


def wire(data: bytes) -> None:
    """Bytes of a client, cut at any place, are the same events; what is kept is bounded."""
    cut = data[0] if data else 0
    body = b'HELLO {"v":2,"wid":"w"}\n' * (cut % 2) + data[1:]
    whole = _events([body])
    pieces = [body[at : at + 1 + cut] for at in range(0, len(body), 1 + cut)]
    assert whole == _events(pieces)


def _events(pieces: list[bytes]) -> list[str]:
    connection = ServerConnection(
        password=None, salt="1", iterations=1, max_line=MAX_LINE, max_hello=256
    )
    events: list[Event] = []
    for piece in pieces:
        events += connection.receive(piece)
        assert connection.kept <= MAX_LINE + 1
    return [repr(finish(event.steps) if isinstance(event, Unread) else event) for event in events]


def scanner(data: bytes) -> None:
    """Our scanner takes what ``json`` takes, strictly, and finds the same ends and keys."""
    try:
        text = data.decode()
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        value = None
        text = ""
    try:
        end = skip_value(data.strip(b" \t\r\n"), 0)
    except JsonTextError:
        assert not text, "json takes it"
        return
    if end != len(data.strip(b" \t\r\n")):
        assert not text, "json takes more of it"
        return
    if isinstance(value, dict):
        keys = [json.loads(key.decode()) for key, _ in members(data)]
        assert list(dict.fromkeys(keys)) == list(value)


def _refuse(name: str) -> None:
    raise ValueError(name)


def globs(data: bytes) -> None:
    """A pattern matches what a slow and obvious matcher says it matches."""
    pattern, _, text = data[:60].partition(b"\0")
    try:
        words = pattern.decode()
    except UnicodeDecodeError:
        return
    if b"[" in pattern or b"\\" in pattern:
        glob(words)(text)  # only that it ends
        return
    assert bool(glob(words)(text)) == _matches(pattern, text)


def _matches(pattern: bytes, text: bytes) -> bool:
    reached = {0}
    for byte in pattern:
        if byte == ord("*"):
            reached = set(range(min(reached, default=len(text) + 1), len(text) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(text) and byte in {ord("?"), text[at]}}
    return len(text) in reached


class _Bytes(LogFile):
    """A journal file in memory."""

    def __init__(self) -> None:
        self.data = bytearray()

    def read(self) -> bytes:
        return bytes(self.data)

    def fit(self, size: int) -> None:
        self.data = self.data[:size].ljust(size, b"\0")

    def write(self, offset: int, data: bytes) -> None:
        self.data[offset : offset + len(data)] = data

    def sync(self) -> None:
        pass

    def close(self) -> None:
        pass


_LINEAGE = bytes(range(16))


def records(data: bytes) -> None:
    """A journal with any bytes changed yields records that were written, in order, or an error."""
    files = (_Bytes(), _Bytes())
    before, journal.SEGMENT = journal.SEGMENT, 512
    try:
        log = journal.Journal(files, _LINEAGE, 0)
        written = {}
        for number in range(1, 25):
            body = b"record %d " % number * (number % 5)
            assert log.append(body) == number
            written[number] = body
            log.sync_work()()
            if number % 4 == 0:
                log.release(number - 2)
    finally:
        journal.SEGMENT = before
    for at in range(0, len(data) - 4, 4):
        which, offset, value, _ = struct.unpack_from("<BBBB", data, at)
        file = files[which % 2].data
        file[(offset * 8 + which) % len(file)] = value
    after = data[0] % 25 if data else 0
    found: list[int] = []
    try:
        for seq, body in journal.records([file.read() for file in files], _LINEAGE, after, Path()):
            assert written[seq] == body
            found.append(seq)
    except StoreError:
        pass
    assert found == list(range(after + 1, after + 1 + len(found)))


def lines(data: bytes) -> None:
    """Lines come out as they were, whatever the cuts."""
    cut = 1 + (data[0] if data else 0)
    buffer = LineBuffer(1 << 20)
    found = []
    for at in range(0, len(data), cut):
        found += buffer.feed(data[at : at + cut])
    wanted = [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]]
    assert found == wanted


TARGETS: dict[str, Callable[[bytes], None]] = {
    "wire": wire, "scanner": scanner, "globs": globs, "records": records, "lines": lines,
}  # fmt: skip

SEEDS: dict[str, list[bytes]] = {
    "wire": [
        b'\x01PUSH {"jid":"12345678","jobtype":"T","args":[1,{"a":"\\ud800"}]}\nFETCH a\r\nINFO\n',
        b'\x01PUSHB [{"jid":"12345678","jobtype":"T","args":[]},{}]\nQUEUE PAUSE *\nFLUSH\nEND\n',
        b'\x01ACK {"jid":"12345678"}\nFAIL {"jid":"12345678","backtrace":["a",null]}\n',
        b'\x01BEAT {"wid":"w","rss_kb":5}\nMUTATE {"cmd":"kill","target":"dead","filter":{}}\n',
        b'\x00HELLO {"v":2,"labels":null,"pid":3}\nQUEUE LATENCY a\n',
    ],
    "scanner": [b'{"a":[1,-0.5e+3,"\\u0041",true,null],"a":{}}', b"[" * (MAX_DEPTH // 50)],
    "globs": [b"a*b?c\0aXXbYc", b"*a*a*a*b\0aaaaaaaaaaaa", b"[^a-z]\\*[\0A*"],
    "records": [b"\x01\x02\x03\x04" * 8],
    "lines": [b"\x03a\r\nb\n\r\n\n", b"\x00\r\r\n"],
}

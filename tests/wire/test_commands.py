from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.model.server import WorkerState
from glasshouse.wire import commands as c
from glasshouse.wire.commands import CommandError, parse_command

JOB = b'{"jid":"abcdefgh","jobtype":"T","args":[]}'
VERBS = [
    b"PUSH", b"PUSHB", b"FETCH", b"ACK", b"FAIL", b"BEAT", b"INFO", b"FLUSH", b"END",
    b"QUEUE", b"QUEUE PAUSE", b"QUEUE LATENCY", b"MUTATE", b"BATCH", b"TRACK",
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b"FETCH a b", c.Fetch(("a", "b"))),
        (b"FETCH ", c.Fetch(())),
        (b'ACK {"jid":"x"}', c.Ack("x")),
        (b'ACK {"jid":"x","other":"\\ud800","n":null}', c.Ack("x")),
        (b'FAIL {"jid":"x"}', c.Fail("x", "unknown", "unknown", ())),
        (
            b'FAIL {"JID":"x","errtype":" E ","message":" m\\n","backtrace":["a"],"extra":1}',
            c.Fail("x", "E", "m", ("a",)),
        ),
        (b'FAIL {"jid":"x","backtrace":null}', c.Fail("x", "unknown", "unknown", ())),
        (b'BEAT {"wid":"w"}', c.Beat("w", None, 0)),
        (
            b'BEAT {"wid":"w","current_state":"quiet","rss_kb":9}',
            c.Beat("w", WorkerState.QUIET, 9),
        ),
        (b'BEAT {"wid":"w","current_state":"tired"}', c.Beat("w", None, 0)),
        (b"BEAT null", c.Beat("", None, 0)),
        (b"INFO", c.Info()),
        (b"INFO whatever", c.Info()),
        (b"FLUSH", c.Flush()),
        (b"END", c.End()),
        (b"QUEUE PAUSE a b", c.QueuePause(("a", "b"))),
        (b"QUEUE pause *", c.QueuePause(None)),
        (b"QUEUE Resume * a", c.QueueResume(None)),
        (b"QUEUE REMOVE a *", c.QueueRemove(("a", "*"))),
        (b"QUEUE LATENCY", c.QueueLatency(())),
        (b"QUEUE latency a", c.QueueLatency(("a",))),
    ],
)
def test_a_line_becomes_its_command(line: bytes, command: c.Command) -> None:
    assert parse_command(line) == command


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"", "unknown command "),
        (b"push {}", "unknown command push"),
        (b"HELLO {}", "unknown command HELLO"),
        (b"A\x00\x1b[31m b", "unknown command A[31m"),
        (b"X" * 5000, "unknown command " + "X" * 200),
        (b"PUSH", "internal error"),
        (b"PUSHB", "internal error"),
        (b"ACK", "internal error"),
        (b"FAIL", "internal error"),
        (b"BEAT", "internal error"),
        (b"QUEUE", "internal error"),
        (b"QUEUE PAUSE", "internal error"),
        (b"QUEUE wat a", "no such QUEUE subcommand: WAT"),
        (b"QUEUE LATENCY *", "QUEUE LATENCY does not support wildcards"),
        (b"FETCH", "must call fetch with at least one queue"),
        (b'ACK {"jid":1}', 'invalid ACK {"jid":1}'),
        (b'ACK {"jid":"x","n":1}', 'invalid ACK {"jid":"x","n":1}'),
        (b"ACK {}", "invalid ACK {}"),
        (b"ACK []", "invalid ACK []"),
        (b"FAIL {}", "missing JID"),
        (b"FAIL null", "missing JID"),
        (b"FAIL  null ", "missing JID"),
        (b"ACK null", "invalid ACK null"),
        (b"PUSH null", "jobs must have a reasonable jid parameter"),
        (b"MUTATE null", "unknown mutate operation"),
        (
            b"QUEUE PAUSE a b/c",
            'cannot get "b/c" queue: queue names must match [a-zA-Z0-9._-]+',
        ),
        (b"QUEUE PAUSE a *", 'cannot get "*" queue: queue names must match [a-zA-Z0-9._-]+'),
        (b'MUTATE {"cmd": "kill"}', "invalid format"),
        (b"MUTATE", "invalid format"),
        (b'MUTATE {"cmd":"x","target":"y"}', "unknown mutate operation"),
        (b'MUTATE {"cmd":"kill","target":"y"}', "invalid target for mutation command"),
        (b"BATCH NEW {}", "batch subsystem is only available in Faktory Enterprise"),
        (b"TRACK GET x", "tracking subsystem is only available in Faktory Enterprise"),
        (b'PUSH {"jid":"short"}', "jobs must have a reasonable jid parameter"),
    ],
)
def test_a_line_that_cannot_be_carried_out_gets_the_reference_text(line: bytes, text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(line)
    assert caught.value.detail == text


@pytest.mark.parametrize(
    "line", [b"PUSH x", b"PUSH ", b"PUSHB {}", b"FAIL x", b'FAIL {"jid":1}', b"MUTATE x"]
)
def test_broken_json_is_called_so(line: bytes) -> None:
    with pytest.raises(CommandError, match="invalid JSON: "):
        parse_command(line)


def test_a_push_may_have_extra_spaces_before_its_brace() -> None:
    command = parse_command(b"PUSH   " + JOB)
    assert isinstance(command, c.Push)
    assert command.job.jid == "abcdefgh"


def test_a_bulk_push_carries_both_kinds() -> None:
    command = parse_command(b"PUSHB [" + JOB + b',{"jid":"short"}]')
    assert isinstance(command, c.PushBulk)
    assert [job.jid for job in command.jobs] == ["abcdefgh"]
    assert command.rejected == {"short": "jobs must have a reasonable jid parameter"}


def test_the_texts_of_a_failure_are_bounded_between_characters() -> None:
    lines = ",".join(['"x"'] * 80)
    line = (
        f'FAIL {{"jid":"j","errtype":"{"é" * 99}","message":"{"😀" * 400}","backtrace":[{lines}]}}'
    )
    command = parse_command(line.encode())
    assert isinstance(command, c.Fail)
    assert command.errtype == "é" * 50
    assert command.message == "😀" * 250
    assert len(command.backtrace) == 50


def test_an_ack_finds_a_job_whose_id_is_no_unicode() -> None:
    push = parse_command(b'PUSH {"jid":"abcdefgh\\ud800","jobtype":"T","args":[]}')
    assert isinstance(push, c.Push)
    for verb in (b"ACK", b"FAIL"):
        command = parse_command(verb + b' {"jid":"abcdefgh\\ud800"}')
        assert isinstance(command, c.Ack | c.Fail)
        assert command.jid == push.job.jid


@given(st.sampled_from([*VERBS, b""]), st.binary())
def test_random_bytes_never_do_more_than_raise_a_short_command_error(
    verb: bytes, body: bytes
) -> None:
    for line in (verb + body, verb + b" " + body, verb + b" {" + body):
        text = refusal(line)
        assert len(text.encode()) < 400
        assert not any(ch < " " for ch in text)


def refusal(line: bytes) -> str:
    """Return the text of the refusal, empty when the line is a command."""
    try:
        parse_command(line)
    except CommandError as error:
        return error.detail
    return ""

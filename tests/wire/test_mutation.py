"""MUTATE lines: what is named, and nothing more (fwp.md §5)."""

from __future__ import annotations

import json

import pytest

from glasshouse.model.job import JobSet
from glasshouse.wire.commands import CommandError, parse_command
from glasshouse.wire.mutation import MAX_JIDS, Mutate, MutateCommand

DISCARD = b'MUTATE {"cmd":"discard","target":"dead",%b}'


@pytest.mark.parametrize(
    ("line", "command"),
    [
        (b'{"cmd":"kill","target":"retries"}', Mutate(MutateCommand.KILL, JobSet.RETRIES)),
        (
            b'{"CMD":"discard","target":"dead","filter":{}}',
            Mutate(MutateCommand.DISCARD, JobSet.DEAD),
        ),
        (
            b'{"cmd":"discard","target":"dead","filter":null}',
            Mutate(MutateCommand.DISCARD, JobSet.DEAD),
        ),
        (
            b'{"cmd":"clear","target":"scheduled","filter":{}}',
            Mutate(MutateCommand.CLEAR, JobSet.SCHEDULED),
        ),
        (
            (
                b'{"cmd":"requeue","target":"scheduled",'
                b'"filter":{"Jids":["a","b","a"],"regexp":"*x*","jobtype":"T"}}'
            ),
            Mutate(
                MutateCommand.REQUEUE, JobSet.SCHEDULED, frozenset({"a", "b"}), "*x*", "T"
            ),
        ),
        (
            b'{"cmd":"discard","target":"dead","filter":{"jids":["a"],"regexp":null}}',
            Mutate(MutateCommand.DISCARD, JobSet.DEAD, frozenset({"a"})),
        ),
    ],
)  # fmt: skip
def test_a_mutation_becomes_what_it_names(line: bytes, command: Mutate) -> None:
    assert parse_command(b"MUTATE " + line) == command


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (b'"filter":{"jid":["a"]}', 'unknown filter key "jid", there are jids, jobtype, regexp'),
        (b'"filter":{"jobtypes":["T"]}', 'unknown filter key "jobtypes"'),
        (b'"filter":{"jids":["a"],"queue":"q"}', 'unknown filter key "queue"'),
        (b'"filter":{"":["a"]}', 'unknown filter key ""'),
        (b'"fliter":{"jids":["a"]}', 'unknown mutation key "fliter", there are cmd, filter,'),
        (b'"jids":["a"]', 'unknown mutation key "jids"'),
        (b'"filter":{"jids":[]}', "filter key jids is empty"),
        (b'"filter":{"jids":[\t]}', "filter key jids is empty"),
        (b'"filter":{"jids":null}', "filter key jids is empty"),
        (b'"filter":{"regexp":""}', "filter key regexp is empty"),
        (b'"filter":{"jobtype":""}', "filter key jobtype is empty"),
        (b'"filter":{"jobtype":null,"regexp":null}', "filter key jobtype is empty"),
        (b'"filter":{"jids":["a"],"regexp":""}', "filter key regexp is empty"),
        (b'"filter":{"jobtype":"T","jids":[]}', "filter key jids is empty"),
        (b'"filter":{"jids":["a"],"jids":["b"]}', "filter key jids is given twice"),
        (b'"filter":{"jids":["a"]},"Filter":null', "mutation key filter is given twice"),
        (b'"filter":{"jids":"a"}', "invalid JSON: jids must be an array of strings"),
        (b'"filter":{"jobtype":["T"]}', "invalid JSON: jobtype must be a string"),
        (b'"filter":["a"]', "invalid JSON: "),
        (b'"filter":"a"', "invalid JSON: "),
    ],
)
def test_a_filter_that_does_not_say_what_it_means_is_an_error(members: bytes, text: str) -> None:
    with pytest.raises(CommandError) as caught:
        parse_command(DISCARD % members)
    assert caught.value.detail.startswith(text)


def test_a_set_is_cleared_as_a_whole_or_not_at_all() -> None:
    with pytest.raises(CommandError, match="clear takes no filter, discard does"):
        parse_command(b'MUTATE {"cmd":"clear","target":"dead","filter":{"jids":["a"]}}')


def test_the_ids_of_a_filter_have_a_bound() -> None:
    jids = json.dumps([str(number) for number in range(MAX_JIDS + 1)], separators=(",", ":"))
    with pytest.raises(CommandError, match="a filter takes at most 50000 jids"):
        parse_command(DISCARD % (b'"filter":{"jids":%b}' % jids.encode()))

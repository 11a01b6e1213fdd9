"""Whatever is done to a ledger behind our back is found, and the first such record named."""

from __future__ import annotations

import hashlib
import json
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.ledger import checkpoint as checkpoints
from glasshouse.ledger.chain import Head, Link, digest_of, sealed
from glasshouse.ledger.checkpoint import Checkpoint, is_signed, public_key, read
from glasshouse.ledger.record import Event, Record, canonical
from glasshouse.ledger.verify import Start, Verdict, verify
from glasshouse.model.errors import InvalidError

from .book import ID, KEY, NOW, OTHER_KEY, Book, book


def told(made: Book, links: list[Link], *signed: Checkpoint) -> Verdict:
    return verify(made.id, links, signed)


def what(verdict: Verdict) -> str:
    assert verdict.fault is not None
    return verdict.fault.what


def broken_at(verdict: Verdict) -> int:
    assert verdict.fault is not None
    return verdict.fault.seq


@given(st.integers(1, 12), st.data())
def test_a_ledger_as_it_was_written_is_whole(records: int, data: st.DataObject) -> None:
    made = book(records)
    verdict = told(made, made.links, made.sign(), made.sign())
    assert verdict[:3] == (made.head, 2, None)


def test_an_empty_ledger_is_whole() -> None:
    assert verify(ID, []) == Verdict(Head(0, ID), 0, None)


def test_the_chain_is_what_the_documents_say() -> None:
    first, second = book(2).links
    assert first.digest == hashlib.sha256(b"glasshouse ledger 1\n" + first.body).digest()
    assert json.loads(first.body)["prev"] == ID.hex()
    assert json.loads(second.body) | {"seq": 2, "v": 1, "prev": first.digest.hex()} == json.loads(
        second.body
    )


@given(st.integers(1, 5), st.data())
def test_any_changed_byte_is_found_at_its_record(place: int, data: st.DataObject) -> None:
    made = book()
    link = made.links[place]
    at = data.draw(st.integers(0, len(link.body) - 1))
    body = bytearray(link.body)
    body[at] ^= data.draw(st.integers(1, 255))
    links = [*made.links]
    links[place] = link._replace(body=bytes(body))
    assert broken_at(told(made, links)) == place + 1
    # Who also writes its digest anew breaks what follows, or its own form.
    links[place] = Link(link.seq, bytes(body), digest_of(bytes(body)))
    assert broken_at(told(made, links, made.sign())) in {place + 1, place + 2, 6}


def test_a_removed_record_is_found() -> None:
    made = book()
    assert broken_at(told(made, made.links[:2] + made.links[3:])) == 3
    assert broken_at(told(made, made.links[1:])) == 1
    renumbered = [*made.links[:2], *(link._replace(seq=link.seq - 1) for link in made.links[3:])]
    assert broken_at(told(made, renumbered)) == 3


def test_a_swapped_pair_is_found() -> None:
    made = book()
    one, two = made.links[2], made.links[3]
    assert broken_at(told(made, [*made.links[:2], two, one, *made.links[4:]])) == 3
    swapped = [*made.links[:2], two._replace(seq=3), one._replace(seq=4), *made.links[4:]]
    assert broken_at(told(made, swapped)) == 3


def test_an_inserted_record_is_found() -> None:
    made = book()
    (extra,) = sealed(made.links[2].head, [Record(event=Event.STARTED, at=NOW)])
    later = [link._replace(seq=link.seq + 1) for link in made.links[3:]]
    assert broken_at(told(made, [*made.links[:3], extra, *made.links[3:]])) == 5
    assert broken_at(told(made, [*made.links[:3], extra, *later])) == 5
    twice = [*made.links[:3], made.links[2], *made.links[3:]]
    assert broken_at(told(made, twice)) == 4


def test_a_cut_tail_is_found_by_a_checkpoint_or_by_where_it_ended() -> None:
    made = book()
    signed = made.sign()
    cut = made.links[:4]
    assert told(made, cut).fault is None
    verdict = told(made, cut, signed)
    assert broken_at(verdict) == 5
    assert verdict.checkpoints == 0
    assert broken_at(verify(ID, cut, (), made.head)) == 5
    assert broken_at(verify(ID, [], (), made.head)) == 1
    assert verify(ID, made.links, (), made.head).fault is None
    early, late = book(3).sign(), book(5).sign()
    assert "a checkpoint names 3" in what(told(made, made.links[:2], late, early))
    assert verify(ID, made.links, (), cut[-1].head).fault is None


def test_a_ledger_that_was_written_anew_is_found_by_a_checkpoint() -> None:
    made, other = book(), Book()
    while len(other.links) < 6:
        other.add(number="another")
    assert told(other, other.links).fault is None
    verdict = told(other, other.links, made.sign())
    assert broken_at(verdict) == 6
    assert "another digest" in str(verdict.fault)
    assert broken_at(verify(b"\x09" * 32, made.links)) == 1


def test_a_wrong_signature_is_found() -> None:
    made = book()
    good = made.sign()
    assert is_signed(good)
    for wrong in (
        msgspec.structs.replace(good, signature="00" * 64),
        msgspec.structs.replace(good, signature="no hex"),
        msgspec.structs.replace(good, at="2030-01-01T00:00:00+00:00"),
        made.sign(OTHER_KEY),
        msgspec.structs.replace(good, ledger="09" * 32),
    ):
        verdict = told(made, made.links, wrong)
        assert broken_at(verdict) == 6
        assert verdict.checkpoints == 0
    assert not is_signed(msgspec.structs.replace(good, key="11"))


def test_another_key_is_good_from_the_record_on_that_names_it() -> None:
    made = book()
    early = made.sign(OTHER_KEY)
    made.add(Event.KEY, key=public_key(OTHER_KEY), before=public_key(KEY))
    by_old, by_new = made.sign(KEY), made.sign(OTHER_KEY)
    assert told(made, made.links, by_old, by_new)[:3] == (made.head, 2, None)
    assert broken_at(told(made, made.links, early)) == 6


@pytest.mark.parametrize("detail", ["x", None, {"other": "1"}])
def test_a_record_that_names_no_key_makes_none_known(detail: object) -> None:
    made = Book.__new__(Book)
    made.id, made.links = ID, []
    said = {"event": "ledger.key", "seq": 1, "v": 1, "prev": ID.hex(), "detail": detail}
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    made.links.append(Link(1, body, digest_of(body)))
    assert broken_at(told(made, made.links, made.sign())) == 1
    assert told(made, made.links).fault is None


@pytest.mark.parametrize(
    "said",
    [
        {"v": 2},
        {"seq": 2},
        {"prev": "00" * 32},
    ],
)
def test_a_record_that_says_something_else_of_itself_is_found(said: dict[str, object]) -> None:
    first = json.loads(book(1).links[0].body) | said
    body = json.dumps(first, sort_keys=True, separators=(",", ":")).encode()
    assert broken_at(verify(ID, [Link(1, body, digest_of(body))])) == 1


def test_a_fault_is_told_in_words() -> None:
    made, links = book(), book().links
    signed = made.sign()
    changed = links[1]._replace(body=links[1].body.replace(b"ops", b"opa"))
    said = json.loads(links[0].body) | {"v": 2}
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    replace = msgspec.structs.replace
    for verdict, words in (
        (told(made, [links[0], changed]), "its digest is another: it was changed"),
        (told(made, [Link(1, b"x", digest_of(b"x"))]), "it is not in canonical form"),
        (
            told(made, [Link(1, body, digest_of(body))]),
            "it says of itself that it is another record",
        ),
        (verify(b"\0" * 32, links), "it does not follow the record before it"),
        (told(made, links[1:]), "record 1 is missing: 2 follows"),
        (told(made, links, replace(signed, ledger="")), "a checkpoint of it is of another ledger"),
        (
            told(made, links, made.sign(OTHER_KEY)),
            "a checkpoint of it is signed with a key that this ledger does not know",
        ),
        (
            told(made, links, replace(signed, signature="")),
            "the signature of a checkpoint of it is wrong",
        ),
        (
            told(made, links, _at(signed, "00", KEY)),
            "a checkpoint of it has another digest: the ledger was written anew",
        ),
        (told(made, links[:2], signed), "the ledger ends at record 2, a checkpoint names 6"),
        (
            verify(ID, links[:2], (), made.head),
            "the ledger ends at record 2, 6 had been written",
        ),
    ):
        assert what(verdict) == words


def _at(signed: Checkpoint, digest: str, key: bytes) -> Checkpoint:
    return checkpoints.sign(ID, Head(signed.seq, bytes.fromhex(digest)), key, NOW)


def test_a_record_of_bottomless_depth_is_not_canonical() -> None:
    body = b'{"a":' * 100_000
    assert "canonical" in what(verify(ID, [Link(1, body, digest_of(body))]))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": 1}', b'{"b":1,"a":1}', b"\xff", b'{"a":1.5}'])
def test_what_is_not_canonical_is_found(body: bytes) -> None:
    verdict = verify(ID, [Link(1, body, digest_of(body))])
    assert broken_at(verdict) == 1
    assert "canonical" in str(verdict.fault)


def test_checkpoints_are_found_whatever_their_order() -> None:
    made = Book()
    signed = [made.sign(), *(made.add().sign() for _ in range(8))]
    random.Random(1).shuffle(signed)
    assert told(made, made.links, *signed)[:3] == (made.head, 9, None)


def test_a_key_is_made_known_by_its_own_kind_of_record_alone() -> None:
    made = book()
    made.add(Event.SIGNED_IN, key=public_key(OTHER_KEY))
    assert "does not know" in what(told(made, made.links, made.sign(OTHER_KEY)))


def test_a_ledger_that_begins_behind_an_archive_says_how_that_ended() -> None:
    made = book(3)
    keys = frozenset({public_key(KEY), public_key(OTHER_KEY)})
    start, said = Start(made.head, keys), " ".join(sorted(keys))
    made.add(Event.ARCHIVED, last="3", digest=start.head.digest.hex(), keys=said)
    rest = made.add().links[3:]
    assert verify(ID, rest, (), made.head, start) == Verdict(made.head, 0, None)
    other = start._replace(keys=frozenset({public_key(KEY)}))
    fault = (4, "what was archived ended otherwise than this ledger begins")
    assert verify(ID, rest, (), made.head, other).fault == fault
    assert verify(ID, made.links, (), made.head).fault is None


def test_a_record_of_an_archive_that_holds_nothing_is_no_such_record() -> None:
    made = book(2)
    prev = made.head.digest.hex()
    told_of = {"v": 1, "seq": 3, "prev": prev, "event": "ledger.archived", "detail": []}
    body = canonical(told_of)  # type: ignore[arg-type]
    links = [*made.links, Link(3, body, digest_of(body))]
    assert verify(ID, links).fault is None
    fault = verify(ID, links[2:], (), None, Start(made.head, frozenset())).fault
    assert fault == (3, "no record says that the records up to 2 were archived")


def test_a_checkpoint_of_no_record_at_all_is_missed() -> None:
    made = book()
    odd = msgspec.structs.replace(made.sign(), seq=-1)
    assert "a checkpoint names -1" in what(told(made, made.links, odd))


def test_a_checkpoint_is_read_as_it_was_written() -> None:
    signed = book().sign()
    assert read(msgspec.json.encode(signed)) == signed
    assert signed.at == "2027-01-15T08:00:00+00:00"
    assert checkpoints.public_key(KEY) == signed.key
    for wrong in ("", "{}", "[1]", "x", '{"ledger": 1}'):
        with pytest.raises(InvalidError, match="no checkpoint"):
            read(wrong)

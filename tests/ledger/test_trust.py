"""What a key proves is proven for who trusts it, and nothing else is."""

from __future__ import annotations

import pytest

from glasshouse.ledger import archived, witness
from glasshouse.ledger.chain import Head
from glasshouse.ledger.checkpoint import Checkpoint, public_key, written
from glasshouse.ledger.export import read
from glasshouse.ledger.record import Event
from glasshouse.ledger.verify import (
    RecordColumns,
    Start,
    TrustedKeys,
    Verdict,
    Verifier,
    differing,
    verify,
)
from glasshouse.model.errors import InvalidError

from .book import ID, KEY, NOW, OTHER_KEY, Book, book

MINE, OTHER = public_key(KEY), public_key(OTHER_KEY)


def told(made: Book, *signed: Checkpoint, trust: str = MINE) -> Verdict:
    return verify(ID, made.links, signed, made.head, None, TrustedKeys(frozenset({trust})))


def test_records_are_proven_up_to_the_last_checkpoint_of_a_trusted_key() -> None:
    made = Book()
    first = made.sign()
    signed = made.add().add().sign()
    verdict = told(made.add(), first, signed)
    assert (verdict.fault, verdict.signed, verdict.others) == (None, 3, frozenset())
    assert verify(ID, made.links, (first, signed)).signed == 0


def test_a_key_that_joins_proves_nothing_to_who_does_not_trust_it() -> None:
    made = Book()
    first = made.sign()
    made.add(Event.KEY, key=OTHER)
    joined = made.sign(OTHER_KEY)
    verdict = told(made, first, joined)
    assert (verdict.fault, verdict.signed, verdict.others) == (None, 1, frozenset({OTHER}))
    verdict = told(made, first, joined, trust=OTHER)
    assert (verdict.fault, verdict.signed, verdict.others) == (None, 2, frozenset({MINE}))


@pytest.mark.parametrize(
    ("before", "by_old", "by_new", "trusted"),
    [
        (MINE, True, True, True),
        (MINE, False, True, False),
        (MINE, True, False, False),
        (OTHER, True, True, False),
    ],
)
def test_a_successor_is_trusted_that_both_keys_signed(
    before: str, by_old: bool, by_new: bool, trusted: bool
) -> None:
    made = Book()
    signed = [made.sign()]
    made.add(Event.KEY, key=OTHER, before=before)
    signed += [made.sign(key) for key, does in ((KEY, by_old), (OTHER_KEY, by_new)) if does]
    last = made.add().sign(OTHER_KEY)
    assert (told(made, *signed, last).signed == 3) is trusted


def test_what_a_trusted_key_signed_when_it_was_named_has_to_be_there() -> None:
    made = book()
    first, last = Book().sign(), made.sign()
    assert told(made, first, last).fault is None
    gone = told(made, last).fault
    assert gone is not None
    assert gone.seq == 1
    assert "is gone" in gone.what
    anew = told(made, first, last, trust=OTHER).fault
    assert anew == (1, "no record names a key that is trusted: it was written anew")
    assert verify(ID, [], (), None, None, TrustedKeys(frozenset({MINE}))).fault is None


def test_what_stands_beside_a_record_is_what_it_says() -> None:
    link = Book().add().links[-1]
    record = read(link)
    right = RecordColumns(at=NOW + 1, event="session.signed_in", actor="local:ops")
    assert differing(right, record) is None
    assert differing(right._replace(at=NOW + 1.0000004), record) is None
    for name, wrong in (
        ("at", right._replace(at=NOW + 1.002)),
        ("at", right._replace(at=NOW + 1.0005)),
        ("at", right._replace(at=float("nan"))),
        ("at", right._replace(at=float("inf"))),
        ("event", right._replace(event="session.refused")),
        ("event", right._replace(event="SESSION.SIGNED_IN")),
        ("actor", right._replace(actor="")),
        ("actor", right._replace(actor="local:ops ")),
    ):
        assert differing(wrong, record) == name
    assert differing(right, record | {"at": "no time"}) == "at"
    assert differing(right._replace(actor=""), record | {"who": "x"}) is None
    assert (
        differing(right._replace(actor="x" * 300), {**record, "who": {"name": "x" * 301}}) is None
    )
    made = Book()
    fault = verify_one(made, right)
    assert fault == "the column event says something else than the record"


def verify_one(made: Book, columns: RecordColumns) -> str:
    fault = Verifier(ID, ()).take(made.links[0], columns)
    assert fault is not None
    return fault.what


def test_an_archive_is_signed_by_a_key_that_is_trusted() -> None:
    made = book(3)
    start = Start(made.head, frozenset({MINE}))
    detail = {"last": "3", "digest": start.head.digest.hex(), "keys": start.told_keys}
    for key, until, whole in (
        (KEY, 0, True),
        (OTHER_KEY, 0, False),
        (None, 0, False),
        (None, 3, False),
        (None, 4, True),
        (None, None, True),
    ):
        other = book(3)
        said = detail if key is None else archived.signed(ID, detail, key)
        other.add(Event.ARCHIVED, **said)
        trust = TrustedKeys(frozenset({MINE}), until)
        signed = [other.sign()]
        verdict = verify(ID, other.links[3:], signed, other.head, start, trust)
        assert (verdict.fault is None) is whole, (key, until)


def test_the_signature_of_an_archive_is_of_all_its_words_and_of_its_ledger() -> None:
    said = archived.signed(ID, {"last": "3"}, KEY)
    assert archived.signer(ID, said) == MINE
    assert archived.signer(b"\x07" * 32, said) is None
    for name, value in (("last", "4"), ("more", "x"), ("key", OTHER), ("signature", "zz")):
        assert archived.signer(ID, said | {name: value}) is None
    assert archived.signer(ID, {}) is None


def test_keys_that_are_too_many_for_a_record_are_told_by_their_digest() -> None:
    keys = frozenset(f"{number:064}" for number in range(40))
    start = Start(Head(1, ID), keys)
    assert start.told_keys.startswith("sha256:")
    assert len(start.all_keys.split()) == 40
    other = Start(Head(1, ID), keys | {"f" * 64})
    assert other.told_keys != start.told_keys


def test_a_witness_is_read_line_by_line() -> None:
    made = Book()
    signed = [made.sign(), made.add().sign()]
    first = witness.begun(ID, Book().head, again=False)
    good = [written(one).encode() + b"\n" for one in signed]
    found = witness.parsed(first + b"".join(good))
    assert found is not None
    assert found.begun == witness.WitnessHeader(ledger=ID.hex(), begins=1)
    assert (list(found.checkpoints), found.damaged, found.last) == (signed, 0, signed[1])
    flipped = good[0].replace(b'"seq":1', b'"seq":9')
    for text, some, damaged in (
        (first + flipped + good[1], 1, 1),
        (first + good[0] + good[1][:50], 1, 1),
        (first + good[0] + good[1][:50] + b"\n" + good[1], 2, 1),
        (first + b"\xff\n[]\n" + good[0], 1, 2),
        (good[0] + first, 1, 0),
        (first, 0, 0),
    ):
        found = witness.parsed(text)
        assert found is not None
        assert (len(found.checkpoints), found.damaged) == (some, damaged)
        late = witness.latest(text)
        assert late is not None
        assert (late.begun, late.last) == (found.begun, found.last)
    headless = witness.parsed(first[:20] + b"\n" + good[1])
    assert headless is not None
    assert headless.begun == witness.WitnessHeader(ledger=ID.hex(), begins=2)
    assert witness.parsed(b"") is None
    assert witness.parsed(b"\0" * 9) is None


def test_a_witness_is_a_file_of_checkpoints_too() -> None:
    made = Book()
    text = witness.begun(ID, made.head, again=True) + b"\n" + written(made.sign()).encode()
    assert witness.checkpoints(text) == [made.sign()]
    with pytest.raises(InvalidError, match="no checkpoint"):
        witness.checkpoints(text[:-5])

"""A ledger in memory, for tests: its records, and what can be done to them."""

from __future__ import annotations

from glasshouse.ledger.chain import Head, Link, seal
from glasshouse.ledger.checkpoint import Checkpoint, public_key, sign
from glasshouse.ledger.record import Event, Record, Subject

ID, KEY, OTHER_KEY = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
NOW = 1_800_000_000.25


class Book:
    """Records behind one another; the first names ``KEY``."""

    def __init__(self, ledger: bytes = ID) -> None:
        self.id = ledger
        self.links: list[Link] = []
        self.add(Event.KEY, key=public_key(KEY))

    @property
    def head(self) -> Head:
        return self.links[-1].head if self.links else Head(0, self.id)

    def add(self, event: Event = Event.SIGNED_IN, **detail: str) -> Book:
        who = Subject(name="local:ops", roles=("operator",), address="::1", factor_age=3)
        record = Record(event=event, at=NOW + len(self.links), who=who, detail=detail)
        self.links.append(seal(self.head, record))
        return self

    def sign(self, key: bytes = KEY) -> Checkpoint:
        return sign(self.id, self.head, key, NOW)


def book(records: int = 6) -> Book:
    """Return a book of so many records."""
    made = Book()
    while len(made.links) < records:
        made.add(number=str(len(made.links)))
    return made

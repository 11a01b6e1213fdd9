"""Names and passwords: of local accounts and of an htpasswd file.

What always holds: an unknown name and a wrong password get the same answer after the
same work; a password is compared in a thread, never on the loop.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from typing import NamedTuple, Protocol

import msgspec
import structlog

from glasshouse.identity import passwords
from glasshouse.ledger.record import Event
from glasshouse.model.access import IPAddress
from glasshouse.storage import accounts
from glasshouse.web.people.finding import Finder
from glasshouse.web.people.limits import Limits
from glasshouse.web.people.person import How, Person
from glasshouse.web.people.recording import Recording
from glasshouse.web.people.refusals import WrongCredentialsError
from glasshouse.web.people.tools import Tools

log = structlog.get_logger()

LOCAL, HTPASSWD = "local:", "htpasswd:"
_REMEMBERED = 60.0
"""Seconds for which a script that sends its password each time is not checked anew."""
_MOST_REMEMBERED = 1000
_MOST_NAME = 256


def has_password(person: Person) -> bool:
    """Return whether this console can check a password of the person."""
    return person.name.startswith((LOCAL, HTPASSWD))


class File(Protocol):
    """A file of names and passwords; see ``identity.htpasswd``."""

    def has(self, name: str) -> bool:
        """Return whether it has this name, with a hash that can be compared."""
        ...

    def verify(self, name: str, password: str) -> bool:
        """Return whether the password is right; as slow for an unknown name."""
        ...

    def stamp(self, name: str) -> bytes:
        """Return what changes when the name's line does; empty for an unknown one."""
        ...


class _Right(NamedTuple):
    """A password that was right: until when, and for which state of the account."""

    until: float
    stamp: bytes


class Passwords:
    """Tells who has a name and its password."""

    def __init__(
        self, tools: Tools, limits: Limits, recording: Recording, file: File | None = None
    ) -> None:
        """Know the local accounts, and those of ``file``."""
        self._tools = tools
        self._limits = limits
        self._recording = recording
        self._file = file
        self._finder = Finder(tools.database)
        self._key = tools.entropy(32)
        self._right: OrderedDict[bytes, _Right] = OrderedDict()

    async def check(self, name: str, password: str, address: IPAddress | None) -> Person:
        """Return the person with this name and password.

        Raises:
            WrongCredentialsError: there is none.
            TooManyError: it was tried too often.
        """
        account = await self._account(name)
        async with self._limits.password(name, address) as attempt:
            person = await self._tools.hashing.run(lambda: self._compared(account, name, password))
            if person is None:
                log.info("sign-in refused", address=str(address))
                # People type passwords where a name belongs: only names that are some are kept.
                known = self._known(account, name)
                await self._recording.note(Event.SIGN_IN_REFUSED, known, address)
                raise WrongCredentialsError("The name or the password is wrong.")
            attempt.good = True
        await self._renew(account, password)
        return person

    async def check_again(self, name: str, password: str, address: IPAddress | None) -> Person:
        """Return likewise, for a program that sends its password with each request."""
        account = await self._account(name)
        stamp = self._stamp(account, name)
        said = f"{name}\0{password}".encode("utf-8", "surrogatepass")
        # A keyed hash as HMAC is one; of short texts it is made without leaving this thread.
        seal = hashlib.blake2b(said, key=self._key, digest_size=32).digest()
        right = self._right.get(seal)
        if right is not None and right.stamp == stamp and time.monotonic() < right.until:
            return self._person(account, name)
        person = await self.check(name, password, address)
        self._right[seal] = _Right(time.monotonic() + _REMEMBERED, stamp)
        while len(self._right) > _MOST_REMEMBERED:
            self._right.popitem(last=False)
        return person

    async def still_there(self, person: Person) -> Person | None:
        """Return the person with the role of now; ``None`` when the name is gone."""
        source, name = person.name.split(":", 1)
        if f"{source}:" == HTPASSWD:
            return person if self._file is not None and self._file.has(name) else None
        if f"{source}:" != LOCAL:
            return person
        account = await self._account(name)
        return None if account is None else _with_role(person, account.role)

    async def _account(self, name: str) -> accounts.Account | None:
        if not name or len(name) > _MOST_NAME:
            return None
        return await self._finder.find(name)

    def _compared(
        self, account: accounts.Account | None, name: str, password: str
    ) -> Person | None:
        # Both are always asked, so that the time tells nothing of which has the name.
        stored = passwords.STAND_IN if account is None else account.password
        is_local = passwords.verify(stored, password) and account is not None
        in_file = self._file is not None and self._file.verify(name, password)
        if is_local or (in_file and account is None):
            return self._person(account, name)
        return None

    def _known(self, account: accounts.Account | None, name: str) -> str:
        in_file = self._file is not None and self._file.has(name)
        return self._person(account, name).name if account is not None or in_file else ""

    def _person(self, account: accounts.Account | None, name: str) -> Person:
        if account is None:
            return Person(name=HTPASSWD + name, how=How.BASIC)
        return Person(name=LOCAL + account.name, how=How.BASIC, own=account.role)

    def _stamp(self, account: accounts.Account | None, name: str) -> bytes:
        if account is not None:
            return hashlib.sha256(account.password.encode()).digest()
        return b"" if self._file is None else self._file.stamp(name)

    async def _renew(self, account: accounts.Account | None, password: str) -> None:
        if account is None or not passwords.outdated(account.password):
            return
        salt = self._tools.entropy(passwords.SALT_BYTES)
        renewed = await self._tools.hashing.run(lambda: passwords.hashed(password, salt))
        await self._tools.database.run(accounts.set_password, account.name, renewed)


def _with_role(person: Person, role: str) -> Person:
    return msgspec.structs.replace(person, own=role)

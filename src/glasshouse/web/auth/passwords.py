"""Names and passwords of local accounts and of an htpasswd file.

Invariants: an unknown name and a wrong password get the same answer after the same work; a password
is compared in a thread, never on the event loop; a right one is admitted, whatever others sent at
the same time.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec
import structlog

from glasshouse.identity import passwords
from glasshouse.ledger.record import Event
from glasshouse.model.access import IPAddress
from glasshouse.storage import accounts
from glasshouse.web.auth.account_lookup import Finder
from glasshouse.web.auth.departures import HTPASSWD, Departures
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.limits import AttemptLimit, Limits
from glasshouse.web.auth.recording import Recording
from glasshouse.web.http.network import limit_key
from glasshouse.web.request.person import How, Person
from glasshouse.web.request.refusals import WrongCredentialsError

log = structlog.get_logger()

LOCAL = "local:"
_REMEMBERED = 60.0
"""Seconds for which a script that sends its password each time is not checked again."""
_MOST_REMEMBERED = 1000
_MOST_NAME = 256


def has_password(person: Person) -> bool:
    """Return whether this console can check a password of the person."""
    return person.name.startswith((LOCAL, HTPASSWD))


class File(Protocol):
    """A file of names and passwords; see ``identity.htpasswd``."""

    def has(self, name: str) -> bool:
        """Return whether it contains this name, with a hash that can be compared."""
        ...

    def verify(self, name: str, password: str) -> bool:
        """Return whether the password is right; equally slow for an unknown name."""
        ...

    def stamp(self, name: str) -> bytes:
        """Return a value that changes when the name's line does; empty for an unknown name."""
        ...

    def stamps(self) -> Mapping[str, bytes] | None:
        """Return the stamps of its names that can sign in; ``None`` while it cannot be read."""
        ...


class _Right(NamedTuple):
    """A password that was right for a state of the account, as its seal shows, and until when."""

    seal: bytes
    until: float


class Passwords:
    """Identifies people by name and password."""

    def __init__(
        self,
        tools: AuthDependencies,
        limits: Limits,
        recording: Recording,
        file: File | None = None,
        leavers: Departures | None = None,
    ) -> None:
        """Know the local accounts and those of ``file``; ``leavers`` handles names that left it."""
        self._leavers = leavers
        self._tools = tools
        self._limits = limits
        self._recording = recording
        self._file = file
        self._finder = Finder(tools.database)
        self._key = tools.entropy(32)
        self._right: OrderedDict[tuple[str, str], _Right] = OrderedDict()
        self._checking: dict[tuple[str, str, bytes], asyncio.Task[Person]] = {}

    async def check(self, name: str, password: str, address: IPAddress | None) -> Person:
        """Return the person with this name and password.

        Raises:
            WrongCredentialsError: there is no such person.
            TooManyError: it was tried too often.
        """
        account = await self._account(name)
        tries = await self._limits.of_password(name, address)
        person = await self._found(tries, account, name, password)
        if person is None:
            log.info("sign-in refused", address=str(address))
            # People type passwords where a name belongs: only real names are kept.
            known = self._known(account, name)
            await self._recording.note(Event.SIGN_IN_REFUSED, known, address)
            raise WrongCredentialsError("The name or the password is wrong.")
        await self._limits.right(tries)
        await self._renew(account, password, tries.where)
        return person

    async def _found(
        self, tries: AttemptLimit, account: accounts.Account | None, name: str, password: str
    ) -> Person | None:
        """Return who this is; a wrong attempt is counted before the next is checked."""
        hashing = self._tools.hashing

        async def compared() -> Person | None:
            person = await hashing.run(lambda: self._compared(account, name, password))
            if person is None:
                await self._limits.wrong(tries)
            return person

        async with hashing.turn(tries.where):
            if not await self._limits.used_up(tries):
                return await compared()
        await self._limits.paced(tries)
        async with hashing.turn(tries.where):
            return await compared()

    async def check_again(self, name: str, password: str, address: IPAddress | None) -> Person:
        """Return the same, for a program that sends its password with each request.

        What is remembered does not help guessing: the first try with another password, from the
        same address and for the same name, clears it.
        """
        account = await self._account(name)
        stamp, where = self._stamp(account, name), (name, limit_key(address))
        content = "\0".join((*where, password)).encode("utf-8", "surrogatepass")
        # A keyed hash, like HMAC; for short texts it is computed without leaving this thread.
        seal = hashlib.blake2b(content + stamp, key=self._key, digest_size=32).digest()
        right = self._right.get(where)
        if right is not None and right.seal == seal and time.monotonic() < right.until:
            return self._person(account, name)
        self._right.pop(where, None)
        await self._checked((*where, seal), lambda: self.check(name, password, address))
        self._right[where] = _Right(seal, time.monotonic() + _REMEMBERED)
        while len(self._right) > _MOST_REMEMBERED:
            self._right.popitem(last=False)
        return self._person(account, name)

    async def _checked(
        self, key: tuple[str, str, bytes], check: Callable[[], Coroutine[Any, Any, Person]]
    ) -> None:
        """Check a password once for all who send the same one at the same time."""
        task = self._checking.get(key)
        if task is None:
            task = self._checking[key] = asyncio.create_task(check())
            task.add_done_callback(lambda done: self._done(key, done))
        # Several may wait for it: one that leaves does not cancel it.
        await asyncio.shield(task)

    def _done(self, key: tuple[str, str, bytes], task: asyncio.Task[Person]) -> None:
        del self._checking[key]
        if not task.cancelled():
            task.exception()  # All that waited may have left: mark it as retrieved.

    async def still_there(self, person: Person) -> Person | None:
        """Return the person with the current role; ``None`` if the name is gone."""
        source, name = person.name.split(":", 1)
        if f"{source}:" == HTPASSWD:
            if self._leavers is None or not await self._leavers.is_there(name, person.stamp):
                return None
            return person
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
        # Both are always checked, so that the timing does not reveal which has the name.
        stored = passwords.STAND_IN if account is None else account.password
        # A session relies on the line as it was before the comparison.
        person = self._person(account, name)
        is_local = passwords.verify(stored, password) and account is not None
        in_file = self._file is not None and self._file.verify(name, password)
        return person if is_local or (in_file and account is None) else None

    def _known(self, account: accounts.Account | None, name: str) -> str:
        in_file = self._file is not None and self._file.has(name)
        return self._person(account, name).name if account is not None or in_file else ""

    def _person(self, account: accounts.Account | None, name: str) -> Person:
        if account is None:
            stamp = None if self._file is None else self._file.stamp(name)
            return Person(name=HTPASSWD + name, how=How.BASIC, stamp=stamp)
        return Person(name=LOCAL + account.name, how=How.BASIC, own=account.role)

    def _stamp(self, account: accounts.Account | None, name: str) -> bytes:
        if account is not None:
            return hashlib.sha256(account.password.encode()).digest()
        return b"" if self._file is None else self._file.stamp(name)

    async def _renew(self, account: accounts.Account | None, password: str, where: str) -> None:
        if account is None or not passwords.outdated(account.password):
            return
        salt = self._tools.entropy(passwords.SALT_BYTES)
        async with self._tools.hashing.turn(where):
            renewed = await self._tools.hashing.run(lambda: passwords.hashed(password, salt))
        await self._tools.database.run(accounts.set_password, account.name, renewed)


def _with_role(person: Person, role: str) -> Person:
    return msgspec.structs.replace(person, own=role)

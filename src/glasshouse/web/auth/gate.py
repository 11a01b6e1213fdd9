"""Who sent a request: determined from its parsed parts, in one order, and never guessed.

1. A name in the proxy's header, from the proxy's network. From anywhere else that header
   is refused, whatever is in it.
2. ``Authorization``: a password or a token. A wrong one is refused, never treated as someone else.
3. A session's cookie. One of an ended session counts as none.
4. None of these: a stranger.

A session may also prove the second factor of a person vouched for by 1 or 2.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec
from starlette.datastructures import Headers
from starlette.types import Scope

from glasshouse.model.access import Context, IPAddress
from glasshouse.model.errors import InvalidError, StoreError
from glasshouse.policy.decide import in_networks
from glasshouse.policy.rules import Rules
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.sessions import person_of
from glasshouse.web.auth.vouched_cache import SECONDS, VouchedCache
from glasshouse.web.http import guard
from glasshouse.web.http.network import client_address, socket_address
from glasshouse.web.request.person import How, Person
from glasshouse.web.request.refusals import WrongCredentialsError
from glasshouse.web.request.rules import Access
from glasshouse.web.request.viewer import Viewer

OTP = "glasshouse-otp"
PROXY, PROXY_GROUP = "proxy:", "proxy-group:"
_MOST_NAME, _MOST_GROUPS = 256, 200
_MOST_CREDENTIALS = 4096


class PeopleGate:
    """Identifies the viewer, by everything that can vouch for a person."""

    def __init__(self, people: People) -> None:
        """Identify ``people``."""
        self._people = people
        self._familiar = VouchedCache(people.tools.clock)
        self._asked_at = people.tools.clock()

    @property
    def _access(self) -> Access:
        return self._people.access

    @property
    def rules(self) -> Rules:
        """The rules in force now."""
        return self._access.rules

    async def viewer(self, scope: Scope) -> Viewer:
        """Return who sent a request that passed the guard.

        Raises:
            InvalidError: a header that vouches for a person is malformed or forged.
            WrongCredentialsError: a password or token is wrong.
            FactorNeededError: a second factor is wrong.
            TooManyError: it was tried too often.
            StoreError: the database cannot be queried. A viewer who only reads and was known a
                short while ago may go on reading; one with nothing but a cookie is a stranger.
        """
        headers = Headers(scope=scope)
        peer = (scope.get("client") or ("",))[0]
        address = client_address(peer, scope["headers"], self._access.trusted_proxies)
        vouched = self._by_proxy(scope["headers"], peer)
        try:
            person = await self._found(vouched, headers, address)
        except StoreError:
            if scope["method"] not in guard.SAFE:
                raise
            return self._viewer(self._familiar_one(vouched, headers), address)
        except WrongCredentialsError:
            self._familiar.note(headers, None)
            raise
        if vouched is None:
            self._familiar.note(headers, person)
        if person is None:
            lapsed = cookie(headers, self._access.site.cookie) is not None
            return msgspec.structs.replace(self._viewer(None, address), lapsed=lapsed)
        if person.how is not How.SESSION and OTP in headers:
            person = await self._with_code(person, headers[OTP], address)
        return self._viewer(person, address)

    async def _found(
        self, vouched: Person | None, headers: Headers, address: IPAddress | None
    ) -> Person | None:
        person = vouched
        if person is None:
            person = await self._by_authorization(headers.get("authorization"), address)
        return await self._with_session(person, cookie(headers, self._access.site.cookie))

    def _familiar_one(self, vouched: Person | None, headers: Headers) -> Person | None:
        """Return who may go on reading although nothing can be looked up.

        Raises:
            StoreError: the database would be needed to identify this person.
        """
        if vouched is not None:
            return vouched
        person = self._familiar.find(headers)
        if person is None and "authorization" in headers:
            raise StoreError(
                "Your identity cannot be looked up now.",
                remedy="Look at the console's database; "
                "until then you see what anonymous visitors see.",
            )
        return person

    async def again(self, viewer: Viewer) -> Viewer:
        """Return the current viewer for one who was admitted a while ago.

        Only a stranger if the account, the session or the role is gone. While the database cannot
        be queried nothing changes, for up to a quarter of an hour.

        Raises:
            StoreError: it could not be queried for longer than that.
        """
        person = viewer.person
        if person is None:
            return self._viewer(None, viewer.context.address)
        try:
            current = await self._still(person)
        except StoreError:
            if self._people.tools.clock() - self._asked_at >= SECONDS:
                raise
            return self._viewer(person, viewer.context.address)
        self._asked_at = self._people.tools.clock()
        return self._viewer(current, viewer.context.address)

    async def _still(self, person: Person) -> Person | None:
        if person.session is not None:
            session = await self._people.sessions.find_again(person.session)
            if session is None:
                return None
        if person.token is not None and not await self._people.tokens.still_there(person.token):
            return None
        return await self._people.passwords.still_there(person)

    def _viewer(self, person: Person | None, address: IPAddress | None) -> Viewer:
        rules = self._access.rules
        if person is None:
            return Viewer(
                rules=rules,
                actor=rules.stranger(),
                context=Context(address=address),
                can_sign_in=True,
            )
        proven = person.proven_at
        age = None if proven is None else self._people.tools.clock() - proven
        return Viewer(
            rules=rules,
            actor=rules.person(person.name, person.groups, person.own),
            context=Context(address=address, factor_age=age),
            person=person,
            can_sign_in=True,
        )

    def _by_proxy(self, headers: Sequence[tuple[bytes, bytes]], peer: str) -> Person | None:
        proxy = self._access.proxy
        if proxy is None:
            return None
        name = _said(headers, proxy.header)
        groups = None if proxy.groups_header is None else _said(headers, proxy.groups_header)
        if name is None and groups is None:
            return None
        here = socket_address(peer)
        if here is None or not in_networks(here, proxy.networks):
            raise InvalidError(
                "A header that only the proxy may send came from elsewhere.",
                remedy="Remove it, or connect through the proxy.",
            )
        return _vouched(name, groups)

    async def _by_authorization(
        self, header: str | None, address: IPAddress | None
    ) -> Person | None:
        if header is None:
            return None
        scheme, _, credentials = header.partition(" ")
        credentials = credentials.strip()
        if len(credentials) <= _MOST_CREDENTIALS:
            match scheme.lower():
                case "bearer":
                    return await self._people.tokens.person(credentials, address)
                case "basic":
                    name, password = _basic(credentials)
                    return await self._people.passwords.check_again(name, password, address)
                case _:
                    pass
        raise InvalidError(
            "This kind of Authorization is not supported.", remedy="Use Bearer or Basic."
        )

    async def _with_session(self, person: Person | None, text: str | None) -> Person | None:
        """Return the person, or the session's; a person's own session adds what it proves."""
        session = None if text is None else await self._people.sessions.find(text)
        if person is None:
            if session is None:
                return None
            return await self._people.passwords.still_there(person_of(session))
        if session is None and person.how is How.BASIC:
            # It was looked up just now.
            return person
        there = await self._people.passwords.still_there(person)
        if there is None:
            raise WrongCredentialsError("The user this was made for is no longer known.")
        if session is None or session.actor != there.name or there.scope is not None:
            return there
        if await self._people.passwords.still_there(person_of(session)) is None:
            return there
        return msgspec.structs.replace(there, proven_at=session.proven_at, session=session)

    async def _with_code(self, person: Person, code: str, address: IPAddress | None) -> Person:
        proven = await self._people.tokens.proof(code, person)
        if proven is None:
            proven = await self._people.factors.show_code(person.name, code, address)
        return msgspec.structs.replace(person, proven_at=proven)


def cookie(headers: Headers, name: str) -> str | None:
    """Return the value of a cookie; of several with one name, the first, as browsers order them."""
    for part in headers.get("cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name and value:
            return value
    return None


def _said(headers: Sequence[tuple[bytes, bytes]], name: str) -> str | None:
    """Return the value of a header that vouches for a person.

    Raises:
        InvalidError: it was sent twice, or in a spelling that programs treat as the same.
    """
    wanted = name.encode()
    values = []
    for raw, value in headers:
        plain = raw.lower()
        if plain.replace(b"_", b"-") == wanted.replace(b"_", b"-"):
            if plain != wanted:
                raise InvalidError("An identity header is misspelt.")
            values.append(value)
    if len(values) > 1:
        raise InvalidError("An identity header was given twice.")
    return values[0].decode("utf-8", "replace").strip() if values else None


def _vouched(name: str | None, groups: str | None) -> Person | None:
    if not name:
        if groups:
            raise InvalidError("The proxy sent groups without a user.")
        return None
    if len(name) > _MOST_NAME or not name.isprintable() or "," in name:
        raise InvalidError("The proxy's header contains no name.")
    names = [group.strip() for group in (groups or "").split(",") if group.strip()]
    return Person(
        name=PROXY + name,
        how=How.PROXY,
        groups=tuple(PROXY_GROUP + group for group in names[:_MOST_GROUPS]),
    )


def _basic(credentials: str) -> tuple[str, str]:
    """Return the name and the password (RFC 7617, UTF-8)."""
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise WrongCredentialsError("The name or the password is wrong.") from None
    name, colon, password = decoded.partition(":")
    if not colon:
        raise WrongCredentialsError("The name or the password is wrong.")
    return name, password

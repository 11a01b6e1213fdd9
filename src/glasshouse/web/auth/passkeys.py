"""Passkeys in the browser: challenges that are kept until answered, and answered once."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import json
from collections.abc import Mapping
from typing import Any

import structlog

from glasshouse.identity import passkeys
from glasshouse.identity import tokens as secret
from glasshouse.identity.passkeys import CHALLENGE_BYTES, RelyingParty
from glasshouse.ledger.record import Event
from glasshouse.model.errors import InvalidError
from glasshouse.storage import factors, pending
from glasshouse.storage.factors import Passkey
from glasshouse.storage.pending import Pending
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.recording import Note, recorded
from glasshouse.web.request.change import Change
from glasshouse.web.request.person import Person
from glasshouse.web.request.refusals import FactorNeededError

log = structlog.get_logger()

_NEW, _SHOW = "passkey-new", "passkey-show"
_ANSWER_SECONDS = 300.0
_MOST_LABEL, _MOST_KEYS = 60, 20


class Passkeys:
    """The passkeys of all people."""

    def __init__(self, people: People) -> None:
        """Keep them in the database."""
        self._people = people

    async def ask_for_new(self, person: Person, change: Change) -> bytes:
        """Return the request to the browser to make a passkey, as JSON."""
        held = await self._people.factors.of(person.name)
        if len(held.passkeys) >= _MOST_KEYS:
            raise InvalidError("There are too many passkeys.", remedy="Remove one first.")
        challenge = self._people.tools.entropy(CHALLENGE_BYTES)
        user = hashlib.sha256(b"glasshouse user\0" + person.name.encode()).digest()
        known = [key.credential for key in held.passkeys]
        party = self._party(change)
        options = passkeys.ask_for_new(party, person.name, user, challenge, known)
        return await self._begun(_NEW, person, challenge, options)

    async def add(
        self, person: Person, change: Change, fields: Mapping[str, Any], note: Note
    ) -> tuple[str, ...]:
        """Store the passkey that the browser made, as ``note`` records.

        Returns recovery codes, if there were none.

        Raises:
            InvalidError: its answer is not valid, or was given before.
        """
        challenge = await self._taken(_NEW, person, fields)
        credential = passkeys.check_new(self._party(change), challenge, _answer(fields))
        label = str(fields.get("label") or "").strip()[:_MOST_LABEL] or "Passkey"
        key = Passkey(
            credential=credential.credential,
            actor=person.name,
            public_key=credential.public_key,
            sign_count=credential.sign_count,
            label=label,
            created_at=self._people.tools.clock(),
        )
        return await self._people.factors.added(
            person.name, lambda db: factors.add_passkey(db, key), note
        )

    async def ask(self, person: Person, change: Change) -> bytes:
        """Return the request to the browser to show a passkey, as JSON."""
        held = await self._people.factors.of(person.name)
        challenge = self._people.tools.entropy(CHALLENGE_BYTES)
        known = [key.credential for key in held.passkeys]
        options = passkeys.ask(self._party(change), challenge, known)
        return await self._begun(_SHOW, person, challenge, options)

    async def show(self, person: Person, change: Change, fields: Mapping[str, Any]) -> None:
        """Accept a passkey as the second factor.

        Raises:
            FactorNeededError: it is not the person's, or the answer was given before.
            TooManyError: it was tried too often.
        """
        people = self._people
        try:
            challenge = await self._taken(_SHOW, person, fields)
            await self._checked(person, change, challenge, _answer(fields))
        except InvalidError as error:
            await people.limits.wrong(people.limits.of_factor(person.name))
            log.info("second factor refused", actor=person.name)
            refused = Event.FACTOR_REFUSED
            await people.recording.note(refused, person.name, change.address, by="passkey")
            raise FactorNeededError(error.detail, remedy=error.remedy) from None

    async def _checked(
        self, person: Person, change: Change, challenge: bytes, answer: Mapping[str, Any]
    ) -> None:
        tools = self._people.tools
        key = await tools.database.run(factors.passkey, _unwritten(answer.get("rawId")))
        if key is None or key.actor != person.name:
            raise InvalidError("This passkey is not registered here.", remedy="Use another one.")
        count = passkeys.check(
            self._party(change), challenge, answer, key.public_key, key.sign_count
        )
        note = self._people.recording.noting(
            Event.FACTOR_SHOWN, person.name, change.address, by="passkey"
        )
        use = recorded(note, factors.use_passkey)
        await tools.database.run(use, key.credential, count, tools.clock())

    async def remove(self, person: Person, credential: str, note: Note) -> None:
        """Remove a passkey, as ``note`` records."""
        await self._people.factors.removed(
            person.name,
            lambda db: factors.remove_passkey(db, person.name, _unwritten(credential)),
            note,
            None if person.session is None else person.session.digest,
        )

    async def _begun(self, kind: str, person: Person, challenge: bytes, options: str) -> bytes:
        tools = self._people.tools
        text, now = secret.session_id(tools.entropy(secret.ENTROPY)), tools.clock()
        begun = Pending(
            digest=secret.token_hash(text),
            kind=kind,
            actor=person.name,
            data=challenge.hex(),
            expires_at=now + _ANSWER_SECONDS,
        )
        await tools.database.run(pending.begin, begun, now)
        return json.dumps({"pending": text, "options": json.loads(options)}).encode()

    async def _taken(self, kind: str, person: Person, fields: Mapping[str, Any]) -> bytes:
        tools = self._people.tools
        digest = secret.token_hash(str(fields.get("pending", "")))
        begun = await tools.database.run(pending.take, digest, kind, tools.clock())
        if begun is None or begun.actor != person.name:
            raise InvalidError("This was already answered, or too late.", remedy="Start again.")
        return bytes.fromhex(begun.data)

    def _party(self, change: Change) -> RelyingParty:
        site = self._people.access.site
        host = change.headers.get("host", "")
        if site.origin is not None and site.host is not None:
            return RelyingParty(site.host, site.origin)
        (origin,) = site.origins(host)
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        if not may_have_passkeys(name):
            raise InvalidError(
                "Browsers store passkeys for names only, not for addresses.",
                remedy="Open the console by its name, for example http://localhost, or set "
                "public_url.",
            )
        return RelyingParty(name, origin)


def may_have_passkeys(host: str) -> bool:
    """Return whether browsers allow passkeys for a host."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(host)
    return False


def written(credential: bytes) -> str:
    """Return a credential's id as browsers write it."""
    return base64.urlsafe_b64encode(credential).rstrip(b"=").decode("ascii")


def _unwritten(text: object) -> bytes:
    answer = text if isinstance(text, str) else ""
    try:
        return base64.urlsafe_b64decode(answer.encode("ascii") + b"=" * (-len(answer) % 4))
    except ValueError:
        return b""


def _answer(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = fields.get("answer")
    if not isinstance(answer, dict):
        raise InvalidError("The browser's answer is missing.", remedy="Start again.")
    return answer

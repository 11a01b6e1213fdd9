"""Second factors: how one is set up, shown and removed.

Invariants: a code is accepted once, even across restarts and several consoles on one database;
wrong ones are limited; recovery codes are used up. Every change is recorded in the same
transaction, or does not take place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import sqlalchemy as sa
import structlog

from glasshouse.identity import recovery, totp
from glasshouse.ledger.record import Event
from glasshouse.model.access import IPAddress
from glasshouse.storage import ends, factors
from glasshouse.storage.factors import Factors as Held
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.limits import AttemptLimit, KeyedLocks, Limits
from glasshouse.web.auth.recording import Note, Recording, recorded
from glasshouse.web.request.refusals import FactorNeededError, TooManyError

log = structlog.get_logger()


class Factors:
    """The second factors of all people."""

    def __init__(self, tools: AuthDependencies, limits: Limits, recording: Recording) -> None:
        """Keep them in the database."""
        self._tools = tools
        self._limits = limits
        self._recording = recording
        self._in_turn = KeyedLocks()

    async def of(self, actor: str) -> Held:
        """Return the factors of a person."""
        return await self._tools.database.run(factors.of, actor)

    async def show_code(self, actor: str, code: str, address: IPAddress | None) -> float:
        """Accept a one-time code or a recovery code; return when that was (Unix seconds).

        Raises:
            FactorNeededError: it is wrong, or was used before.
            TooManyError: it was tried too often.
            StoreError: it cannot be recorded, so it was not accepted.
        """
        # One after another: many at once are guesses like any others.
        async with self._in_turn.of(actor):
            now = self._tools.clock()
            if not await self._recovery(actor, code, now, address):
                await self._totp(actor, code, now, address)
        return now

    async def _totp(self, actor: str, code: str, now: float, address: IPAddress | None) -> None:
        held = (await self.of(actor)).totp
        if held is None or not totp.looks_like_code(code):
            await self._wrong(self._limits.of_factor(actor), actor, address)
        tries = await self._limits.of_code(actor, address)
        if wait := await self._limits.used_up(tries):
            raise TooManyError(wait)
        steps = totp.steps_of(held.secret, code, now)
        if not steps:
            await self._wrong(tries, actor, address)
        step = next((step for step in steps if step > held.last_step), None)
        note = self._recording.noting(Event.FACTOR_SHOWN, actor, address, by="code")
        take = recorded(note, factors.take_step)
        if step is None or not await self._tools.database.run(take, actor, step):
            # It was right, and sending a used code is not guessing.
            await self._wrong(self._limits.of_replay(actor), actor, address, limited=False)
        await self._limits.right(tries)

    async def _wrong(
        self, tries: AttemptLimit, actor: str, address: IPAddress | None, *, limited: bool = True
    ) -> NoReturn:
        """Report that a code is wrong, and record it, but not without limit.

        Raises:
            FactorNeededError, TooManyError: one of them, always.
        """
        wrong = FactorNeededError(
            "The code is wrong or was already used.",
            remedy="Wait for the next code and use that.",
        )
        try:
            await self._limits.wrong(tries)
        except TooManyError:
            if limited:
                raise
            raise wrong from None
        log.info("second factor refused", actor=actor)
        await self._recording.note(Event.FACTOR_REFUSED, actor, address, by="code")
        raise wrong

    async def _recovery(self, actor: str, code: str, now: float, address: IPAddress | None) -> bool:
        if not recovery.looks_like_code(code):
            return False
        note = self._recording.noting(Event.FACTOR_SHOWN, actor, address, by="recovery code")
        used = await self._tools.database.run(
            recorded(note, factors.use_recovery), actor, recovery.code_hash(code), now
        )
        if used:
            log.warning("a recovery code was used", actor=actor)
        return used

    def new_secret(self) -> str:
        """Return a secret for an authenticator app, which no one has yet."""
        return totp.new_secret(self._tools.entropy(totp.SECRET_BYTES))

    async def set_up_totp(self, actor: str, secret: str, code: str, note: Note) -> tuple[str, ...]:
        """Give a person the secret that matches the app's ``code``, as ``note`` records.

        Returns recovery codes, if there were none.

        Raises:
            FactorNeededError: the code is not of that secret.
        """
        now = self._tools.clock()
        step = totp.accepted_step(secret, code, now, -1)
        if step is None:
            raise FactorNeededError(
                "The code does not match: the second factor was not set up.",
                remedy="Check your phone's clock, and enter the code it shows now.",
            )
        return await self.added(
            actor, lambda db: factors.set_totp(db, actor, secret, now, step), note
        )

    async def added(
        self, actor: str, add: Callable[[sa.Connection], None], note: Note
    ) -> tuple[str, ...]:
        """Add a factor, as ``note`` records; return recovery codes, if there were none."""
        codes, digests = self._new_recovery_codes()

        def both(db: sa.Connection) -> bool:
            add(db)
            note(db)
            return factors.set_first_recovery(db, actor, digests)

        return codes if await self._tools.database.run(both) else ()

    async def remove_totp(self, actor: str, note: Note, session: bytes | None) -> None:
        """Remove the authenticator app; see ``removed``."""
        await self.removed(actor, lambda db: factors.remove_totp(db, actor), note, session)

    async def removed(
        self,
        actor: str,
        remove: Callable[[sa.Connection], None],
        note: Note,
        session: bytes | None,
    ) -> None:
        """Remove a factor, as ``note`` records.

        Recovery codes are removed with the last one. A factor shown before no longer counts, except
        in the ``session`` in which it is removed.
        """

        def both(db: sa.Connection) -> None:
            remove(db)
            factors.without_last(db, actor)
            ends.unprove(db, actor, session)
            note(db)

        await self._tools.database.run(both)

    async def new_recovery_codes(
        self, actor: str, note: Note, session: bytes | None
    ) -> tuple[str, ...]:
        """Return new recovery codes; earlier ones are no longer valid. See ``removed``."""
        codes, digests = self._new_recovery_codes()
        await self.removed(
            actor, lambda db: factors.set_recovery(db, actor, digests), note, session
        )
        return codes

    def _new_recovery_codes(self) -> tuple[tuple[str, ...], tuple[bytes, ...]]:
        codes = recovery.new_codes(self._tools.entropy(recovery.ENTROPY))
        return codes, tuple(map(recovery.code_hash, codes))

"""Second factors: how one is set up, shown and taken away.

What always holds: a code is taken once, also across restarts and by several consoles on
one database; wrong ones are limited; recovery codes are used up.
"""

from __future__ import annotations

import structlog

from glasshouse.identity import recovery, totp
from glasshouse.ledger.record import Event
from glasshouse.model.access import IPAddress
from glasshouse.storage import factors
from glasshouse.storage.factors import Factors as Held
from glasshouse.web.people.limits import Limits
from glasshouse.web.people.recording import Recording
from glasshouse.web.people.refusals import FactorNeededError
from glasshouse.web.people.tools import Tools

log = structlog.get_logger()


class Factors:
    """The second factors of everybody."""

    def __init__(self, tools: Tools, limits: Limits, recording: Recording) -> None:
        """Keep them in the database."""
        self._tools = tools
        self._limits = limits
        self._recording = recording

    async def of(self, actor: str) -> Held:
        """Return the factors of a person."""
        return await self._tools.database.run(factors.of, actor)

    async def show_code(self, actor: str, code: str, address: IPAddress | None) -> float:
        """Take a one-time code, or a recovery code; return when that was (Unix seconds).

        Raises:
            FactorNeededError: it is wrong, or was taken before.
            TooManyError: it was tried too often.
        """
        now = self._tools.clock()
        async with self._limits.factor(actor) as attempt:
            recovered = await self._recovery(actor, code, now)
            by = "recovery code" if recovered else "code"
            if not recovered and not await self._totp(actor, code, now):
                log.info("second factor refused", actor=actor)
                await self._recording.note(Event.FACTOR_REFUSED, actor, address, by=by)
                raise FactorNeededError(
                    "The code is wrong, or was used before.",
                    remedy="Wait for the next code and send that.",
                )
            attempt.good = True
        await self._recording.note(Event.FACTOR_SHOWN, actor, address, by=by)
        return now

    async def _totp(self, actor: str, code: str, now: float) -> bool:
        held = (await self.of(actor)).totp
        if held is None:
            return False
        step = totp.accepted_step(held.secret, code, now, held.last_step)
        if step is None:
            return False
        return await self._tools.database.run(factors.take_step, actor, step)

    async def _recovery(self, actor: str, code: str, now: float) -> bool:
        if not recovery.looks_like_code(code):
            return False
        used = await self._tools.database.run(
            factors.use_recovery, actor, recovery.code_hash(code), now
        )
        if used:
            log.warning("a recovery code was used", actor=actor)
        return used

    def new_secret(self) -> str:
        """Return a secret for an authenticator app, which nobody has yet."""
        return totp.new_secret(self._tools.entropy(totp.SECRET_BYTES))

    async def set_up_totp(self, actor: str, secret: str, code: str) -> None:
        """Give a person the secret that their app shows ``code`` of.

        Raises:
            FactorNeededError: the code is not of that secret.
        """
        now = self._tools.clock()
        step = totp.accepted_step(secret, code, now, -1)
        if step is None:
            raise FactorNeededError(
                "The code does not fit: the second factor was not set up.",
                remedy="Check the clock of your phone, and enter the code that it shows now.",
            )
        await self._tools.database.run(factors.set_totp, actor, secret, now, step)

    async def remove_totp(self, actor: str) -> None:
        """Take the authenticator app away."""
        await self._tools.database.run(factors.remove_totp, actor)
        await self.without_last(actor)

    async def new_recovery_codes(self, actor: str) -> tuple[str, ...]:
        """Return new recovery codes; those before are good no more."""
        codes = recovery.new_codes(self._tools.entropy(recovery.ENTROPY))
        digests = tuple(map(recovery.code_hash, codes))
        await self._tools.database.run(factors.set_recovery, actor, digests)
        return codes

    async def without_last(self, actor: str) -> None:
        """Take the recovery codes away with the last factor that they stand in for."""
        if not (await self.of(actor)).any:
            await self._tools.database.run(factors.set_recovery, actor, ())

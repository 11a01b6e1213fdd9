"""Setting up an authenticator app: a secret that waits until the app shows a code of it."""

from __future__ import annotations

from glasshouse.identity import tokens as secret
from glasshouse.identity import totp
from glasshouse.model.errors import InvalidError
from glasshouse.storage import pending
from glasshouse.storage.pending import Pending
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.recording import Note
from glasshouse.web.presentation.views.people import SetUpView
from glasshouse.web.request.person import Person
from glasshouse.web.request.refusals import FactorNeededError

_KIND = "totp"
_SECONDS = 900.0
ISSUER = "Glasshouse"


class SetUps:
    """Secrets that were shown but not yet confirmed."""

    def __init__(self, people: People) -> None:
        """Keep them in the database."""
        self._people = people

    async def begin(self, person: Person) -> SetUpView:
        """Return a new secret to be shown."""
        return await self._kept(person, self._people.factors.new_secret())

    async def confirm(
        self, person: Person, begun: str, code: str, note: Note
    ) -> SetUpView | tuple[str, ...]:
        """Set the app up, as ``note`` records; return recovery codes, if there were none.

        If the code does not match, the secret is returned to be shown again.

        Raises:
            InvalidError: setup was not started, or too long ago.
            TooManyError: it was tried too often.
        """
        tools = self._people.tools
        digest = secret.token_hash(begun)
        kept = await tools.database.run(pending.take, digest, _KIND, tools.clock())
        if kept is None or kept.actor != person.name:
            raise InvalidError("This was started too long ago.", remedy="Start again.")
        try:
            return await self._people.factors.set_up_totp(person.name, kept.data, code, note)
        except FactorNeededError:
            return await self._kept(person, kept.data)

    async def _kept(self, person: Person, word: str) -> SetUpView:
        tools = self._people.tools
        text, now = secret.session_id(tools.entropy(secret.ENTROPY)), tools.clock()
        begun = Pending(
            digest=secret.token_hash(text),
            kind=_KIND,
            actor=person.name,
            data=word,
            expires_at=now + _SECONDS,
        )
        await tools.database.run(pending.begin, begun, now)
        uri = totp.uri(word, person.name, ISSUER)
        import segno  # noqa: PLC0415 - not for the start

        image = segno.make(uri, error="m").svg_data_uri(scale=4, border=3, light="#fff")
        groups = " ".join(word[at : at + 4] for at in range(0, len(word), 4))
        return SetUpView(pending=text, secret=groups, image=image)

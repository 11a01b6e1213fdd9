"""The ``glasshouse doctor`` checks of an identity provider: nobody is signed in for them.

What people's claims are like is known from the sign-ins in the ledger; before the first one,
from which claims the provider itself says that it gives.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterator

from glasshouse.app.checks import Check, fine, warn, wrong
from glasshouse.app.people import oidc_of, state_of
from glasshouse.integrations.oidc_http import Provider
from glasshouse.integrations.oidc_keys import Published
from glasshouse.integrations.oidc_pending import ENTROPY
from glasshouse.ledger import export
from glasshouse.ledger.record import Event
from glasshouse.model.errors import GlasshouseError
from glasshouse.settings.access import Oidc
from glasshouse.settings.console import ConsoleSettings
from glasshouse.storage import ledger
from glasshouse.storage.database import sqlite_url
from glasshouse.storage.looking import looking
from glasshouse.web.auth.oidc_sign_in import NAME

WHAT = "identity provider"
_LATEST = 50
_REMEDY = (
    "Let the provider give it in the ID token or at its userinfo endpoint, or name another "
    "in name_claim or groups_claim."
)


async def provider_checks(settings: ConsoleSettings) -> AsyncIterator[Check]:
    """Yield whether the provider answers, and has what the settings require of it."""
    settings_of_oidc = settings.access.oidc
    try:
        oidc = oidc_of(settings)
    except GlasshouseError as error:
        yield wrong(WHAT, error)
        return
    if oidc is None or settings_of_oidc is None:
        return
    try:
        await oidc.begin(secrets.token_bytes(ENTROPY))
        yield fine(WHAT, "it answers, and is the one that is set")
        keys, provider = await oidc.keys(time.time()), await oidc.provider()
        for check in (
            *_keys(keys),
            *_scopes(settings_of_oidc, provider),
            *_claims(settings, settings_of_oidc, provider),
        ):
            yield check
    except GlasshouseError as error:
        yield wrong(WHAT, error)
    finally:
        await oidc.close()


def _keys(published: Published) -> Iterator[Check]:
    used = len(published.keys)
    if published.passed_over:
        every = used + published.passed_over
        yield fine(WHAT, f"{used} of the {every} keys that it publishes can be used")


def _scopes(settings: Oidc, provider: Provider) -> Iterator[Check]:
    lacking = [scope for scope in settings.scopes if scope not in (provider.scopes or ())]
    if provider.scopes is not None and lacking:
        kept = ", ".join(f'"{scope}"' for scope in settings.scopes if scope not in lacking)
        detail = f"it does not say that it knows the scope {' and '.join(lacking)}."
        yield warn(WHAT, detail, f"If it refuses sign-ins for that, write scopes = [{kept}].")


def _claims(console: ConsoleSettings, settings: Oidc, provider: Provider) -> Iterator[Check]:
    came = _sign_ins(console)
    for path in (settings.name_claim, settings.groups_claim):
        odd = [listed for detail in came for listed in detail if listed.startswith(f"{path} ")]
        # A path may lead into a claim, whose own name may contain dots.
        listed = any(path == name or path.startswith(f"{name}.") for name in provider.claims or ())
        if odd:
            detail = f"of the last {len(came)} who signed in, {len(odd)} came with {odd[0]}."
            yield warn(WHAT, detail, _REMEDY)
        elif came:
            yield fine(WHAT, f"the last {len(came)} who signed in came with {path}")
        elif provider.claims is not None and not listed:
            detail = f"it does not say that it gives the claim {path}."
            yield warn(WHAT, detail, "Whether it does is told here after the first sign-in.")


def _sign_ins(settings: ConsoleSettings) -> list[list[str]]:
    """Return, for each of the latest sign-ins there, which claims were odd; newest first."""
    wanted = ledger.RecordFilter(event=Event.SIGNED_IN.value, actor=f"{NAME}*")
    try:
        url = settings.keeping.database or sqlite_url(state_of(settings.keeping))
        with looking(url) as database:
            records = database.call(ledger.latest, wanted, most=_LATEST)
    except GlasshouseError:
        # Faults of the database are reported by its own check.
        return []
    details = [export.table(export.read(link).get("detail")) for link in records]
    return [str(detail["claims"]).split(", ") for detail in details if "claims" in detail]

"""Everything about people, built from the settings; and settings read again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from glasshouse.model.errors import GlasshouseError, SettingsError
from glasshouse.policy.rules import Rules
from glasshouse.settings import state_folder
from glasshouse.settings.console import ConsoleSettings, ConsoleState, PublicUrl
from glasshouse.storage import accounts
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.htpasswd_file import PasswordFile
from glasshouse.web.auth.auth import People
from glasshouse.web.auth.dependencies import AuthDependencies
from glasshouse.web.auth.oidc_sign_in import address_of_return
from glasshouse.web.request.rules import Access, PublicSite

if TYPE_CHECKING:
    from glasshouse.integrations.oidc import Oidc

log = structlog.get_logger()


def open_database(keeping: ConsoleState) -> Database:
    """Open the console's database, where the settings say or in the state folder.

    Raises:
        SettingsError: there is no place for it.
        StoreError: it cannot be used.
    """
    return Database(keeping.database or sqlite_url(state_of(keeping)))


def state_of(keeping: ConsoleState) -> Path:
    """Return the state folder: from the settings, or the usual one.

    Raises:
        SettingsError: there is no place for it.
    """
    return keeping.state or state_folder(os.environ)


def people_of(settings: ConsoleSettings) -> People | None:
    """Return the people who may sign in; ``None`` where nobody can.

    Raises:
        SettingsError: the settings name an account, whose role is stored with the account.
        StoreError: the database cannot be used.
    """
    if not settings.keeping.wanted:
        return None
    database = open_database(settings.keeping)
    try:
        _check_members(database, settings.access.rules)
        file = settings.access.htpasswd
        passwords = None if file is None else PasswordFile(file)
        if passwords is not None:
            passwords.stamps()  # so that the log reports its faults right away
        return People(
            AuthDependencies(database=database), access_of(settings), passwords, oidc_of(settings)
        )
    except GlasshouseError:
        database.close()
        raise


def oidc_of(settings: ConsoleSettings) -> Oidc | None:
    """Return the identity provider that the settings name.

    Raises:
        SettingsError: it is not known where people return to.
    """
    oidc_settings, public = settings.access.oidc, settings.public_url
    if oidc_settings is None:
        return None
    if public is None:
        raise SettingsError(
            "identity.oidc needs public_url: people come back to it from the provider.",
            remedy='Write public_url = "https://jobs.example.com" under [console].',
        )
    # Its libraries are slow to import, and most consoles have no provider.
    from glasshouse.integrations import oidc  # noqa: PLC0415

    return oidc.Oidc(
        oidc.OidcSettings(
            issuer=oidc_settings.issuer,
            client_id=oidc_settings.client_id,
            client_secret=oidc_settings.client_secret,
            redirect_uri=address_of_return(public.origin, public.path),
            scopes=oidc_settings.scopes,
            name_claim=oidc_settings.name_claim,
            groups_claim=oidc_settings.groups_claim,
            algorithms=oidc_settings.algorithms,
        )
    )


def access_of(settings: ConsoleSettings) -> Access:
    """Return the rules of the settings in the form the web shell takes."""
    return Access(
        rules=settings.access.rules,
        proxy=settings.access.proxy,
        trusted_proxies=settings.trusted_proxies,
        site=site_of(settings.public_url, tls=settings.tls is not None),
        hosts=settings.hosts,
    )


def site_of(public: PublicUrl | None, *, tls: bool) -> PublicSite:
    """Return where people find the console."""
    if public is None:
        return PublicSite(secure=tls)
    return PublicSite(
        origin=public.origin, secure=public.secure, host=public.host, path=public.path
    )


def _check_members(database: Database, rules: Rules) -> None:
    for account in database.call(accounts.everybody):
        name = f"{accounts.SOURCE}{account.name}"
        if name in rules.members:
            raise SettingsError(
                f"Member {name!r} stands in the settings, and the account has a role of its own.",
                remedy="Take it out of the settings: the role is the one given by glasshouse "
                "users add.",
            )
        if account.role not in rules.roles:
            log.warning("an account has a role that is none", account=name, role=account.role)

"""Who may sign in and what they may do: the tables ``[identity]``, ``[roles]``, ``[members]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from glasshouse.model.errors import SettingsError
from glasshouse.policy.roles import RoleTable, parse_network, resolve
from glasshouse.policy.rules import Rules, check, default_rules
from glasshouse.settings import Secret
from glasshouse.web.request.rules import ProxyHeader

NONE = "none"
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file: an unknown name is an error."""


class OidcTable(Section, frozen=True, kw_only=True):
    """``[identity.oidc]``."""

    issuer: str
    client_id: str
    client_secret: str | None = None
    client_secret_file: str | None = None
    scopes: tuple[str, ...] = ("openid", "profile", "email", "groups")
    name_claim: str = "preferred_username"
    groups_claim: str = "groups"
    algorithms: tuple[str, ...] = ("RS256",)


class ProxyTable(Section, frozen=True, kw_only=True):
    """``[identity.proxy]``."""

    header: str
    groups_header: str | None = None
    networks: tuple[str, ...]


class IdentityTable(Section, frozen=True, kw_only=True):
    """``[identity]``."""

    anonymous: str = "viewer"
    htpasswd: str | None = None
    oidc: OidcTable | None = None
    proxy: ProxyTable | None = None


class Oidc(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider that people sign in at."""

    issuer: str
    client_id: str
    client_secret: Secret | None
    scopes: tuple[str, ...]
    name_claim: str
    groups_claim: str
    algorithms: tuple[str, ...]


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign in, and what they may do."""

    rules: Rules
    htpasswd: Path | None = None
    oidc: Oidc | None = None
    proxy: ProxyHeader | None = None


def open_to_all() -> AccessSettings:
    """Return what applies without a settings file: everyone may view."""
    return AccessSettings(rules=default_rules())


def access_settings(
    identity: IdentityTable,
    roles: Mapping[str, RoleTable],
    members: Mapping[str, str],
    *,
    read_only: bool,
    flushable: frozenset[str],
    watched: frozenset[str],
    folder: Path,
    secret: Callable[[str | None, str | None, str], str | None],
) -> AccessSettings:
    """Return the settings in the tables; ``secret`` returns a value that may be in a file.

    Raises:
        SettingsError: something in them is invalid.
    """
    rules = Rules(
        roles=resolve(roles),
        members=dict(members),
        anonymous=None if identity.anonymous == NONE else identity.anonymous,
        read_only=read_only,
        flushable=flushable,
        watched=watched,
    )
    return AccessSettings(
        rules=check(rules),
        htpasswd=None if identity.htpasswd is None else folder / identity.htpasswd,
        oidc=None if identity.oidc is None else _oidc(identity.oidc, secret),
        proxy=None if identity.proxy is None else _proxy(identity.proxy),
    )


def _oidc(table: OidcTable, secret: Callable[[str | None, str | None, str], str | None]) -> Oidc:
    for algorithm in table.algorithms:
        if algorithm not in _ALGORITHMS:
            raise SettingsError(
                f"identity.oidc.algorithms has {algorithm[:40]!r}.",
                remedy=f"Use some of {', '.join(_ALGORITHMS)}.",
            )
    if not table.algorithms or "openid" not in table.scopes:
        raise SettingsError(
            "identity.oidc needs an algorithm, and openid among its scopes.",
            remedy='Leave both out, or write algorithms = ["RS256"] and scopes = ["openid"].',
        )
    word = secret(table.client_secret, table.client_secret_file, "client_secret")
    return Oidc(
        issuer=table.issuer,
        client_id=table.client_id,
        client_secret=None if word is None else Secret(word),
        scopes=table.scopes,
        name_claim=table.name_claim,
        groups_claim=table.groups_claim,
        algorithms=table.algorithms,
    )


def _proxy(table: ProxyTable) -> ProxyHeader:
    if not table.networks:
        raise SettingsError(
            "identity.proxy names no networks, so its header would never be believed.",
            remedy='Write where the proxy is: networks = ["127.0.0.1/32"].',
        )
    return ProxyHeader(
        header=_header(table.header),
        groups_header=None if table.groups_header is None else _header(table.groups_header),
        networks=tuple(map(parse_network, table.networks)),
    )


def _header(name: str) -> str:
    plain = name.lower()
    if not plain.replace("-", "").isalnum() or not plain.isascii() or plain in _TAKEN:
        raise SettingsError(
            f"identity.proxy names the header {name[:60]!r}, which cannot be used.",
            remedy='Use one that only your proxy sets, for example "X-Auth-User".',
        )
    return plain


_TAKEN = frozenset({
    "host", "cookie", "authorization", "origin", "content-type", "content-length", "connection",
    "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip",
    "transfer-encoding", "glasshouse-otp", "accept", "accept-language", "user-agent", "referer",
})  # fmt: skip

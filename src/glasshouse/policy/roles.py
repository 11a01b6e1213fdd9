"""Roles: the table that a person writes, and the role that results with what it inherits.

The rules are in docs/access.md.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec

from glasshouse.model import name_patterns
from glasshouse.model.errors import SettingsError
from glasshouse.model.operation import Operation
from glasshouse.model.redaction import Redaction
from glasshouse.policy.redaction import parse_redaction

T = TypeVar("T")
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

DEFAULT_FACTOR_AGE = 600.0
"""Seconds for which a second factor is valid for a role that may do anything."""
NONE = "none"
SIGHTS = frozenset({"audit", "trash", "payload"})
QUEUES = "queues:"
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_AGE = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_OPERATIONS = frozenset({"allow", "deny", "reason", "second_person", "approve"})
_LISTS = _OPERATIONS | {"see", "redact"}


class RoleTable(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """A role as it is written; ``None`` is a value that is not written."""

    inherits: str | None = None
    allow: tuple[str, ...] | None = None
    deny: tuple[str, ...] | None = None
    see: tuple[str, ...] | None = None
    redact: tuple[str, ...] | None = None
    reason: tuple[str, ...] | None = None
    second_person: tuple[str, ...] | None = None
    approve: tuple[str, ...] | None = None
    queues: tuple[str, ...] | None = None
    servers: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    factor_age: str | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role with everything that it inherits.

    ``networks`` is ``None`` for anywhere; ``factor_age`` is in seconds, ``None`` for no
    second factor. ``shows`` are the globs of the queues that may be seen, ``visibilities`` what
    else may be seen.
    """

    name: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    second_person: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    queues: tuple[str, ...] = (name_patterns.ANY,)
    servers: tuple[str, ...] = (name_patterns.ANY,)
    networks: tuple[IPNetwork, ...] | None = None
    factor_age: float | None = None
    shows: tuple[str, ...] = ()
    visibilities: frozenset[str] = frozenset()
    redact: tuple[Redaction, ...] = ()


BUILT_IN: Mapping[str, RoleTable] = {
    "viewer": RoleTable(
        see=("queues:*",),
        redact=("args.**.token", "args.**.password", "custom.**.secret", "SendEmail:args.1"),
    ),
    "auditor": RoleTable(inherits="viewer", see=("audit", "trash")),
    "operator": RoleTable(
        inherits="viewer",
        see=("audit", "trash"),
        allow=(
            *("queue.pause", "queue.resume", "job.retry"),
            *("job.delete", "job.kill", "trash.restore"),
        ),
        queues=("*",),
        servers=("*",),
        networks=("127.0.0.0/8", "::1/128", "10.20.0.0/16"),
        factor_age="10m",
        reason=("job.delete", "job.kill"),
    ),
    "admin": RoleTable(
        inherits="operator",
        allow=("*",),
        deny=(),
        see=("audit", "trash", "payload"),
        second_person=("queue.clear", "set.clear", "server.configure", "server.flush"),
        approve=("*",),
    ),
}


def resolve(written: Mapping[str, RoleTable]) -> dict[str, Role]:
    """Return all roles: the built-in ones, modified and extended by the written ones.

    Raises:
        SettingsError: a value is invalid, or inheritance leads nowhere or in a circle.
    """
    tables = dict(BUILT_IN)
    for name, table in written.items():
        if not _NAME.fullmatch(name):
            raise SettingsError(
                f"{name[:80]!r} cannot be the name of a role.",
                remedy="Use small letters, digits, dashes and underscores.",
            )
        tables[name] = _changed(BUILT_IN.get(name, RoleTable()), table)
    return {name: _role(name, _chain(name, tables)) for name in tables}


def parse_age(text: str) -> float | None:
    """Return the seconds in ``"90s"``, ``"10m"``, ``"8h"``, ``"1d"``; ``None`` for ``"none"``.

    Raises:
        SettingsError: it is none of these.
    """
    if text == NONE:
        return None
    matched = _AGE.fullmatch(text)
    if matched is None:
        raise SettingsError(
            f"{text[:80]!r} is not an age.", remedy='Write it as "90s", "10m", "8h" or "none".'
        )
    return float(int(matched[1]) * _SECONDS[matched[2]])


def parse_network(text: str) -> IPNetwork:
    """Return a network; a single address is a network of one.

    Raises:
        SettingsError: it is not one, or has bits set beyond its prefix length.
    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        network = None
    if network is None or _mapped(network):
        raise SettingsError(
            f"{text[:80]!r} is not a network.",
            remedy='Write it as "10.20.0.0/16", "2001:db8::/32" or one address.',
        )
    return network


def _mapped(network: IPNetwork) -> bool:
    """Return whether it consists of IPv4 addresses written as IPv6, which count as IPv4."""
    return isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED)


def _changed(base: RoleTable, table: RoleTable) -> RoleTable:
    fields = {name: getattr(table, name) for name in RoleTable.__struct_fields__}
    return msgspec.structs.replace(
        base, **{name: value for name, value in fields.items() if value is not None}
    )


def _chain(name: str, tables: Mapping[str, RoleTable]) -> list[RoleTable]:
    """Return the role's table, then that of the role it inherits from, and so on."""
    chain, seen = [tables[name]], [name]
    while (parent := chain[-1].inherits) is not None:
        if parent not in tables:
            raise SettingsError(
                f"Role {seen[-1]!r} inherits from {parent[:80]!r}, which is no role.",
                remedy=f"The roles are {', '.join(sorted(tables))}.",
            )
        if parent in seen:
            raise SettingsError(
                f"Role {parent!r} inherits from itself.", remedy="Break the circle."
            )
        chain.append(tables[parent])
        seen.append(parent)
    return chain


def _role(name: str, chain: Sequence[RoleTable]) -> Role:
    lists = {field: _added_up(chain, field) for field in _LISTS}
    queues = _nearest(chain, lambda table: table.queues)
    servers = _nearest(chain, lambda table: table.servers)
    networks = _nearest(chain, lambda table: table.networks)
    age = _nearest(chain, lambda table: table.factor_age)
    try:
        _check_operations(lists)
        shows, visibilities = _visibilities(lists["see"])
        return Role(
            name=name,
            **{field: lists[field] for field in _OPERATIONS},
            queues=(name_patterns.ANY,) if queues is None else queues,
            servers=(name_patterns.ANY,) if servers is None else servers,
            networks=None if networks is None else tuple(map(parse_network, networks)),
            factor_age=_default_age(lists) if age is None else parse_age(age),
            shows=shows,
            visibilities=visibilities,
            redact=tuple(map(parse_redaction, lists["redact"])),
        )
    except SettingsError as error:
        raise SettingsError(f"Role {name!r}: {error.detail}", remedy=error.remedy) from None


def _default_age(lists: Mapping[str, tuple[str, ...]]) -> float | None:
    return DEFAULT_FACTOR_AGE if lists["allow"] or lists["approve"] else None


def _added_up(chain: Sequence[RoleTable], field: str) -> tuple[str, ...]:
    """Return the entries of the chain, each once, those of the farthest role first."""
    values = (value for table in reversed(chain) for value in getattr(table, field) or ())
    return tuple(dict.fromkeys(values))


def _nearest(chain: Sequence[RoleTable], read: Callable[[RoleTable], T | None]) -> T | None:
    values = (read(table) for table in chain)
    return next((value for value in values if value is not None), None)


def names_operation(pattern: str) -> bool:
    """Return whether a glob matches any operation at all."""
    return any(name_patterns.matches(pattern, operation) for operation in Operation)


def _check_operations(lists: Mapping[str, tuple[str, ...]]) -> None:
    for field in sorted(_OPERATIONS):
        for pattern in lists[field]:
            if not names_operation(pattern):
                raise SettingsError(
                    f"{field} names {pattern[:80]!r}, which is no operation.",
                    remedy=f"The operations are {', '.join(Operation)}.",
                )


def _visibilities(see: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    shows = tuple(entry.removeprefix(QUEUES) for entry in see if entry.startswith(QUEUES))
    visibilities = frozenset(entry for entry in see if not entry.startswith(QUEUES))
    for entry in visibilities.difference(SIGHTS):
        raise SettingsError(
            f"see names {entry[:80]!r}, which is nothing to be seen.",
            remedy=f"Write queues:GLOB, {', '.join(sorted(SIGHTS))}.",
        )
    return shows, visibilities

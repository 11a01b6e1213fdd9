"""Sets of roles, and of each the people and circumstances for which decisions are compared.

`BUILT_IN` is written out a second time on purpose: who changes a built-in role changes
what people may do, and has to say so twice.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from glasshouse.model.access import IPAddress
from glasshouse.policy.roles import RoleTable

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
            "queue.pause",
            "queue.resume",
            "job.retry",
            "job.delete",
            "job.kill",
            "trash.restore",
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

LOOPBACK = ipaddress.ip_address("127.0.0.1")
INSIDE = ipaddress.ip_address("10.20.3.4")
OUTSIDE = ipaddress.ip_address("192.0.2.9")
MAPPED = ipaddress.ip_address("::ffff:10.20.3.4")
SIX = ipaddress.ip_address("2001:db8::7")
SIX_LOOPBACK = ipaddress.ip_address("::1")


@dataclass(frozen=True)
class RoleSet:
    """Roles, and what is asked of them.

    ``people`` are the roles of each person; ``limit`` is a factor age of the roles, in
    seconds, about which ages are chosen.
    """

    says: str
    written: Mapping[str, RoleTable]
    people: tuple[tuple[str, ...], ...]
    limit: float = 600
    queues: tuple[str | None, ...] = (None, "mail")
    servers: tuple[str, ...] = ("main",)
    addresses: tuple[IPAddress | None, ...] = (None, INSIDE, SIX)


EVERYWHERE = (None, LOOPBACK, INSIDE, OUTSIDE, MAPPED, SIX)
SERVERS = ("main", "backup")

SETS = (
    RoleSet(
        says="the built-in roles",
        written={},
        people=(
            *((), ("unheard-of",), ("viewer",), ("auditor",), ("operator",), ("admin",)),
            *(("viewer", "operator"), ("operator", "unheard-of", "admin")),
        ),
        addresses=EVERYWHERE,
    ),
    RoleSet(
        says="built-in roles changed by what is written",
        written={
            "operator": RoleTable(factor_age="1h", reason=(), networks=("2001:db8::/32",)),
            "admin": RoleTable(allow=("server.flush",), deny=("queue.pause",), second_person=()),
        },
        people=(("operator",), ("admin",)),
        limit=3600,
        addresses=EVERYWHERE,
    ),
    RoleSet(
        says="a deny wins over an inherited allow",
        written={
            "base": RoleTable(allow=("*",), approve=("*",), reason=("job.*",)),
            "careful": RoleTable(inherits="base", deny=("job.kill", "queue.*")),
            "heir": RoleTable(inherits="careful", allow=("job.kill",), deny=()),
        },
        people=(("careful",), ("heir",), ("base", "careful")),
        servers=SERVERS,
    ),
    RoleSet(
        says="the nearest limit counts",
        written={
            "far": RoleTable(
                allow=("*",),
                approve=("job.*",),
                servers=("main",),
                queues=("mail",),
                networks=("10.20.0.0/16",),
                factor_age="8h",
            ),
            "near": RoleTable(
                inherits="far",
                servers=("back*",),
                queues=("*",),
                networks=("2001:db8::/32",),
                factor_age="90s",
            ),
            "between": RoleTable(inherits="far", queues=("mail", "orders")),
        },
        people=(("near",), ("between",), ("far", "near")),
        limit=90,
        queues=(None, "mail", "orders"),
        servers=SERVERS,
    ),
    RoleSet(
        says="nothing passes an empty list",
        written={
            "open": RoleTable(allow=("*",), approve=("*",), factor_age="none"),
            "no-servers": RoleTable(inherits="open", servers=()),
            "no-queues": RoleTable(inherits="open", queues=()),
            "no-networks": RoleTable(inherits="open", networks=()),
            "no-grants": RoleTable(allow=(), approve=()),
        },
        people=(
            *(("no-servers",), ("no-queues",), ("no-networks",), ("no-grants",)),
            ("no-grants", "no-servers", "no-networks", "no-queues"),
        ),
        addresses=(None, INSIDE),
    ),
    RoleSet(
        says="no second factor is needed",
        written={
            "quick": RoleTable(allow=("job.*",), approve=("queue.*",), factor_age="none"),
            "slow": RoleTable(inherits="quick", factor_age="0s"),
        },
        people=(("quick",), ("slow",), ("slow", "quick")),
        limit=0,
    ),
    RoleSet(
        says="ten minutes if nothing is written",
        written={
            "sees": RoleTable(see=("queues:*",)),
            "does": RoleTable(inherits="sees", allow=("job.*", "set.clear")),
            "heir": RoleTable(inherits="does", reason=("*",)),
        },
        people=(("sees",), ("does",), ("sees", "heir")),
    ),
    RoleSet(
        says="a second person has to approve",
        written={
            "two": RoleTable(
                allow=("*",),
                approve=("*",),
                second_person=("*.clear", "job.k*"),
                reason=("*.clear",),
                factor_age="1d",
            ),
            "one": RoleTable(allow=("set.clear", "job.push"), factor_age="5m"),
        },
        people=(("two",), ("two", "one"), ("one", "two")),
        limit=86400,
    ),
    RoleSet(
        says="who may approve need not be who may do",
        written={
            "asks": RoleTable(allow=("job.*",), second_person=("*",), factor_age="none"),
            "agrees": RoleTable(
                approve=("job.*", "server.flush"),
                deny=("job.push",),
                second_person=("*",),
                reason=("job.kill",),
                networks=("10.0.0.0/8",),
                factor_age="2m",
            ),
            "only-agrees": RoleTable(approve=("set.clear",)),
        },
        people=(("agrees",), ("asks", "agrees"), ("only-agrees", "agrees")),
        limit=120,
    ),
    RoleSet(
        says="servers are named by globs",
        written={
            "europe": RoleTable(allow=("job.*",), approve=("*",), servers=("main*", "*-eu")),
            "shops": RoleTable(allow=("*",), servers=("sh*p*",), factor_age="none"),
        },
        people=(("europe",), ("europe", "shops")),
        servers=("main", "main-2", "shop-eu", "shop", "Main"),
    ),
    RoleSet(
        says="queues are named by globs",
        written={
            "mail": RoleTable(allow=("*",), approve=("job.*",), queues=("mail*", "*x*")),
            "stars": RoleTable(allow=("*",), queues=("**",), factor_age="none"),
            "every": RoleTable(allow=("queue.*",), queues=("mail", "*"), factor_age="none"),
        },
        people=(("mail",), ("stars",), ("mail", "every")),
        queues=(None, "mail", "mailbox", "x", "hotmail", "Mail", ""),
        addresses=(None,),
    ),
    RoleSet(
        says="networks of both kinds",
        written={
            "four": RoleTable(allow=("*",), networks=("10.20.0.0/15", "127.0.0.1"), reason=("*",)),
            "six": RoleTable(allow=("*",), networks=("2001:db8::/32", "::1"), approve=("*",)),
            "any4": RoleTable(allow=("job.*",), networks=("0.0.0.0/0",), approve=("*",)),
            "any6": RoleTable(allow=("job.*",), networks=("::/0",), approve=("*",)),
        },
        people=(("four",), ("six",), ("any4",), ("any6",), ("four", "six")),
        queues=(None,),
        addresses=(*EVERYWHERE, SIX_LOOPBACK),
    ),
    RoleSet(
        says="one of two roles denies",
        written={
            "does": RoleTable(allow=("*",), approve=("*",), factor_age="90s"),
            "night": RoleTable(
                deny=("job.delete", "*.flush"), servers=("elsewhere",), networks=("192.0.2.0/24",)
            ),
        },
        people=(("does", "night"), ("night", "does")),
        limit=90,
        servers=SERVERS,
    ),
    RoleSet(
        says="roles are asked by themselves and the first of equals counts",
        written={
            "main-mail": RoleTable(
                allow=("job.*",), approve=("job.*",), servers=("main",), queues=("mail",)
            ),
            "backup-all": RoleTable(
                allow=("*",), approve=("*",), servers=("backup",), reason=("job.*",)
            ),
            "home": RoleTable(
                allow=("job.kill",), networks=("127.0.0.0/8",), factor_age="1m", reason=("*",)
            ),
        },
        people=(("main-mail", "backup-all"), ("backup-all", "home", "main-mail")),
        limit=60,
        queues=(None, "mail", "orders"),
        servers=SERVERS,
        addresses=(LOOPBACK, OUTSIDE),
    ),
    RoleSet(
        says="what grants and forbids adds up over three generations",
        written={
            "first": RoleTable(
                allow=("job.retry",),
                deny=("server.flush",),
                reason=("job.retry",),
                second_person=("job.kill",),
                approve=("job.kill",),
            ),
            "second": RoleTable(inherits="first", allow=("job.kill", "server.flush"), deny=()),
            "third": RoleTable(
                inherits="second",
                allow=(),
                deny=("trash.*",),
                reason=("job.kill",),
                second_person=("job.retry",),
                approve=("job.retry", "trash.restore"),
            ),
        },
        people=(("first",), ("second",), ("third",)),
    ),
)

"""The decision a second time, written from docs/access.md alone, step by step as it stands there.

It takes roles as they are written, and shares no code with ``glasshouse.policy``.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import NamedTuple

from glasshouse.policy.roles import RoleTable

Address = IPv4Address | IPv6Address | None


class Asked(NamedTuple):
    """One question."""

    roles: tuple[str, ...]
    operation: str
    server: str
    queue: str | None
    address: Address
    factor_age: float | None
    approved: bool
    read_only: bool


class Answer(NamedTuple):
    """What is answered, by which rule and which role."""

    outcome: str
    why: str
    role: str


OUTCOMES = {
    "not_granted": "deny",
    "other_server": "deny",
    "other_queue": "deny",
    "other_network": "deny",
    "no_factor": "needs_factor",
    "old_factor": "needs_factor",
    "one_person": "needs_second_person",
    "granted": "allow",
}
ORDER = list(OUTCOMES)


def is_like(pattern: str, text: str) -> bool:
    """``*`` stands for any text, also none; letters count as they are written."""
    parts = [re.escape(part) for part in pattern.split("*")]
    return re.fullmatch(".*".join(parts), text, re.DOTALL) is not None


def line(tables: dict[str, RoleTable], name: str) -> list[RoleTable]:
    """The role itself, the one that it inherits from, and so on."""
    found = [tables[name]]
    while found[-1].inherits is not None:
        found.append(tables[found[-1].inherits])
    return found


def added_up(tables: dict[str, RoleTable], name: str, field: str) -> list[str]:
    """What grants and what forbids adds up."""
    return [entry for table in line(tables, name) for entry in getattr(table, field) or ()]


def nearest(tables: dict[str, RoleTable], name: str, field: str) -> tuple[str, ...] | str | None:
    """A limit is the nearest one."""
    for table in line(tables, name):
        value: tuple[str, ...] | str | None = getattr(table, field)
        if value is not None:
            return value
    return None


def seconds(tables: dict[str, RoleTable], name: str) -> float | None:
    """How old the second factor may be; ``None`` for no second factor."""
    written = nearest(tables, name, "factor_age")
    if written is None:
        any_operation = added_up(tables, name, "allow") or added_up(tables, name, "approve")
        return 600.0 if any_operation else None
    assert isinstance(written, str)
    if written == "none":
        return None
    number, unit = int(written[:-1]), written[-1]
    return number * {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}[unit]


def is_there(address: Address, networks: tuple[str, ...] | str | None) -> bool:
    """Whether the person is where the role may be used."""
    if networks is None:
        return True
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    for text in networks:
        network = ip_network(text)
        if address is not None and address.version == network.version and address in network:
            return True
    return False


def decide(asked: Asked, tables: dict[str, RoleTable]) -> Answer:
    """Step by step."""
    if asked.read_only:
        return Answer("deny", "read_only", "")
    roles = [name for name in asked.roles if name in tables]
    if not roles:
        return Answer("deny", "no_role", "")
    for name in roles:
        if any(is_like(entry, asked.operation) for entry in added_up(tables, name, "deny")):
            return Answer("deny", "forbidden", name)
    return furthest([one(name, "allow", asked, tables) for name in roles])


def approve(asked: Asked, same_person: bool, tables: dict[str, RoleTable]) -> Answer:
    """Somebody else's agreement, with its three differences."""
    roles = [name for name in asked.roles if name in tables]
    if same_person and not asked.read_only and roles:
        return Answer("deny", "same_person", "")
    first = decide(asked, tables)
    if first.why in {"read_only", "no_role", "forbidden"}:
        return first
    return furthest([one(name, "approve", asked, tables) for name in roles])


def furthest(answers: list[Answer]) -> Answer:
    """The one whose number is the highest; of two that came equally far, the first."""
    best = answers[0]
    for answer in answers[1:]:
        if ORDER.index(answer.why) > ORDER.index(best.why):
            best = answer
    return best


def one(name: str, listed: str, asked: Asked, tables: dict[str, RoleTable]) -> Answer:
    """What one role says: the first of the steps of 4 that is true."""

    def is_in(field: str) -> bool:
        return any(is_like(entry, asked.operation) for entry in added_up(tables, name, field))

    servers, queues = nearest(tables, name, "servers"), nearest(tables, name, "queues")
    age, shown = seconds(tables, name), asked.factor_age
    steps = {
        "not_granted": not is_in(listed),
        "other_server": servers is not None and not any(is_like(x, asked.server) for x in servers),
        "other_queue": queues is not None and not covers(queues, asked.queue),
        "other_network": not is_there(asked.address, nearest(tables, name, "networks")),
        "no_factor": age is not None and shown is None,
        "old_factor": age is not None and shown is not None and not 0 <= shown <= age,
        "one_person": listed == "allow" and not asked.approved and is_in("second_person"),
        "granted": True,
    }
    why = next(step for step in ORDER if steps[step])
    return Answer(OUTCOMES[why], why, name)


def covers(queues: tuple[str, ...] | str, queue: str | None) -> bool:
    """Whether the queue, or each queue there is, is among these."""
    return "*" in queues if queue is None else any(is_like(entry, queue) for entry in queues)

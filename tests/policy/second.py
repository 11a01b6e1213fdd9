"""The access decision, written a second time, from docs/access.md alone.

It shares nothing with `glasshouse.policy` but the shape of a role as it is written: how
roles are put together, ages, networks and globs are all done by other means here.  It is
slow, has no table of steps, and takes for granted that what it is given has a meaning.
The numbers in comments are those of docs/access.md, "How a decision is made".
"""

from __future__ import annotations

import functools
import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from glasshouse.model.access import Actor, Context, IPAddress
from glasshouse.model.operation import Operation, Target
from glasshouse.policy.roles import RoleTable

Value = tuple[str, ...] | str


class Answer(NamedTuple):
    """What of a decision is compared."""

    outcome: str
    why: str
    role: str = ""
    needs_reason: bool = False


class Facts(NamedTuple):
    """A role with everything that it inherits; all but the age as it is written."""

    name: str
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    reason: tuple[str, ...]
    second_person: tuple[str, ...]
    approve: tuple[str, ...]
    servers: tuple[str, ...]
    queues: tuple[str, ...]
    networks: tuple[str, ...] | None
    factor_age: float | None


def put_together(
    built_in: Mapping[str, RoleTable], written: Mapping[str, RoleTable]
) -> dict[str, Facts]:
    """Return each role with what it inherits; a written table changes the built-in one."""
    tables = {
        name: _values(built_in.get(name)) | _values(written.get(name))
        for name in built_in.keys() | written.keys()
    }
    return {name: _facts(name, tables) for name in tables}


def decide(
    roles: Mapping[str, Facts], actor: Actor, operation: Operation, target: Target, context: Context
) -> Answer:
    """Answer whether ``actor`` may do it."""
    held = [roles[name] for name in actor.roles if name in roles]
    if context.read_only:  # 1
        return Answer("deny", "read_only")
    if not held:  # 2
        return Answer("deny", "no_role")
    for role in held:  # 3
        if listed(role.deny, operation):
            return Answer("deny", "forbidden", role.name)
    return _furthest(  # 4
        _ask(role, role.allow, operation, target, context, alone=not context.approved)
        for role in held
    )


def may_approve(
    roles: Mapping[str, Facts],
    approver: Actor,
    requester: Actor,
    operation: Operation,
    target: Target,
    context: Context,
) -> Answer:
    """Answer whether ``approver`` may agree to what ``requester`` wants to do."""
    held = [roles[name] for name in approver.roles if name in roles]
    if context.read_only:
        return Answer("deny", "read_only")
    if not held:
        return Answer("deny", "no_role")
    if approver.name == requester.name:
        return Answer("deny", "same_person")
    for role in held:
        if listed(role.deny, operation):
            return Answer("deny", "forbidden", role.name)
    return _furthest(
        _ask(role, role.approve, operation, target, context, alone=False) for role in held
    )


def _ask(
    role: Facts,
    granted: tuple[str, ...],
    operation: Operation,
    target: Target,
    context: Context,
    *,
    alone: bool,
) -> tuple[int, Answer]:
    """Return the answer of one role, with the number of the rule in step 4."""
    if not listed(granted, operation):
        step, outcome, why = 1, "deny", "not_granted"
    elif not listed(role.servers, target.server):
        step, outcome, why = 2, "deny", "other_server"
    elif not _queue(role.queues, target.queue):
        step, outcome, why = 3, "deny", "other_queue"
    elif not _there(role.networks, context.address):
        step, outcome, why = 4, "deny", "other_network"
    elif role.factor_age is not None and context.factor_age is None:
        step, outcome, why = 5, "needs_factor", "no_factor"
    elif not _fresh(role.factor_age, context.factor_age):
        step, outcome, why = 6, "needs_factor", "old_factor"
    elif alone and listed(role.second_person, operation):
        step, outcome, why = 7, "needs_second_person", "one_person"
    else:
        step, outcome, why = 8, "allow", "granted"
    # The page speaks of the reason in 4.8 alone.  It is told before that too (`web.api_me`
    # shows it), so that a person is asked once for all that is missing; a denial leaves it out.
    reason = outcome != "deny" and listed(role.reason, operation)
    return step, Answer(outcome, why, role.name, reason)


def _furthest(answers: Iterable[tuple[int, Answer]]) -> Answer:
    """5: `max` returns the first of those that are equally far."""
    return max(answers, key=lambda answer: answer[0])[1]


def _queue(patterns: tuple[str, ...], queue: str | None) -> bool:
    return "*" in patterns if queue is None else listed(patterns, queue)


def _there(networks: tuple[str, ...] | None, address: IPAddress | None) -> bool:
    if networks is None:
        return True
    return address is not None and any(inside(address, network) for network in networks)


def _fresh(most: float | None, age: float | None) -> bool:
    return most is None or (age is not None and 0 <= age <= most)


def listed(patterns: tuple[str, ...], text: str) -> bool:
    """Return whether ``text`` is like one of ``patterns``."""
    return any(like(pattern, text) for pattern in patterns)


@functools.lru_cache(maxsize=4096)
def like(pattern: str, text: str) -> bool:
    """Return whether ``text`` is ``pattern``, where ``*`` is any text: by a regular expression."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, text, re.DOTALL) is not None


@functools.lru_cache(maxsize=4096)
def inside(address: IPAddress, network: str) -> bool:
    """Return whether ``address``, written in bits, begins with the bits of ``network``."""
    bits = "".join(f"{byte:08b}" for byte in address.packed)
    mapped = "0" * 80 + "1" * 16
    if len(bits) == 128 and bits.startswith(mapped):
        bits = bits.removeprefix(mapped)
    begin, _, length = network.partition("/")
    first = _six(begin) if ":" in begin else _four(begin)
    return len(bits) == len(first) and bits.startswith(first[: int(length)] if length else first)


def _four(address: str) -> str:
    return "".join(f"{int(part):08b}" for part in address.split("."))


def _six(address: str) -> str:
    """Return the bits of eight groups; ``::`` stands for as many groups of nought as lack."""
    head, _, tail = address.partition("::")
    before = head.split(":") if head else []
    after = tail.split(":") if tail else []
    groups = before + ["0"] * (8 - len(before) - len(after)) + after
    return "".join(f"{int(group, 16):016b}" for group in groups)


def seconds(age: str) -> float | None:
    """Return how many seconds ``age`` is; ``None`` for ``"none"``."""
    if age == "none":
        return None
    return float(age[:-1]) * {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}[age[-1]]


def _values(table: RoleTable | None) -> dict[str, Value]:
    """Return what ``table`` writes."""
    values = {} if table is None else msgspec.structs.asdict(table)
    return {field: value for field, value in values.items() if value is not None}


def _facts(name: str, tables: Mapping[str, dict[str, Value]]) -> Facts:
    chain = [tables[name]]
    while "inherits" in chain[-1]:
        chain.append(tables[str(chain[-1]["inherits"])])

    def added_up(field: str) -> tuple[str, ...]:
        return tuple(entry for table in chain for entry in table.get(field, ()))

    nearest = ChainMap(*chain)
    # The page says "if the role may do any operation"; to approve is taken to be doing, too.
    default = "10m" if added_up("allow") or added_up("approve") else "none"
    networks = nearest.get("networks")
    return Facts(
        name=name,
        allow=added_up("allow"),
        deny=added_up("deny"),
        reason=added_up("reason"),
        second_person=added_up("second_person"),
        approve=added_up("approve"),
        servers=tuple(nearest.get("servers", ("*",))),
        queues=tuple(nearest.get("queues", ("*",))),
        networks=None if networks is None else tuple(networks),
        factor_age=seconds(str(nearest.get("factor_age", default))),
    )

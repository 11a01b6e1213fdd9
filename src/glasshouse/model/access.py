"""The actor and circumstances of a request, and the decision on it."""

from __future__ import annotations

import enum
import ipaddress

import msgspec

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A person or program, under the name that its source vouches for.

    ``name`` is qualified (``local:ops``, ``htpasswd:ops``); it is empty for someone
    not signed in. ``roles`` are names of roles, in order.
    """

    name: str = ""
    roles: tuple[str, ...] = ()


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """The circumstances of one request.

    ``address`` is where it comes from, ``None`` if unknown. ``factor_age`` is how many
    seconds ago the second factor was shown, ``None`` if it was not. ``approved`` means
    that a second person has agreed to exactly this operation. ``read_only`` means
    that the console has no write side.
    """

    address: IPAddress | None = None
    factor_age: float | None = None
    approved: bool = False
    read_only: bool = False


class Outcome(enum.StrEnum):
    """The result of a decision."""

    ALLOW = "allow"
    DENY = "deny"
    NEEDS_FACTOR = "needs_factor"
    NEEDS_SECOND_PERSON = "needs_second_person"


class Why(enum.StrEnum):
    """The rule that made a decision; see docs/access.md."""

    GRANTED = "granted"
    READ_ONLY = "read_only"
    NO_ROLE = "no_role"
    FORBIDDEN = "forbidden"
    SAME_PERSON = "same_person"
    NOT_GRANTED = "not_granted"
    OTHER_SERVER = "other_server"
    OTHER_QUEUE = "other_queue"
    OTHER_NETWORK = "other_network"
    NO_FACTOR = "no_factor"
    OLD_FACTOR = "old_factor"
    ONE_PERSON = "one_person"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, with the rule that made it.

    ``role`` is the role that decided, empty if none was consulted; ``setting`` is the
    value of that role which decided, as settings name it. For an allowed operation
    ``needs_reason`` says whether a reason must be given. ``factor_age`` is how many
    seconds old a second factor may be, ``None`` if none is needed; ``networks`` are
    where the role may be used, ``None`` for anywhere.
    """

    outcome: Outcome
    why: Why
    role: str = ""
    setting: str = ""
    needs_reason: bool = False
    factor_age: float | None = None
    networks: tuple[str, ...] | None = None

"""A person's name and groups in a provider's claims, found by a path.

Invariant: a value of an unexpected form gives nothing, and is reported as odd; the report
has its claim and its form, never the value.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple

from glasshouse.integrations.oidc_json import HALF

MOST_GROUPS = 500
_MOST_PARTS = 16
_ODD = {"\n", HALF}


class Form(enum.StrEnum):
    """How a claim is odd."""

    ABSENT = "absent"
    OTHER = "of another form"
    TOO_MANY = "of too many values"


class ClaimProblem(NamedTuple):
    """A claim that gave less than it should: its path in the settings, and how it is odd."""

    claim: str
    form: Form

    def __str__(self) -> str:
        """Describe it in words."""
        return f"{self.claim} {self.form.value}"


def claim(claims: Mapping[str, Any], path: str) -> object:
    """Return the value at ``path``, or ``None``.

    A claim with that exact name takes precedence, since names may contain dots
    (``https://example.com/groups``); otherwise each dot may lead into an object, as in
    ``realm_access.roles``, and longer names take precedence over shorter ones.
    """
    value = claims.get(path)
    if value is not None:
        return value
    parts = path.split(".")[:_MOST_PARTS]
    for end in range(len(parts) - 1, 0, -1):
        inner = claims.get(".".join(parts[:end]))
        if isinstance(inner, dict):
            value = claim(inner, ".".join(parts[end:]))
            if value is not None:
                return value
    return None


def name_of(value: object) -> tuple[str | None, Form | None]:
    """Return the name that a claim gives, and how the claim is odd."""
    if value is None:
        return None, Form.ABSENT
    if isinstance(value, str) and value.strip():
        return value, None
    return None, Form.OTHER


def groups_of(value: object) -> tuple[tuple[str, ...], Form | None]:
    """Return the groups that a claim gives, and how the claim is odd.

    A text is one group. In a list only texts count, if all of their characters are whole.
    """
    if value is None:
        return (), Form.ABSENT
    listed = value if isinstance(value, list) else [value]
    plain = [one for one in listed if isinstance(one, str) and not _ODD.intersection(one)]
    groups = tuple(one for one in plain if one)
    if len(groups) > MOST_GROUPS:
        return groups[:MOST_GROUPS], Form.TOO_MANY
    return groups, Form.OTHER if len(plain) < len(listed) else None

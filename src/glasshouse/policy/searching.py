"""What may not be searched for: a value at a path that is hidden from the requester."""

from __future__ import annotations

from collections.abc import Sequence

from glasshouse.model import name_patterns
from glasshouse.model.errors import DeniedError, InvalidError
from glasshouse.model.jobquery import ArgsTerm, JobQuery, read_terms, steps, write_term
from glasshouse.model.redaction import MASK, Redaction

MANY = "**"
_ARGS = "args."


def refuse_hidden(wanted: JobQuery, hidden: Sequence[Redaction]) -> None:
    """Refuse a search that names a hidden field.

    A term whose wildcards could lead there is allowed: it searches what is left when
    everything hidden is removed.

    Raises:
        DeniedError: a term names a path that is hidden in every job that could match.
    """
    for term in wanted.at_path:
        for rule in hidden:
            if _concerns(rule, wanted) and leads_to(rule.path, ("args", *term.path)):
                raise DeniedError(
                    f"{_written(term)} is hidden from your role, so it cannot be searched.",
                    remedy="Search for something else, or ask somebody who can see it.",
                )


def without_hidden(text: str, hidden: Sequence[Redaction]) -> str:
    """Return search words without the values that are searched for at hidden paths.

    What cannot be read as search words is hidden completely.
    """
    try:
        terms = read_terms(text)
        masked = [(name, MASK if _may_lead(name, hidden) else value) for name, value in terms]
    except InvalidError:
        return MASK
    return text if masked == terms else " ".join(write_term(name, value) for name, value in masked)


def leads_to(rule: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether the path ``rule`` leads to ``path`` or to a prefix of it."""
    if all(step == MANY for step in rule):
        return True
    if not path:
        return False
    if rule[0] == MANY:
        return leads_to(rule[1:], path) or leads_to(rule, path[1:])
    return name_patterns.alike(rule[0], path[0]) and leads_to(rule[1:], path[1:])


def _may_lead(name: str, hidden: Sequence[Redaction]) -> bool:
    """Return whether a term with this name could search for hidden values."""
    if not name.startswith(_ARGS):
        return False
    path = ("args", *steps(name))
    wild = any(name_patterns.ANY in step for step in path)
    return any(
        leads_to(rule.path, path) or (wild and rule.path[0] in ("args", MANY)) for rule in hidden
    )


def _concerns(rule: Redaction, wanted: JobQuery) -> bool:
    return rule.jobtype == name_patterns.ANY or any(
        name_patterns.alike(rule.jobtype, name) for name in wanted.jobtype
    )


def _written(term: ArgsTerm) -> str:
    return ".".join(("args", *term.path))[:80]

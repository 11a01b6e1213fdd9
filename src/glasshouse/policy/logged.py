"""What a viewer may see of a finished execution: its error type may reveal a hidden value."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model import name_patterns
from glasshouse.model.finished import FinishedJob
from glasshouse.model.job import WRAPPER
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.policy.searching import leads_to


def shown(run: FinishedJob, hidden: Sequence[Redaction]) -> FinishedJob:
    """Return an entry of the log without an error type that reveals hidden values. Never raises.

    If it is unknown what the type reveals, it is hidden wherever anything in such jobs is hidden.
    """
    if not run.errtype:
        return run
    # The log does not record whether a job was one of ActiveJob, which has its own rules.
    rules = [
        rule.path
        for rule in hidden
        if name_patterns.alike(rule.jobtype, run.jobtype)
        or name_patterns.alike(rule.jobtype, WRAPPER)
    ]
    if not rules or (run.echoes is not None and not _told(rules, run.echoes)):
        return run
    return msgspec.structs.replace(run, errtype=MASK)


def _told(rules: Sequence[tuple[str, ...]], paths: Sequence[tuple[str, ...]]) -> bool:
    return any(leads_to(rule, path) for rule in rules for path in paths)

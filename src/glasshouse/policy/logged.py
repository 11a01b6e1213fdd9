"""What of a finished execution somebody may see: the type of its error may tell a hidden value."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from glasshouse.model import name_patterns
from glasshouse.model.finished import FinishedJob
from glasshouse.model.job import WRAPPER
from glasshouse.model.redaction import MASK, Redaction
from glasshouse.policy.searching import leads_to


def shown(run: FinishedJob, hidden: Sequence[Redaction]) -> FinishedJob:
    """Return an entry of the log without a type of error that tells what is hidden. Never raises.

    One of which it is not known what it tells is hidden, wherever anything of such jobs is.
    """
    if not run.errtype:
        return run
    # The log does not tell whether a job was one of ActiveJob, which has rules of its own.
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

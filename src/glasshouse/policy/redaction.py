"""Redaction rules as written: ``[jobtype:]path``, for example ``SendEmail:args.1``.

Only arguments and custom fields can be hidden: showing what a job is, where it is and when
anything happened to it is the purpose of a dashboard.
"""

from __future__ import annotations

import re

from glasshouse.model.errors import SettingsError
from glasshouse.model.redaction import Redaction

MAX_STEPS = 20
_STEP = re.compile(r'"((?:[^"\\]|\\.)*)"|([^."]+)', re.DOTALL)
_PATH = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^."]+)(?:\.(?:"(?:[^"\\]|\\.)*"|[^."]+))*', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# A type may contain colons (Mail::Send): the path begins after the last one before a field.
_RULE = re.compile(r"(?:(?P<jobtype>.+):)?(?P<path>(?:args|custom)(?:\..*)?)", re.DOTALL)


def parse_redaction(text: str) -> Redaction:
    """Return the rule in ``text``.

    Raises:
        SettingsError: it is not a rule.
    """
    matched = _RULE.fullmatch(text)
    if matched is None or not _PATH.fullmatch(matched["path"]):
        raise SettingsError(
            f"redact has {text[:80]!r}, which leads to nothing.",
            remedy='Write a path like "args.0.token", "custom.**.secret" or "SendEmail:args.1".',
        )
    steps = tuple(
        _ESCAPED.sub(r"\1", quoted) if quoted else plain
        for quoted, plain in _STEP.findall(matched["path"])
    )
    if len(steps) > MAX_STEPS:
        raise SettingsError(
            f"redact has a path of more than {MAX_STEPS} steps.",
            remedy="Use ** for any number of levels.",
        )
    return Redaction(matched["jobtype"] or "*", steps)

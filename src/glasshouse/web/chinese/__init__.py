"""The Chinese texts of the screen, by page; a text stands in one module only."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.web.chinese.acting import ACTING
from glasshouse.web.chinese.audit import AUDIT
from glasshouse.web.chinese.history import HISTORY
from glasshouse.web.chinese.job import JOB
from glasshouse.web.chinese.keys import KEYS
from glasshouse.web.chinese.lists import LISTS
from glasshouse.web.chinese.messages import MESSAGES
from glasshouse.web.chinese.operations import OPERATIONS
from glasshouse.web.chinese.overview import OVERVIEW
from glasshouse.web.chinese.people import PEOPLE
from glasshouse.web.chinese.records import RECORDS
from glasshouse.web.chinese.refusals import REFUSALS
from glasshouse.web.chinese.screen import SCREEN
from glasshouse.web.chinese.search import SEARCH

PARTS = (
    SCREEN, OVERVIEW, LISTS, SEARCH, HISTORY, JOB, KEYS, PEOPLE, AUDIT, OPERATIONS, MESSAGES,
    REFUSALS, RECORDS, ACTING,
)  # fmt: skip
CHINESE: Mapping[str, str] = {key: text for part in PARTS for key, text in part.items()}
SENTENCES = {**MESSAGES, **REFUSALS}
"""Those that come with their values in them already."""

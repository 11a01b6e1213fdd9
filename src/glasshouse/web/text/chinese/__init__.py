"""The Chinese texts of the screen, by page; a text stands in one module only."""

from __future__ import annotations

from collections.abc import Mapping

from glasshouse.web.text.chinese.acting import ACTING
from glasshouse.web.text.chinese.audit import AUDIT
from glasshouse.web.text.chinese.history import HISTORY
from glasshouse.web.text.chinese.job import JOB
from glasshouse.web.text.chinese.keys import KEYS
from glasshouse.web.text.chinese.lists import LISTS
from glasshouse.web.text.chinese.messages import MESSAGES
from glasshouse.web.text.chinese.operations import OPERATIONS
from glasshouse.web.text.chinese.overview import OVERVIEW
from glasshouse.web.text.chinese.people import PEOPLE
from glasshouse.web.text.chinese.records import RECORDS
from glasshouse.web.text.chinese.refusals import REFUSALS
from glasshouse.web.text.chinese.screen import SCREEN
from glasshouse.web.text.chinese.search import SEARCH

PARTS = (
    SCREEN, OVERVIEW, LISTS, SEARCH, HISTORY, JOB, KEYS, PEOPLE, AUDIT, OPERATIONS, MESSAGES,
    REFUSALS, RECORDS, ACTING,
)  # fmt: skip
CHINESE: Mapping[str, str] = {key: text for part in PARTS for key, text in part.items()}
SENTENCES = {**MESSAGES, **REFUSALS}
"""Those that come with their values in them already."""

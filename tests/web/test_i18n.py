"""Every text of the screen is there in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from glasshouse import web
from glasshouse.model.job import JobState, Outcome
from glasshouse.model.parameters import BOUNDS
from glasshouse.model.server import WorkerState
from glasshouse.policy import reasons
from glasshouse.web import (
    acting,
    attempts,
    executions,
    fleet,
    jobpage,
    overview,
    queues,
    render,
    running,
)
from glasshouse.web.chinese import CHINESE, PARTS
from glasshouse.web.findings import Kind
from glasshouse.web.i18n import CATALOGS, t
from glasshouse.web.people import accountview, audit, may, operationviews

ROOM = Path(web.__file__).parent
PAGES = sorted([*ROOM.glob("*.py"), *ROOM.glob("people/*.py")])


def used() -> set[str]:
    """Return every key that templates and pages name."""
    keys = set(render._SPOKEN) | {label for _, _, label, _ in render.NAVIGATION}
    for file in (ROOM / "templates").glob("*.html"):
        keys |= set(re.findall(r'\b_\("([^"]+)"', file.read_text("utf-8")))
    for module in PAGES:
        source = module.read_text("utf-8")
        # A long text stands as several literals side by side.
        for literals in re.findall(r'\bt\(\s*((?:"[^"\n]+"\s*)+)', source):
            keys.add("".join(re.findall(r'"([^"\n]+)"', literals)))
        keys |= set(re.findall(r'_?(?:fact|result|set)\([^"\n]*"([A-Z][a-z][^"]+)"', source))
        for two in re.findall(r'\bcounted\([^"]+"([^"]+)",\s*"([^"]+)"', source):
            keys |= set(two)
        keys |= set(re.findall(r'^        \("([A-Z][a-z][^"]+)", ', source, re.MULTILINE))
    keys |= set(jobpage._PLACES.values()) | set(attempts.DUE.values())
    keys |= set(executions.MEANINGS.values()) | set(executions.ANSWERS.values())
    keys |= {kind.text for kind in Kind} | set(running.MARKS.values()) | set(fleet.COLUMNS)
    keys |= {text for _, *texts in queues.COLUMNS for text in texts} | set(overview.TITLES)
    keys |= {bound.meaning for bound in BOUNDS.values()}
    keys |= {f"state {state.value}" for state in JobState}
    keys |= {f"outcome {outcome.value}" for outcome in Outcome}
    keys |= set(reasons.SENTENCES.values()) | {reasons.EVERY_QUEUE, reasons.STRANGER}
    keys |= set(reasons.BEYOND.values())
    keys |= set(may.MEANINGS.values()) | {answer for _, answer in may._ANSWERS.values()}
    keys |= set(acting._LABELS.values()) | {text for _, text in operationviews.OUTCOMES.values()}
    keys |= set(accountview._SOURCES.values()) | set(audit.LABELS.values())
    for module in (ROOM / "people").glob("*.py"):
        keys |= set(re.findall(r'done = ?"([^"]+)"', module.read_text("utf-8")))
        keys |= set(re.findall(r'(?:done|fault)="([^"]+)"', module.read_text("utf-8")))
    keys -= {"state ", "worker ", "outcome "}  # the beginnings of keys made in code
    return keys | {f"worker {state.value}" for state in WorkerState}


def test_every_key_has_a_chinese_text() -> None:
    assert sorted(used() - set(CATALOGS["zh-CN"])) == []


def test_a_key_stands_in_one_module_only() -> None:
    assert sum(len(part) for part in PARTS) == len(CHINESE)


def test_a_translation_keeps_the_names_of_its_values() -> None:
    for key, text in CATALOGS["zh-CN"].items():
        assert set(re.findall(r"\{\w+\}", key)) == set(re.findall(r"\{\w+\}", text)), key


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert t("Queue {name}", "en", name="{name} {x}") == "Queue {name} {x}"

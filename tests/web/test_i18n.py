"""Every text of the screen is there in Chinese."""

from __future__ import annotations

import re
from pathlib import Path

from glasshouse import web
from glasshouse.model.job import JobState
from glasshouse.model.server import WorkerState
from glasshouse.web import jobpage, render
from glasshouse.web.i18n import CATALOGS, t

ROOM = Path(web.__file__).parent


def used() -> set[str]:
    """Return every key that templates and pages name."""
    keys = set(render._SPOKEN) | {label for _, _, label, _ in render.NAVIGATION}
    for file in (ROOM / "templates").glob("*.html"):
        keys |= set(re.findall(r'\b_\("([^"]+)"', file.read_text("utf-8")))
    for name in ("pages", "rows", "jobpage", "attention", "format", "render"):
        source = (ROOM / f"{name}.py").read_text("utf-8")
        keys |= set(re.findall(r'\bt\(\s*"([^"]+)"', source))
        keys |= set(re.findall(r'_(?:fact|result|set)\([^"\n]*"([A-Z][^"]+)"', source))
        keys |= set(re.findall(r'^        \("([A-Z][^"]+)", ', source, re.MULTILINE))
    keys |= set(jobpage._PLACES.values()) | set(jobpage._DUE.values())
    keys |= {f"state {state.value}" for state in JobState}
    keys -= {"state ", "worker "}  # the beginnings of keys made in code
    return keys | {f"worker {state.value}" for state in WorkerState}


def test_every_key_has_a_chinese_text() -> None:
    assert sorted(used() - set(CATALOGS["zh-CN"])) == []


def test_a_translation_keeps_the_names_of_its_values() -> None:
    for key, text in CATALOGS["zh-CN"].items():
        assert set(re.findall(r"\{\w+\}", key)) == set(re.findall(r"\{\w+\}", text)), key


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert t("Queue {name}", "en", name="{name} {x}") == "Queue {name} {x}"

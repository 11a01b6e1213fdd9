"""Every text of the screen is there in Chinese."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from glasshouse import web
from glasshouse.health.findings import Kind
from glasshouse.model.access import Why
from glasshouse.model.job import JobSet, JobState, Outcome
from glasshouse.model.parameters import BOUNDS
from glasshouse.model.server import WorkerState
from glasshouse.policy import reasons
from glasshouse.web.audit import audit
from glasshouse.web.auth import account_view
from glasshouse.web.operations import buttons, views
from glasshouse.web.pages import fleet, job_entries, overview, queues, timeline
from glasshouse.web.presentation import executions, permissions, render, running
from glasshouse.web.request.person import How
from glasshouse.web.text import browser_messages
from glasshouse.web.text.chinese import CHINESE, PARTS, records
from glasshouse.web.text.i18n import CATALOGS, t

ROOM = Path(web.__file__).parent
PAGES = sorted(file for file in ROOM.rglob("*.py") if "chinese" not in file.parts)


def used() -> set[str]:
    """Return every key that templates and pages name."""
    keys = set(browser_messages.SPOKEN) | {label for _, _, label, _ in render.NAVIGATION}
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
    keys |= set(job_entries._PLACES.values()) | set(timeline.DUE.values())
    keys |= set(executions.MEANINGS.values()) | set(executions.ANSWERS.values())
    keys |= {kind.text for kind in Kind} | set(running.MARKS.values()) | set(fleet.COLUMNS)
    keys |= {text for _, *texts in queues.COLUMNS for text in texts} | set(overview.TITLES)
    keys |= {bound.meaning for bound in BOUNDS.values()}
    keys |= {f"state {state.value}" for state in JobState}
    keys |= {f"outcome {outcome.value}" for outcome in Outcome}
    keys |= set(reasons.SENTENCES.values()) | {reasons.EVERY_QUEUE, reasons.STRANGER}
    keys |= set(reasons.BEYOND.values())
    keys |= set(permissions.MEANINGS.values()) | {
        answer for _, answer in permissions._ANSWERS.values()
    }
    keys |= set(buttons._LABELS.values()) | {text for _, text in views.OUTCOMES.values()}
    keys |= set(account_view._SOURCES.values()) | set(audit.LABELS.values())
    for module in PAGES:
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


ROOMS = (
    "model",
    "policy",
    "control",
    "upstream",
    "monitor",
    "health",
    "web",
    "identity",
    "storage",
)
ELSEWHERE = {
    # What commands say, or the log, or programmers.
    "policy/redaction.py", "policy/roles.py", "policy/rules.py", "storage/accounts.py",
    "storage/archive.py", "storage/ledger_key.py", "storage/witness.py", "storage/looking.py",
    "web/serve.py", "web/http/static.py", "web/http/framing.py", "model/times.py",
}  # fmt: skip
OF_COMMANDS = {
    "Name a folder that this user may write, with --state or database.",
    "Write sqlite:////PATH/console.db or postgresql://USER:PASSWORD@HOST/NAME.",
    "The address of the console's database is none.",
    "PostgreSQL needs a driver that is not installed.",
    "Install psycopg beside Glasshouse: pip install 'psycopg[binary]'.",
    "The console's database {} cannot be made: {}.",
    "a salt has 16 bytes",
    "{} random bytes are needed",
}


OTHERWISE = {
    "{} {}.": "{operation} names {name}.",
    "The parameter {} must lie between {} and {}{}, not {}.": (
        "The parameter {name} must lie between {least} and {most}, not {value}."
    ),
    "The job server at {}:{} {}.": "The job server at {address} {why}.",
}
"""Sentences of code that the catalog has with other values, and one of those keys."""


def said(node: ast.expr) -> Iterator[str]:
    """Yield a sentence of the code, with ``{}`` for each of its values."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(next(said(part), "{}") for part in values)
        case ast.IfExp(body=one, orelse=other):
            yield from said(one)
            yield from said(other)
        case _:
            pass


def sentences(room: str) -> Iterator[str]:
    """Yield what the errors of a room say, and what to do."""
    folder = ROOM.parent / room
    assert folder.is_dir()
    for file in sorted(folder.rglob("*.py")):
        if file.relative_to(ROOM.parent).as_posix() in ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name.endswith(
                    "Error"
                ):
                    told = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "remedy")]
                    for part in told:
                        yield from said(part)
                case ast.Assign(targets=[ast.Name(id="remedy")], value=value):
                    yield from said(value)
                case _:
                    pass


def bare(text: str) -> str:
    return re.sub(r"\{\w*\}", "{}", text)


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_an_error_has_a_chinese_text(room: str) -> None:
    assert set(OTHERWISE.values()) <= set(CHINESE)
    known = {bare(key) for key in CHINESE} | OF_COMMANDS | set(OTHERWISE) | {"", "{}"}
    assert sorted({bare(text) for text in sentences(room)} - known) == []


def test_what_to_do_about_a_server_that_is_gone_is_known_to_pages() -> None:
    remedies = {bare(text) for text in sentences("upstream")}
    about = ("Check ", "Look ", "Start ", "Give ", "Wait ", "Name ")
    told = {text for text in remedies if text.startswith(about) and "{}" not in text}
    assert sorted(told - set(browser_messages.SPOKEN)) == []


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("The parameter 'q' came twice.", "参数 'q' 出现了两次。"),
        ("There is no such page.", "没有这个页面。"),
        # A value that is a sentence of its own is told in the language too.
        (
            "The job server at localhost:7419 closed the connection.",
            "位于 localhost:7419 的任务服务器关闭了连接。",
        ),
        # A value is never read as a pattern.
        ("There is no queue named '{name}'.", "没有名为 '{name}' 的队列。"),
        ("What nobody has translated.", "What nobody has translated."),
        ("x" * 10_000 + " is no set.", "x" * 10_000 + " is no set."),
    ],
)
def test_a_sentence_with_its_values_is_told_in_chinese(english: str, chinese: str) -> None:
    assert t(english, "zh-CN") == chinese
    assert t(english, "en") == english


def test_records_are_told_in_words_of_the_language() -> None:
    told = audit._said("outcome", "partly", "zh-CN", "/audit")
    assert (told.name, told.value) == ("结果", "部分完成")
    assert audit._said("reason", "done", "zh-CN", "/audit").value == "done"  # a person's word
    assert audit._said("outcome", "partly", "en", "/audit").name == "outcome"
    assert set(audit._FIRST) <= set(records.NAMES)
    assert {one.value for one in (*Why, *How, *JobSet)} <= set(records.VALUES)


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert t("Queue {name}", "en", name="{name} {x}") == "Queue {name} {x}"

"""Where the messages of the screen stand in the code: templates, calls, errors, tables.

- Templates: ``_("…")``.
- Rooms of the web: ``t("…")``, ``counted(n, "…", "…")``, and the first text of the calls in
  ``_LABELLED``.
- Every room: what an error says and what to do about it (``SomethingError("…", remedy="…")``),
  with ``{name}`` for each value of an f-string; those stand under the context ``error``.
- Anywhere: ``message("…")``, and the tables of ``_TABLES``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from babel.messages.catalog import Catalog

from glasshouse.health import findings
from glasshouse.model import job, parameters, server
from glasshouse.policy import reasons
from glasshouse.web.audit import audit, record_words
from glasshouse.web.auth import account_view
from glasshouse.web.operations import buttons, views
from glasshouse.web.pages import fleet, job_entries, overview, queues, timeline
from glasshouse.web.presentation import executions, permissions, render, running
from glasshouse.web.text import browser_messages
from scripts.messages import ROOT

SOURCE = ROOT / "src" / "glasshouse"
ERROR = "error"
ROOMS = (
    "model", "policy", "control", "upstream", "monitor", "health", "web", "identity", "storage",
)  # fmt: skip
"""Rooms whose errors are shown on pages."""
ELSEWHERE = frozenset({
    # What commands say, or the log, or programmers.
    "policy/redaction.py", "policy/roles.py", "policy/rules.py", "storage/accounts.py",
    "storage/archive.py", "storage/ledger_key.py", "storage/witness.py", "storage/looking.py",
    "web/serve.py", "web/http/static.py", "web/http/framing.py", "web/text/i18n.py",
    "model/times.py",
})  # fmt: skip
OF_COMMANDS = frozenset({
    "Name a folder that this user may write, with --state or database.",
    "Write sqlite:////PATH/console.db or postgresql://USER:PASSWORD@HOST/NAME.",
    "The address of the console's database is none.",
    "PostgreSQL needs a driver that is not installed.",
    "Install psycopg beside Glasshouse: pip install 'psycopg[binary]'.",
    "The console's database {} cannot be made: {}.",
    "a salt has 16 bytes",
    "{} random bytes are needed",
    "",
    "{}",
})  # fmt: skip
"""Said by commands, in rooms whose other errors are shown."""
_IN_TEMPLATE = re.compile(r'\b_\("([^"]+)"')
_WORDS = re.compile(r"\w{2}")
_LABELLED = frozenset({"fact", "_fact", "result", "_result", "set", "_set", "_Step"})
_FAULTS = frozenset({"done", "fault"})


class Message(NamedTuple):
    """One message; ``plural`` is the form of many."""

    text: str
    plural: str = ""
    context: str = ""


class Place(NamedTuple):
    """A message and the file that it stands in."""

    message: Message
    file: str


def extracted() -> Catalog:
    """Return the template of all catalogs."""
    catalog = Catalog()
    for message, where in sorted(places().items()):
        text: str | tuple[str, str] = message.text
        if message.plural:
            text = (message.text, message.plural)
        catalog.add(
            text,
            locations=[(file, 1) for file in sorted(where)],
            context=message.context or None,
        )
    return catalog


def places() -> dict[Message, set[str]]:
    """Return every message with the files that it stands in."""
    found: dict[Message, set[str]] = {}
    for place in (*_of_templates(), *_of_code(), *_tables()):
        found.setdefault(place.message, set()).add(place.file)
    # What a page says itself needs no second entry because an error says it too.
    said = {message.text for message in found if not message.context}
    return {
        message: where
        for message, where in found.items()
        if not message.context or message.text not in said
    }


def bare(text: str) -> str:
    """Return a message without the names of its values."""
    return re.sub(r"\{\w*\}", "{}", text)


def _of_templates() -> Iterator[Place]:
    for file in sorted((SOURCE / "web").rglob("*.html")):
        for text in _IN_TEMPLATE.findall(file.read_text("utf-8")):
            yield Place(Message(text), _named(file))


def _of_code() -> Iterator[Place]:
    for file in sorted(SOURCE.rglob("*.py")):
        inside = file.relative_to(SOURCE)
        shown = inside.parts[0] in ROOMS and inside.as_posix() not in ELSEWHERE
        web = inside.parts[0] == "web"
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for message in _of_node(node, web=web, shown=shown):
                yield Place(message, _named(file))


def _of_node(node: ast.AST, *, web: bool, shown: bool) -> Iterator[Message]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args):
            yield from _of_call(name, args, node.keywords, web=web, shown=shown)
        case ast.Assign(targets=[ast.Name(id="remedy")], value=value) if shown:
            yield from _errors([value])


def _of_call(
    name: str, args: list[ast.expr], keywords: list[ast.keyword], *, web: bool, shown: bool
) -> Iterator[Message]:
    if name == "message" or (web and name in {"t", "_"}):
        # Of an f-string only "state …" and the like begin so, which stand in tables.
        plain = args[:1] if name == "message" else [a for a in args[:1] if not _is_f_string(a)]
        yield from (Message(text) for text in _texts(plain))
    elif web and name == "counted" and (forms := list(_texts(args[1:3]))):
        yield Message(*forms)
    elif web and name in _LABELLED:
        yield from (Message(text) for text in _texts(args) if text[:1].isupper())
    elif name.endswith("Error") and shown:
        remedies = [keyword.value for keyword in keywords if keyword.arg == "remedy"]
        yield from _errors([*args[:1], *remedies])
    if web:
        yield from (
            Message(text)
            for text in _texts(word.value for word in keywords if word.arg in _FAULTS)
            if _WORDS.search(bare(text))
        )


def _errors(nodes: Iterable[ast.expr]) -> Iterator[Message]:
    for text in _texts(nodes):
        # One of values alone has no words that could be translated.
        if bare(text) not in OF_COMMANDS and _WORDS.search(bare(text)):
            yield Message(text, context=ERROR)


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the texts that an expression may be."""
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=values):
                yield _pattern(values)
            case ast.IfExp(body=one, orelse=other):
                yield from _texts((one, other))
            case _:
                pass


def _is_f_string(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr)


def _pattern(values: list[ast.expr]) -> str:
    """Return an f-string with a name for each of its values: no two are the same."""
    text, names = "", set[str]()
    for part in values:
        if isinstance(part, ast.FormattedValue):
            name = _name(part.value)
            while name in names:
                name += "_"
            names.add(name)
            text += f"{{{name}}}"
        elif isinstance(part, ast.Constant):
            text += str(part.value)
    return text


def _name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name):
            return name.strip("_")
        case ast.Attribute(attr=name):
            return name.strip("_")
        case ast.Subscript(value=inner):
            return _name(inner)
        case ast.Call(args=[first, *_]):
            return _name(first)
        case _:
            return "value"


def _named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _tables() -> Iterator[Place]:
    """Yield what stands in tables, and is named by its place there or by its kind."""
    for module, texts in _TABLES:
        yield from (Place(Message(text), _named(Path(module.__file__ or ""))) for text in texts)


def _kinds(kind: str, names: Iterable[str]) -> list[str]:
    return [f"{kind} {name}" for name in names]


_TABLES: tuple[tuple[ModuleType, Iterable[str]], ...] = (
    (browser_messages, browser_messages.SPOKEN),
    (render, [label for _, _, label, _ in render.NAVIGATION]),
    (job_entries, job_entries.PLACES.values()),
    (timeline, timeline.DUE.values()),
    (executions, [*executions.MEANINGS.values(), *executions.ANSWERS.values()]),
    (findings, [kind.text for kind in findings.Kind]),
    (running, running.MARKS.values()),
    (fleet, fleet.COLUMNS),
    (queues, [text for _, *texts in queues.COLUMNS for text in texts]),
    (overview, overview.TITLES),
    (parameters, [bound.meaning for bound in parameters.BOUNDS.values()]),
    (reasons, [*reasons.SENTENCES.values(), *reasons.BEYOND.values()]),
    (reasons, [reasons.EVERY_QUEUE, reasons.STRANGER]),
    (permissions, permissions.MEANINGS.values()),
    (permissions, [answer for _, answer in permissions.ANSWERS.values()]),
    (buttons, buttons.LABELS.values()),
    (views, [text for _, text in views.OUTCOMES.values()]),
    (account_view, account_view.SOURCES.values()),
    (audit, audit.LABELS.values()),
    (record_words, _kinds("record", record_words.NAMES)),
    (record_words, _kinds("recorded", record_words.VALUES)),
    (job, _kinds("state", [state.value for state in job.JobState])),
    (job, _kinds("outcome", [outcome.value for outcome in job.Outcome])),
    (server, _kinds("worker", [state.value for state in server.WorkerState])),
)
"""Modules, and the messages that stand in their tables."""

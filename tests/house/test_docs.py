"""What a new user reads can be done: commands, options, make's targets and links are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from glasshouse.cli.entry import build

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
GUIDES = [page for page in PAGES if page.name not in {"CHANGELOG.md", "decisions.md"}]
_FENCE = re.compile(r"^```(?:sh)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^(?: {4}.*\n)+", re.MULTILINE)
_WORDS = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_COMMAND = re.compile(r"(?:\S*/)?glasshouse (?!is |says )(.+)")
_TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def lines(text: str) -> Iterator[str]:
    """Yield what a page gives to be typed: from blocks, and in the midst of its sentences."""
    for block in (*_FENCE.findall(text), *_INDENTED.findall(text)):
        yield from map(str.strip, block.replace("\\\n", " ").splitlines())
    yield from _WORDS.findall(_ANY_FENCE.sub("", text).replace("\n", " "))


def typed(page: Path) -> list[list[str]]:
    """Return the words of each glasshouse command of a page."""
    found = (_COMMAND.fullmatch(line.strip()) for line in lines(page.read_text("utf-8")))
    return [words(match[1]) for match in found if match is not None]


def words(command: str) -> list[str]:
    """Return the words of a command, to the pipe or the file that it writes to."""
    plain = shlex.split(command, comments=True)
    ends = [number for number, word in enumerate(plain) if word in {"|", ">", "<", "&&"}]
    return plain[: ends[0]] if ends else plain


def missing(told: list[str]) -> str | None:
    """Return the first word that no command or option of ours is."""
    command: Any = typer.main.get_command(build())
    for word in told:
        known = {name for option in command.params for name in (*option.opts, "--help")}
        if word.startswith("-"):
            if word.partition("=")[0] not in known:
                return word
        elif not hasattr(command, "commands"):
            continue
        elif word in command.commands:
            command = command.commands[word]
        elif not command.invoke_without_command and word.islower():
            return word
    return None


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_commands_that_are_told_are_there(page: Path) -> None:
    assert [" ".join(told) for told in typed(page) if missing(told) is not None] == []


def test_commands_are_found_in_what_is_told() -> None:
    found = [" ".join(told) for page in GUIDES for told in typed(page)]
    for some in ("demo", "engine check DIR", "doctor -c glasshouse.toml", "audit list"):
        assert some in found
    assert missing(["audit", "lost"]) == "lost"
    assert missing(["serve", "--nowhere"]) == "--nowhere"


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_targets_of_make_that_are_told_are_there(page: Path) -> None:
    known = set(_TARGET.findall((ROOT / "Makefile").read_text("utf-8")))
    told = [words(line) for line in lines(page.read_text("utf-8")) if line.startswith("make ")]
    named = {word for line in told for word in line[1:] if "=" not in word}
    assert named - known == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in _LINK.findall(page.read_text("utf-8")):
        path, _, part = link.partition("#")
        if ":" in path:
            continue
        target = page.parent / path if path else page
        if not target.exists() or (part and target.suffix == ".md" and part not in parts(target)):
            lost.append(link)
    assert lost == []


def parts(page: Path) -> set[str]:
    """Return the anchors of a page, as GitHub makes them of its headings."""
    heads = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", head)).lower() for head in heads)
    return {head.replace(" ", "-") for head in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_nothing_is_promised_of_a_package_index(page: Path) -> None:
    """It is in none: who typed that would install whatever has that name there."""
    assert not re.search(r"(pip|pipx|uv) (tool )?install '?glasshouse\b", page.read_text("utf-8"))
    for source in (ROOT / "src").rglob("*.py"):
        assert "install 'glasshouse" not in source.read_text("utf-8"), source

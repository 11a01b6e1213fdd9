"""Every text of the screen is there in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from glasshouse.model.access import Why
from glasshouse.model.job import JobSet
from glasshouse.web.audit import audit, record_words
from glasshouse.web.request.person import How
from glasshouse.web.text import browser_messages, i18n
from glasshouse.web.text import format as fmt
from glasshouse.web.text.i18n import LANGUAGES, counted, t
from scripts import messages
from scripts.extract_messages import ERROR, bare, extracted, places

OTHERS = [file for file in messages.files() if file.stem != i18n.ENGLISH]
NAMES = re.compile(r"\{\w+\}")
SYMBOLIC = ("worker ", "state ", "outcome ")
"""Beginnings of keys that are names of states, and no English."""


def texts(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, (tuple, list)) else [str(message.id)]


def forms(message: Message) -> list[str]:
    said = message.string
    return list(said) if isinstance(said, (tuple, list)) else [str(said)]


def keys(catalog: Catalog) -> set[tuple[str, ...]]:
    return {(message.context or "", *texts(message)) for message in catalog if message.id}


def translated(file: Path) -> Iterator[Message]:
    return (message for message in messages.read(file) if message.id)


def test_the_template_has_the_messages_of_the_code() -> None:
    """What fails here is mended by ``make messages``."""
    assert keys(messages.read(messages.TEMPLATE)) == keys(extracted())


@pytest.mark.parametrize("file", messages.files(), ids=lambda file: file.stem)
def test_a_catalog_has_every_message_and_none_that_is_stale(file: Path) -> None:
    assert keys(messages.read(file)) == keys(extracted())


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: file.stem)
def test_every_message_is_translated_in_each_of_its_plural_forms(file: Path) -> None:
    catalog = messages.read(file)
    missing = [
        texts(message)
        for message in translated(file)
        if not all(forms(message))
        or (message.pluralizable and len(forms(message)) != catalog.num_plurals)
    ]
    assert missing == []
    assert [texts(message) for message in translated(file) if message.fuzzy] == []


@pytest.mark.parametrize("file", messages.files(), ids=lambda file: file.stem)
def test_a_translation_keeps_the_names_of_its_values(file: Path) -> None:
    for message in translated(file):
        names = set(NAMES.findall(texts(message)[-1]))
        for index, form in enumerate(forms(message)):
            # "1 job" needs no number; nothing else may leave out or invent one.
            least = set(NAMES.findall(texts(message)[0])) if not index else names
            found = set(NAMES.findall(form))
            assert not form or least <= found <= names, texts(message)


def test_the_names_of_states_are_english_words_in_english() -> None:
    symbolic = {
        message.text for message in places() if message.text.startswith(SYMBOLIC)
    } - set(browser_messages.SPOKEN)  # fmt: skip
    english = {texts(m)[0]: forms(m)[0] for m in translated(messages.CATALOGS / "en.po")}
    assert [key for key in sorted(symbolic) if not english[key]] == []


def test_what_was_compiled_is_what_the_catalogs_say() -> None:
    for file in messages.files():
        texts_ = i18n.catalog(file.stem).texts
        for message in translated(file):
            if isinstance(message.id, str) and message.string:
                assert texts_[message.id] == message.string


def test_what_to_do_about_a_server_that_is_gone_is_known_to_pages() -> None:
    about = ("Check ", "Look ", "Start ", "Give ", "Wait ", "Name ")
    remedies = {
        message.text
        for message, files in places().items()
        if message.text.startswith(about)
        and "{" not in message.text
        and any(file.startswith("src/glasshouse/upstream/") for file in files)
    }
    assert sorted(remedies - set(browser_messages.SPOKEN)) == []


def test_a_language_is_one_file() -> None:
    assert list(LANGUAGES) == [file.stem for file in messages.files()]
    assert {language.name for language in LANGUAGES.values()} == {"English", "Deutsch", "中文"}


@pytest.mark.parametrize(
    ("locale", "number", "rate", "span", "jobs"),
    [
        ("en", "1,234,567", "3.2", "9.12 s", ("1 job", "2 jobs", "1,000 jobs")),
        ("de", "1.234.567", "3,2", "9,12 s", ("1 Job", "2 Jobs", "1.000 Jobs")),
        ("zh-CN", "1,234,567", "3.2", "9.12 秒", ("1 个任务", "2 个任务", "1,000 个任务")),
    ],
)
def test_numbers_and_plurals_are_those_of_the_language(
    locale: str, number: str, rate: str, span: str, jobs: tuple[str, str, str]
) -> None:
    assert fmt.number(1_234_567, locale) == number
    assert fmt.rate(3.21, locale) == rate
    assert fmt.span(9.123, locale) == span
    assert tuple(fmt.counted(n, "1 job", "{n} jobs", locale) for n in (1, 2, 1000)) == jobs


def test_a_message_without_a_translation_is_english_in_both_numbers() -> None:
    assert counted(1, "1 ghost", "{n} ghosts", "de", n="1") == "1 ghost"
    assert counted(3, "1 ghost", "{n} ghosts", "de", n="3") == "3 ghosts"


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("The parameter 'q' was given twice.", "参数 'q' 出现了两次。"),
        ("This page does not exist.", "没有这个页面。"),
        # A value that is a sentence of its own is told in the language too.
        (
            "The job server at localhost:7419 closed the connection.",
            "位于 localhost:7419 的任务服务器关闭了连接。",
        ),
        # A value is never read as a pattern.
        ("The queue '{name}' does not exist.", "没有名为 '{name}' 的队列。"),
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
    assert set(audit._FIRST) <= set(record_words.NAMES)
    assert {one.value for one in (*Why, *How, *JobSet)} <= set(record_words.VALUES)


def test_a_value_is_never_read_as_a_pattern() -> None:
    assert t("Queue {name}", "en", name="{name} {x}") == "Queue {name} {x}"


def test_errors_of_rooms_below_the_web_are_among_the_messages() -> None:
    said = {bare(message.text) for message in places() if message.context == ERROR}
    assert "This operation does not exist." in said
    assert "The parameter {} must be between {} and {}, not {}." in said

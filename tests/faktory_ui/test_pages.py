"""Faktory's pages are read exactly, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glasshouse.faktory_ui.arguments import read_arguments
from glasshouse.faktory_ui.jobs import read_job, read_queue, read_set, set_path, time_of
from glasshouse.faktory_ui.page import PageError
from glasshouse.faktory_ui.server import read_busy, read_history, read_queues
from glasshouse.model.job import JobSet

from . import pages

VERSIONS = ("1.6.0", *pages.VERSIONS, "2.0.0-beta1")
# What survives HTML: a browser and a parser read no NUL, and a return as a line break.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<>&\"'|/: "), max_size=20
)
NAME = TEXT.map(str.strip).filter(bool)
QUEUE = st.text(st.sampled_from("abcXYZ09._-"), min_size=1, max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2900, 1, 1))  # noqa: DTZ001 - made UTC below
FAILURE = st.fixed_dictionaries(
    {
        "errtype": NAME.filter(lambda text: ":" not in text and " " not in text),
        "message": NAME,
        "retry_count": st.integers(0, 1000),
        "backtrace": st.lists(st.just("  ") | NAME, max_size=4),
    }
)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    jid = draw(NAME)
    at = draw(MOMENT).replace(tzinfo=UTC)
    return {
        "jid": jid,
        "key": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06}Z|{jid}",
        "at": at.timestamp(),
        "jobtype": draw(NAME),
        "queue": draw(QUEUE),
        "args": draw(st.lists(JSON, max_size=3)),
        "failure": draw(FAILURE),
    }


@pytest.mark.parametrize("name", list(JobSet))
@given(some=st.lists(jobs(), max_size=3), version=st.sampled_from(VERSIONS))
def test_a_list_is_read_as_it_is_held(
    name: JobSet, some: list[dict[str, Any]], version: str
) -> None:
    shown = read_set(name, pages.set_page(set_path(name), some, version))
    assert len(shown) == len(some)
    for row, job in zip(shown, some, strict=True):
        assert (row.key, row.jid, row.queue) == (job["key"], job["jid"], job["queue"])
        assert row.jobtype == job["jobtype"]
        assert row.at == pytest.approx(job["at"], abs=1e-5)
        assert row.args.items is not None
        assert [json.loads(item) for item in row.args.items] == job["args"]
        failure = job["failure"]
        if name is JobSet.SCHEDULED:
            assert row.failure is None
            continue
        assert row.failure is not None
        assert row.failure.parts == (failure["errtype"], failure["message"])
        told = failure["retry_count"] if name is JobSet.RETRIES else None
        assert row.failure.retry_count == told


@given(st.lists(jobs(), max_size=4), st.sampled_from(VERSIONS))
def test_a_queue_gives_each_payload_byte_by_byte(some: list[dict[str, Any]], version: str) -> None:
    payloads = [json.dumps(job).encode() for job in some]
    shown = read_queue("mail", pages.queue_page("mail", payloads, version))
    assert [row.payload for row in shown] == payloads
    assert [row.jid for row in shown] == [job["jid"] for job in some]


@given(jobs(), st.sampled_from(VERSIONS))
def test_a_job_is_told_with_all_of_its_failure(job: dict[str, Any], version: str) -> None:
    shown = read_job(JobSet.DEAD, pages.job_page(job, version))
    assert (shown.jid, shown.jobtype, shown.queue) == (job["jid"], job["jobtype"], job["queue"])
    assert shown.args.items is not None
    assert [json.loads(item) for item in shown.args.items] == job["args"]
    failure = job["failure"]
    assert (shown.errtype, shown.message) == (failure["errtype"], failure["message"])
    assert shown.backtrace == tuple(line for line in failure["backtrace"] if line.strip())


def test_a_trace_keeps_its_own_indentation() -> None:
    lines = ["Traceback (most recent call last):", '  File "a.py", line 1', "    run()"]
    job = {"jid": "j", "jobtype": "T", "queue": "q", "args": [],
           "failure": {"errtype": "E", "message": "m", "backtrace": lines}}  # fmt: skip
    assert read_job(JobSet.RETRIES, pages.job_page(job)).backtrace == tuple(lines)


@given(
    st.dictionaries(QUEUE, st.tuples(st.integers(0, 2**64), st.booleans()), max_size=5),
    st.sampled_from(VERSIONS),
)
def test_queues_are_read_with_their_pause(
    queues: dict[str, tuple[int, bool]], version: str
) -> None:
    shown = read_queues(pages.queues_page(queues, version))
    assert {queue.name: (queue.size, queue.paused) for queue in shown} == queues


@pytest.mark.parametrize(
    "shown",
    ["2500", "2,500", "2.500", "2 500", "2\u00a0500", "2\u202f500", "2\u2009500", "2'500",
     "2\u2019500", "٢٬٥٠٠", "۲٬۵۰۰", "٢٥٠٠"],
)  # fmt: skip
def test_a_number_is_read_whatever_its_language_puts_between_its_digits(
    shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "counted", lambda _: shown)
    (queue,) = read_queues(pages.queues_page({"mail": (2500, False)}))
    assert queue.size == 2500


@pytest.mark.parametrize(
    ("shown", "number"), [("1,234,567", 1_234_567), ("12,34,567", 1_234_567), ("999", 999)]
)
def test_numbers_of_any_size_are_read_in_groups(
    shown: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "counted", lambda _: shown)
    assert read_queues(pages.queues_page({"mail": (0, True)}))[0].size == number


@pytest.mark.parametrize(
    "shown",
    ["", "many", "2,50", "2,5000", ",500", "2,", "1,234.567", "1,234 567", "1.5", "2_500", "1e3",
     "1 2", "9" * 41],
)  # fmt: skip
def test_what_is_no_number_is_not_taken_for_one(
    shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "counted", lambda _: shown)
    with pytest.raises(PageError, match="is not a number"):
        read_queues(pages.queues_page({"mail": (0, False)}))


WORKER = st.fixed_dictionaries(
    {
        "wid": NAME,
        "hostname": NAME,
        "pid": st.integers(0, 10**6),
        "labels": st.lists(NAME, max_size=3),
        "quiet": st.booleans(),
        "rss": st.sampled_from(["0 KB", "51234 KB", "97.7 MB", "9.6 GB", "-5 KB"]),
        "busy": st.integers(0, 100),
    }
)
KB = {"0 KB": None, "51234 KB": 51_234, "97.7 MB": 100_045, "9.6 GB": 10_066_330,
      "-5 KB": None}  # fmt: skip


@given(st.lists(WORKER, max_size=3), st.lists(jobs(), max_size=3), st.sampled_from(VERSIONS))
def test_workers_and_what_they_hold_are_read(
    workers: list[dict[str, Any]], held: list[dict[str, Any]], version: str
) -> None:
    shown = read_busy(pages.busy_page(workers, [{**job, "wid": "w-1"} for job in held], version))
    for row, worker in zip(shown.workers, workers, strict=True):
        assert (row.wid, row.hostname, row.pid) == (
            worker["wid"], worker["hostname"], worker["pid"],
        )  # fmt: skip
        assert (row.labels, row.quiet) == (tuple(worker["labels"]), worker["quiet"])
        assert (row.rss_kb, row.busy) == (KB[worker["rss"]], worker["busy"])
    assert [(row.wid, row.jid) for row in shown.reservations] == [
        ("w-1", job["jid"]) for job in held
    ]


def test_the_history_is_read_by_day() -> None:
    told = read_history(pages.dashboard({"2026-11-25": (7, 1), "2026-11-26": (180, 120)}))
    assert told.processed == {date(2026, 11, 25): 7, date(2026, 11, 26): 180}
    assert told.failed[date(2026, 11, 26)] == 120


FAILED = {"errtype": "E", "message": "m", "retry_count": 1, "backtrace": ["a"]}
JOB = {"jid": "j", "key": "2026-11-26T12:00:00Z|j", "jobtype": "T", "queue": "q", "args": [1],
       "failure": FAILED}  # fmt: skip
READERS: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "retries": (lambda html: read_set(JobSet.RETRIES, html), pages.set_page("/retries", [JOB])),
    "dead": (lambda html: read_set(JobSet.DEAD, html), pages.set_page("/morgue", [JOB])),
    "queue": (
        lambda html: read_queue("q", html),
        pages.queue_page("q", [json.dumps(JOB).encode()]),
    ),
    "queues": (read_queues, pages.queues_page({"q": (1234, False)})),
    "busy": (read_busy, pages.busy_page([], [{**JOB, "wid": "w"}])),
    "job": (lambda html: read_job(JobSet.DEAD, html), pages.job_page(JOB)),
    "history": (read_history, pages.dashboard({"2026-11-26": (1, 0)})),
}


@pytest.mark.parametrize("name", list(READERS))
def test_a_page_that_ends_in_the_middle_is_never_read_as_data(name: str) -> None:
    read, html = READERS[name]
    read(html)
    for end in range(len(html) - len("\n</html>\n")):
        with pytest.raises(PageError):
            read(html[:end])


@pytest.mark.parametrize("name", [name for name in READERS if name != "history"])
def test_the_dashboard_that_answers_unknown_paths_is_no_other_page(name: str) -> None:
    with pytest.raises(PageError, match=r"of Faktory 1\.10\.0 cannot be read"):
        READERS[name][0](pages.dashboard({"2026-11-26": (1, 0)}))


@pytest.mark.parametrize("name", list(READERS))
@given(junk=st.binary(max_size=200))
def test_garbage_is_an_error_that_names_the_page(name: str, junk: bytes) -> None:
    with pytest.raises(PageError, match="The page /"):
        READERS[name][0](junk)


def test_a_page_of_another_structure_is_an_error_with_its_version() -> None:
    html = pages.set_page("/retries", [JOB], "3.0.0").replace(
        b"<td><code>T", b"<td></td><td><code>T"
    )
    with pytest.raises(PageError) as told:
        read_set(JobSet.RETRIES, html)
    assert (told.value.page, told.value.version) == ("/retries", "3.0.0")
    assert "a row has 8 cells" in told.value.detail


def test_a_queue_that_is_gone_is_not_read_as_another() -> None:
    with pytest.raises(PageError, match="another queue"):
        read_queue("mail", pages.queue_page("other", []))


@given(st.lists(JSON, max_size=4), st.sampled_from(VERSIONS))
def test_arguments_are_told_apart_or_said_to_be_cut(args: list[Any], version: str) -> None:
    read = read_arguments(pages.shown_args(args, 40, version), limit=40, version=version)
    long = [arg for arg in args if len(pages.shown_args([arg], version=version).encode()) > 40]
    spoiled = not pages.since(version, 1, 9, 1) and "…" in str(args) and "%" in str(args)
    assert (read.items is None) == (bool(long) or spoiled)
    if read.items is not None:
        assert [json.loads(item) for item in read.items] == args


TRICKS = [
    # What is cut leaves a text open, and what follows would close it in another place.
    ["x" * 50, "y"],
    ["x" * 50, ", ", ", "],
    [["x" * 50], [", 1, ", ", ", " " * 50], [", ", "]"]],
    [["x" * 50], [", [", "]"], "], " + "y" * 50],
    ["%" * 60, "y"],
    ["%" * 60, [", 1, "], "%" * 60, [", 2, "]],
    ["%d" * 30, ", ", "%d" * 30, ", "],
    ["…", "x" * 50, "…"],
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("args", TRICKS)
def test_what_is_behind_a_cut_is_never_taken_for_arguments(args: list[Any], version: str) -> None:
    shown = pages.shown_args(args, 40, version)
    assert "…" in shown
    assert read_arguments(shown, limit=40, version=version).items is None


@given(
    st.lists(
        st.recursive(
            st.text(st.sampled_from('", []{}:1%…\\'), max_size=60),
            lambda inner: st.lists(inner, max_size=3),
            max_leaves=5,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(VERSIONS),
)
def test_no_arguments_at_all_are_taken_for_others(args: list[Any], version: str) -> None:
    read = read_arguments(pages.shown_args(args, 40, version), limit=40, version=version)
    assert read.items is None or [json.loads(item) for item in read.items] == args


def test_a_text_with_an_ellipsis_and_a_percent_sign_is_read_where_nothing_was_spoiled() -> None:
    args = ["100 % …", "more …"]
    for version in ("1.9.1", "1.9.4", "1.10.0", "2.0.0-beta1"):
        read = read_arguments(pages.shown_args(args, version=version), limit=1024, version=version)
        assert [json.loads(item) for item in read.items or ()] == args


@pytest.mark.parametrize(
    ("shown", "exact"),
    [
        ("9007199254740992\n", True),
        ("9007199254740993\n", False),
        ("12345678901234567000\n", False),
        ('"12345678901234567890"\n', True),
        ("1.2345678901234567e+21\n", False),
        ("1e-7\n", True),
        ('{"a":[0.1,"9e99"]}\n', True),
        ("9" * 1000, False),
    ],
)
def test_a_number_that_may_have_been_rounded_is_said_to_be(shown: str, *, exact: bool) -> None:
    for text in (shown, shown.removesuffix("\n")):
        assert read_arguments(text, limit=1024, version="1.10.0").exact is exact


def test_a_key_that_holds_no_time_has_none() -> None:
    for key in (
        "",
        "|j",
        "2026-13-01T00:00:00Z|j",
        "2026-11-26T12:00:00|j",
        "x|2026-11-26T12:00:00Z",
    ):
        assert time_of(key) is None
    assert time_of("1970-01-01T00:00:01.000000001Z|j") == pytest.approx(1.000000001)

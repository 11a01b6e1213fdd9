"""Faktory's lists of jobs, and its page of one job."""

from __future__ import annotations

import base64
import binascii
import re
import textwrap
from urllib.parse import quote

import msgspec
from selectolax.lexbor import LexborNode

from glasshouse.faktory_ui.arguments import WHOLE, Arguments, arguments_in, read_arguments
from glasshouse.faktory_ui.page import Page, text_of, value_of
from glasshouse.model.job import JobSet
from glasshouse.model.times import parse_time

_PATHS = {JobSet.RETRIES: "/retries", JobSet.SCHEDULED: "/scheduled", JobSet.DEAD: "/morgue"}
_CELLS = {JobSet.RETRIES: 7, JobSet.SCHEDULED: 5, JobSet.DEAD: 6}
_DOTS = {".": "%2E", "..": "%2E%2E"}
_TIME = re.compile(r"-?\d{4,12}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


class FailureCell(msgspec.Struct, frozen=True, kw_only=True):
    """A failure in a list: type and message in one text, and the number of retries."""

    text: str
    retry_count: int | None = None

    @property
    def parts(self) -> tuple[str, str]:
        """The type and the message, as far as they can be separated.

        A list joins both with a colon. A type has no spaces; if it seems to have one,
        the whole text is the message.
        """
        errtype, colon, message = self.text.partition(": ")
        return (errtype, message) if colon and " " not in errtype else ("", self.text)


class JobRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a list. ``at`` is the time in its ``key``, in Unix seconds: see ``StoredJob``.

    ``jobtype`` is what is shown: for an ActiveJob wrapper, the class that it wraps.
    """

    key: str
    jid: str
    at: float
    jobtype: str
    queue: str
    args: Arguments
    failure: FailureCell | None = None


class QueuedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a queue: ``payload`` is the stored JSON text, byte for byte."""

    jid: str
    jobtype: str
    payload: bytes


class JobPage(msgspec.Struct, frozen=True, kw_only=True):
    """A job's own page: its arguments, in full up to a megabyte each, and its whole failure."""

    jid: str
    jobtype: str
    queue: str
    args: Arguments
    errtype: str | None
    message: str | None
    backtrace: tuple[str, ...]


def set_path(name: JobSet) -> str:
    """Return the path where Faktory lists a set."""
    return _PATHS[name]


def queue_path(name: str) -> str:
    """Return the path where Faktory lists a queue; names like dot segments lead elsewhere."""
    return f"/queues/{_DOTS.get(name) or quote(name, safe='')}"


def read_set(name: JobSet, html: bytes) -> tuple[JobRow, ...]:
    """Return the rows of a page of a set, in page order; dead jobs are oldest first there.

    Raises:
        PageError: the page is not that, or is incomplete.
    """
    page = Page(_PATHS[name], html)
    # An empty set has a notice in place of its table; the dashboard has neither.
    if not page.all("table.table-striped tr") and not page.all(".alert-success"):
        raise page.error("it is no list")
    return tuple(_row(page, name, cells) for cells in page.rows("table", (_CELLS[name],)))


def read_queue(name: str, html: bytes) -> tuple[QueuedJob, ...]:
    """Return the rows of a page of a queue, newest first; a page may have one too many.

    Raises:
        PageError: the page is not that, or is incomplete.
    """
    page = Page("/queues/…", html)
    if page.one("header h3").text().strip() != name:
        raise page.error("it is of another queue")
    page.one("table.queue")
    return tuple(_queued(page, cells) for cells in page.rows("table.queue", (4,)))


def read_job(name: JobSet, html: bytes) -> JobPage:
    """Return the contents of the page of one job.

    Raises:
        PageError: the page is not that, or is incomplete: the job has moved on.
    """
    page = Page(f"{_PATHS[name]}/…", html)
    codes = page.all("table.table-striped td > code")
    args = page.one(".args-extended")
    failure = [row[0] for row in page.rows("table.error", (1,))]
    if len(codes) < 2:  # noqa: PLR2004 - its id and its type
        raise page.error("it is of no job")
    return JobPage(
        jid=codes[0].text(),
        jobtype=codes[1].text(),
        queue=page.one("td > a[href*='/queues/']").text(),
        args=read_arguments(args.text(), limit=WHOLE, version=page.version),
        errtype=text_of(failure[0], "code") if failure else None,
        message=failure[1].text() if len(failure) > 1 else None,
        backtrace=_lines(failure[2]) if len(failure) > 2 else (),  # noqa: PLR2004
    )


def time_of(key: str) -> float | None:
    """Return the time at the beginning of a key, in Unix seconds; ``None`` if it is not a time."""
    text = key.partition("|")[0]
    try:
        return parse_time(text, any_year=True) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def _row(page: Page, name: JobSet, cells: list[LexborNode]) -> JobRow:
    key = value_of(cells[0].css_first("input[name=key]"), "value")
    at = None if key is None else time_of(key)
    if key is None or at is None:
        raise page.error("a row has no key")
    # After the time, and in the retries the count, the columns are the same everywhere.
    shift = 1 if name is JobSet.RETRIES else 0
    return JobRow(
        key=key,
        jid=key.partition("|")[2],
        at=at,
        queue=text_of(cells[2 + shift], "a"),
        jobtype=text_of(cells[3 + shift], "code"),
        args=arguments_in(page, cells[4 + shift]),
        failure=_failure(page, name, cells),
    )


def _failure(page: Page, name: JobSet, cells: list[LexborNode]) -> FailureCell | None:
    cell = None if name is JobSet.SCHEDULED else cells[-1].css_first("div")
    if cell is None:
        return None
    count = page.number(cells[2].text()) if name is JobSet.RETRIES else None
    return FailureCell(text=cell.text(), retry_count=count)


def _queued(page: Page, cells: list[LexborNode]) -> QueuedJob:
    key = value_of(cells[0].css_first("input[name=bkey]"), "value") or ""
    try:
        payload = base64.b64decode(key + "=" * (-len(key) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        payload = b""
    if not payload:
        raise page.error("a row has no payload")
    return QueuedJob(jid=cells[1].text(), jobtype=cells[2].text(), payload=payload)


def _lines(cell: LexborNode) -> tuple[str, ...]:
    code = cell.css_first("code")
    if code is None:
        return ()
    lines = [line for line in code.text().split("\n") if line.strip()]
    # The template indents all of them; any further indentation is the trace's own.
    return tuple(textwrap.dedent("\n".join(lines)).split("\n")) if lines else ()

"""``engine check``: is everything on this folder as the engine left it?

Nothing is changed. Each finding states what is wrong in plain words; ``REMEDIES``
has what to do about each kind. Memory stays bounded: jobs are read one
by one, and only the first findings of each kind are kept; the others are counted.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import msgspec

from glasshouse.engine import schema
from glasshouse.engine.check_rows import Rows
from glasshouse.engine.findings import Findings, Problem
from glasshouse.engine.inspection import View, inspect
from glasshouse.engine.lock import held
from glasshouse.engine.migrations import JOURNAL_VERSION
from glasshouse.engine.recovery import decode, reading
from glasshouse.model.errors import StoreError

LEAST_FREE = 64 << 20
_MOST_PAGE_ERRORS = 20
_LOOKS = 20
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class CheckReport(msgspec.Struct, kw_only=True):
    """What was found; ``jobs`` counts by state. What could not be read is ``None``.

    ``waiting`` counts the journal's records that the database does not yet contain.
    """

    folder: str
    running: bool
    version: int | None = None
    jobs: dict[str, int] | None = None
    queues: int | None = None
    finished: int | None = None
    waiting: int = 0
    bytes: int = 0
    log_bytes: int = 0
    free_bytes: int = 0
    problems: list[Problem] = []

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def check(folder: Path, tell: Callable[[str], None] = lambda _: None) -> CheckReport:
    """Check everything below ``folder``; ``tell`` receives the progress now and then.

    Raises:
        StoreError: there is no Glasshouse database that this version can read.
    """

    def look(view: View) -> tuple[CheckReport, Findings]:
        findings = Findings()
        report = CheckReport(folder=str(folder), running=view.running)
        report.version = schema.check_ours(view.db, folder / schema.FILE)
        tell("Reading the pages…")
        with findings.reading("the pages"):
            _pages(view.db, findings)
        if report.version:
            if report.version >= JOURNAL_VERSION:
                report.waiting = _journal(view, findings)
            rows = Rows(view.db, findings, tell, finished=report.version >= JOURNAL_VERSION)
            rows.look()
            report.jobs, report.queues, report.finished = rows.jobs, rows.queues, rows.finished
        return report, findings

    try:
        report, findings = inspect(folder, look)
    except (apsw.NotADBError, apsw.CorruptError, apsw.IOError) as error:
        report, findings = CheckReport(folder=str(folder), running=held(folder)), Findings()
        findings.add("pages", f"The database cannot be read: {error}.")
    _space(folder, report, findings)
    _permissions(folder, findings)
    report.problems = findings.all()
    return report


def _journal(view: View, findings: Findings) -> int:
    """Return how many records the database does not yet contain.

    A running engine writes its journal while it is read, so what looks damaged may
    only have been read halfway: it is read again until the result stays the same.
    """
    journal = reading(view.db, view.journal, view.folder)
    for _ in range(_LOOKS if view.running else 0):
        if not journal.faults:
            break
        before, journal = (
            journal,
            inspect(view.folder, lambda v: reading(v.db, v.journal, v.folder)),
        )
        if before.faults == journal.faults:
            break
    for fault in journal.faults:
        findings.add("journal", fault)
    for blemish in journal.blemishes:
        findings.add("header", blemish)
    if journal.faults:
        return 0
    try:
        for _, body in journal.records:
            decode(body, view.folder)
    except StoreError as error:
        findings.add("journal", error.detail)
        return 0
    return len(journal.records)


def _pages(db: apsw.Connection, findings: Findings) -> None:
    for (line,) in db.execute(f"PRAGMA integrity_check({_MOST_PAGE_ERRORS})"):
        if line != "ok":
            findings.add("pages", f"SQLite finds the database damaged: {line}.")


def _space(folder: Path, report: CheckReport, findings: Findings) -> None:
    path = folder / schema.FILE
    report.bytes = path.stat().st_size
    log = schema.log_path(path)
    report.log_bytes = log.stat().st_size if log.exists() else 0
    report.free_bytes = shutil.disk_usage(folder).free
    if report.free_bytes < LEAST_FREE:
        findings.add(
            "space",
            f"The disk has {report.free_bytes / (1 << 20):.1f} MiB left; "
            f"the engine wants {LEAST_FREE >> 20} at least.",
        )


def _permissions(folder: Path, findings: Findings) -> None:
    for path in (folder, *sorted(folder.iterdir())):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:  # a running engine has removed it
            continue
        if mode & _OTHERS and not stat.S_ISLNK(mode):
            findings.add(
                "permissions",
                f"{path} is open to other users (mode {stat.S_IMODE(mode):03o}).",
            )

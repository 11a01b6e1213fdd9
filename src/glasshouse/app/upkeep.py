"""The commands that maintain an engine's folder: ``engine check``, ``backup``, ``salvage``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import msgspec

from glasshouse.engine.backup import FinishedBackup, backup
from glasshouse.engine.check import CheckReport, check

_MIB = 1 << 20


def check_folder(folder: Path, *, as_json: bool) -> bool:
    """Check an engine's folder and print what was found; True when all is well.

    Raises:
        StoreError: there is nothing to check.
    """
    with _Progress() as progress:
        report = check(folder, progress.tell)
    _print(report, _report_lines, as_json=as_json)
    return report.well


def back_up(folder: Path, file: Path, *, force: bool, as_json: bool) -> None:
    """Copy an engine's database to ``file`` and print what is in it.

    Raises:
        StoreError: it could not be done; ``file`` is as before.
    """
    with _Progress() as progress:
        copy = backup(folder, file, force=force, tell=progress.tell)
    _print(copy, _copy_lines, as_json=as_json)


def salvage(folder: Path, file: Path, *, force: bool, as_json: bool) -> bool:
    """Copy what is readable to ``file`` and print what is in it; True when nothing was lost.

    Raises:
        StoreError: it could not be done; ``file`` is as before.
    """
    with _Progress() as progress:
        copy = backup(folder, file, force=force, tell=progress.tell, salvage=True)
    _print(copy, _copy_lines, as_json=as_json)
    return not copy.faults


class _Progress:
    """A one-line progress report on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._told = False

    def tell(self, text: str) -> None:
        if self._shown:
            self._told = True
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._told:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _print(
    value: CheckReport | FinishedBackup, lines: Callable[..., list[str]], *, as_json: bool
) -> None:
    text = msgspec.json.encode(value).decode() if as_json else "\n".join(lines(value))
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _report_lines(report: CheckReport) -> list[str]:
    engine = "an engine runs on it" if report.running else "no engine runs on it"
    known = "unknown" if report.version is None else str(report.version)
    lines = [f"{report.folder}: version {known}; {engine}."]
    if report.jobs is not None:
        lines.append(f"Jobs: {_jobs(report.jobs)}; queues: {_count(report.queues)}; "
                     f"finished log: {_count(report.finished)}.")  # fmt: skip
    lines.append(
        f"Size: {report.bytes / _MIB:,.1f} MiB and {report.log_bytes / _MIB:,.1f} MiB of log; "
        f"free on the disk: {report.free_bytes / _MIB:,.0f} MiB."
    )
    if report.waiting:
        lines.append(
            f"The journal holds {report.waiting:,} records that the database takes in "
            + ("in a moment." if report.running else "when the engine starts.")
        )
    if report.well:
        return [*lines, "All is well."]
    remedy = ""
    for problem in report.problems:
        if problem.remedy != remedy:
            lines += [f"  What to do: {remedy}"] if remedy else []
            remedy = problem.remedy
        lines.append(f"- {problem.detail}")
    return [*lines, f"  What to do: {remedy}", "Something is wrong."]


def _copy_lines(copy: FinishedBackup) -> list[str]:
    return [
        f"{copy.file}: {copy.bytes / _MIB:,.1f} MiB, version {copy.version}, checked and synced.",
        f"Jobs: {_jobs(copy.jobs)}.",
        *(f"- {fault}" for fault in copy.faults),
        "To restore it, put it as engine.db into an empty folder and start an engine there.",
    ]


def _jobs(jobs: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in jobs.items())


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"

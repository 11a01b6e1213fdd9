"""``glasshouse audit verify``: is the ledger whole, and by what is that known?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glasshouse.cli.opened import opened
from glasshouse.cli.options import AsJson, ConfigFile, StateFolder
from glasshouse.model.errors import SettingsError, StoreError

if TYPE_CHECKING:
    from glasshouse.ledger.checkpoint import Checkpoint
    from glasshouse.storage.verification import Evidence, Verified

_COMPARED = 16
"""How many digits of a key are shown: enough to tell it from others."""


def verify(
    *,
    checkpoints: Annotated[
        Path | None,
        typer.Option(
            "--checkpoints",
            metavar="FILE",
            help="Checkpoints that were kept elsewhere, one a line; - for standard input.",
        ),
    ] = None,
    archive: Annotated[
        Path | None,
        typer.Option("--archive", metavar="FOLDER", help="Where archived records are."),
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Trust this public key too, in hex or in a file of them; may be repeated.",
        ),
    ] = None,
    config: ConfigFile = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> int:
    """Verify every record and every checkpoint; exit 1 at the first that is wrong.

    The key, the public keys and the witness in the state folder say what is right.

    \b
    Examples:
      glasshouse audit verify
      glasshouse audit verify --checkpoints /mnt/elsewhere/checkpoints.jsonl
      glasshouse audit verify --archive /mnt/archive
    """  # noqa: D301 - click reads the \b
    from glasshouse.storage import verification  # noqa: PLC0415 - it takes a while

    elsewhere = _read_checkpoints(checkpoints)
    with opened(config, state, new=False) as (database, _, folder):
        known = verification.evidence(folder, _keys(key or []), elsewhere)
        result = verification.verify(database, known, archive)
        if result.named and not known.keys and result.verdict.fault is None:
            raise SettingsError(
                f"There is no key in {folder}, so nothing tells whose signatures these are.",
                remedy="Name the console's folder with --state or -c, or its public key with "
                "--key.",
            )
    if as_json:
        typer.echo(json.dumps(_told(result, known)))
    else:
        for line in _lines(result, known, folder):
            typer.echo(line)
    return 0 if result.verdict.fault is None else 1


def _told(result: Verified, known: Evidence) -> dict[str, object]:
    verdict, fault, witness = result.verdict, result.verdict.fault, known.witness
    report: dict[str, object] = {
        "records": verdict.head.seq,
        "checkpoints": verdict.checkpoints,
        "digest": verdict.head.digest.hex(),
        "whole": fault is None,
        "signed": verdict.signed,
        "unsigned": verdict.head.seq - verdict.signed,
        "other_keys": sorted(verdict.others),
    }
    if witness is not None:
        last = witness.last
        report["witness"] = {
            "begins": witness.begun.begins,
            "ends": 0 if last is None else last.seq,
            "checkpoints": len(witness.checkpoints),
            "again": witness.begun.again,
            "damaged": witness.damaged,
        }
    else:
        report["witness"] = {"lost": True} if known.lost else None
    if result.start is not None:
        report["archived"] = result.start.head.seq
    if fault is not None:
        report |= {"record": fault.seq, "fault": fault.what}
    return report


def _lines(result: Verified, known: Evidence, folder: Path) -> list[str]:
    verdict, fault = result.verdict, result.verdict.fault
    if fault is not None:
        return [f"Broken at record {fault.seq}: {fault.what}."]
    statements = (
        f"The ledger is whole: {verdict.head.seq} records, borne out by "
        f"{verdict.checkpoints} checkpoints. It ends at {verdict.head.digest.hex()}."
    )
    lines = [statements]
    unsigned = verdict.head.seq - verdict.signed
    if unsigned:
        lines.append(
            f"No checkpoint of a key that is trusted bears out the last {unsigned} records yet: "
            "who changes these in the database is not found."
        )
    lines += (
        f"The key {key[:_COMPARED]}… signed too and is not trusted here. If it is that of "
        "another console on this database, give it with --key."
        for key in sorted(verdict.others)
    )
    lines += _witness_lines(known, folder)
    if result.start is not None:
        lines.append(
            f"Records 1 to {result.start.head.seq} are archived and were not looked at: "
            "give --archive FOLDER."
        )
    return lines


def _witness_lines(known: Evidence, folder: Path) -> list[str]:
    from glasshouse.storage.witness import FILE  # noqa: PLC0415 - it takes a while

    path, witness = folder / FILE, known.witness
    if witness is None:
        why = "was lost" if known.lost else "is begun when the console starts"
        return [f"The witness {path} {why}: a tail that was cut off is not seen without it."]
    last, begins = witness.last, witness.begun.begins
    again = ", when the one before it had been lost" if witness.begun.again else ""
    statements = (
        f"The witness begins at record {begins}{again}, and has {len(witness.checkpoints)} "
        f"checkpoints, the last of record {0 if last is None else last.seq}."
    )
    lines = [statements]
    if witness.damaged:
        lines.append(
            f"{witness.damaged} lines of the witness are damaged, as by a loss of power, and "
            "say nothing."
        )
    return lines


def _keys(given: list[str]) -> set[str]:
    from glasshouse.storage import ledger_key  # noqa: PLC0415 - it takes a while

    keys: set[str] = set()
    for text in given:
        try:
            path = Path(text)
            some = ledger_key.public_keys(path) if path.exists() else {ledger_key.public(text)}
        except StoreError as error:
            raise SettingsError(error.detail, remedy=error.remedy) from None
        keys |= some
    return keys


def _read_checkpoints(path: Path | None) -> list[Checkpoint]:
    from glasshouse.ledger.witness import checkpoints  # noqa: PLC0415 - it takes a while

    if path is None:
        return []
    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be read: {error.strerror}.", remedy="Name a file of checkpoints."
        ) from None
    return checkpoints(text)

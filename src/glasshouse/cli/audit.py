"""``glasshouse audit``: the ledger on the command line, also while a console runs.

``verify`` stands in ``cli/verify.py``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glasshouse.cli.opened import opened
from glasshouse.cli.options import AsJson, ConfigFile, StateFolder
from glasshouse.cli.verify import verify
from glasshouse.model.errors import SettingsError

if TYPE_CHECKING:
    from glasshouse.ledger.chain import Link
    from glasshouse.ledger.export import Form
    from glasshouse.storage.ledger import RecordFilter

_MOST = 10_000


class Format(StrEnum):
    """How records are written."""

    JSONL = "jsonl"
    CSV = "csv"


WhichEvent = Annotated[
    str, typer.Option("--event", metavar="EVENT", help="Like session.signed_in, or session.*")
]
WhichActor = Annotated[
    str, typer.Option("--actor", metavar="NAME", help="Like local:ops, or local:*")
]
WithText = Annotated[str, typer.Option("--text", metavar="TEXT", help="Occurs in the record.")]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="From then on: 2026-11-27T10:00Z.")
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="Before then.")]


def latest(
    *,
    event: WhichEvent = "",
    actor: WhichActor = "",
    text: WithText = "",
    since: Since = "",
    until: Until = "",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="How many at most.")] = 50,
    config: ConfigFile = None,
    state: StateFolder = None,
    as_json: AsJson = False,
) -> None:
    """List the newest records, the newest first.

    \b
    Examples:
      glasshouse audit list
      glasshouse audit list --actor local:ops --since 2026-11-27
      glasshouse audit list --event session.refused --json
    """  # noqa: D301 - click reads the \b
    from glasshouse.ledger.export import told_of  # noqa: PLC0415 - it takes a while
    from glasshouse.storage import ledger  # noqa: PLC0415

    wanted = _wanted(event, actor, text, since, until)
    with opened(config, state, new=False) as (database, _, _):
        links = database.call(ledger.latest, wanted, most=limit)
    records = list(map(told_of, links))
    if as_json:
        typer.echo(json.dumps({"items": records}, ensure_ascii=False))
        return
    for row in records:
        typer.echo(_line(row))
    if not records:
        typer.echo("There are no such records.")


def export(
    *,
    form: Annotated[Format, typer.Option("--format", help="How records are written.")],
    event: WhichEvent = "",
    actor: WhichActor = "",
    text: WithText = "",
    since: Since = "",
    until: Until = "",
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """Write records to standard output, the oldest first; the export itself is recorded.

    \b
    Examples:
      glasshouse audit export --format jsonl > ledger.jsonl
      glasshouse audit export --format csv --since 2026-11-01 > november.csv
    """  # noqa: D301 - click reads the \b
    from glasshouse.app.shell import shell  # noqa: PLC0415 - it takes a while
    from glasshouse.ledger.export import FORMS  # noqa: PLC0415
    from glasshouse.ledger.record import Event, Record  # noqa: PLC0415
    from glasshouse.storage import ledger  # noqa: PLC0415

    wanted = _wanted(event, actor, text, since, until)
    filters = {"event": event, "actor": actor, "text": text, "since": since, "until": until}
    detail = {"format": form.value, **{name: value for name, value in filters.items() if value}}
    with opened(config, state, new=False) as (database, _, _):
        exported = Record(event=Event.EXPORTED, at=time.time(), who=shell(), detail=detail)
        # What is recorded while this runs is for the next export.
        end = database.call(ledger.append, exported).seq
        _write(FORMS[form], ledger.walk(database, wanted, upto=end))


def checkpoint(
    *,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Sign with another key from now on.")
    ] = False,
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """Sign the end of the ledger, and print the checkpoint: keep it where this console cannot write.

    \b
    Examples:
      glasshouse audit checkpoint >> /mnt/elsewhere/checkpoints.jsonl
      glasshouse audit checkpoint --new-key
    """  # noqa: D301, E501 - click reads the \b
    from glasshouse.app import ledger as app  # noqa: PLC0415 - it takes a while
    from glasshouse.app.shell import shell  # noqa: PLC0415
    from glasshouse.ledger.checkpoint import written  # noqa: PLC0415

    with opened(config, state, new=False) as (database, _, folder):
        renew = new_key and app.renew_key(database, folder, shell())
        signed = renew or app.sign(database, folder)
    typer.echo(written(signed.checkpoint))
    if signed.unwitnessed is not None:
        raise signed.unwitnessed


def archive(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go.")],
    *,
    before: Annotated[
        str, typer.Option("--before", metavar="TIME", help="Records signed before then.")
    ],
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Also what a place of [ledger] sinks lacks.")
    ] = False,
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """Move old records to a file, up to a checkpoint and with it; that is recorded.

    \b
    Examples:
      glasshouse audit archive /mnt/archive --before 2026-01-01
      glasshouse audit verify --archive /mnt/archive
    """  # noqa: D301 - click reads the \b
    from glasshouse.app.shell import shell  # noqa: PLC0415 - it takes a while
    from glasshouse.app.shipping import receivers_of  # noqa: PLC0415
    from glasshouse.settings.file import read_settings  # noqa: PLC0415
    from glasshouse.storage import archive as archives  # noqa: PLC0415
    from glasshouse.storage import ledger_key, verification  # noqa: PLC0415

    until, keys = _time(before), None
    assert until is not None
    if config is not None:
        settings = read_settings(config, environ=os.environ, state=state)
        keys = [place.key for place in receivers_of(settings)]
    archived = None
    with opened(config, state, new=False) as (database, _, own):
        key = ledger_key.load(own)
        if key is not None:
            verdict, _, kept, _ = verification.verify(database, verification.evidence(own))
            if verdict.fault is not None:
                raise archives.broken(verdict.fault)
            proven = [one for one in kept if one.seq <= verdict.signed]
            archived = archives.archive(
                database, folder, before=until, who=shell(), now=time.time(), proven=proven,
                key=key, keys=keys, anyway=anyway,
            )  # fmt: skip
    if archived is None:
        typer.echo("There is no checkpoint before then: nothing was moved.")
    else:
        typer.echo(f"Records {archived.first} to {archived.last} are in {archived.file} now.")


def _write(form: Form, links: Iterator[Link]) -> None:
    try:
        sys.stdout.buffer.write(form.heading)
        sys.stdout.buffer.writelines(form.line(link, None) for link in links)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has enough; Python would complain once more at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _line(fields: dict[str, Any]) -> str:
    record = fields["record"]
    if "event" not in record:
        return f"{fields['digest'][:16]}…  spoilt: run glasshouse audit verify"
    who = record.get("who", {})
    details = " ".join(f"{name}={value}" for name, value in record.get("detail", {}).items())
    parts = [
        str(record.get("seq")),
        str(record.get("at"))[:19] + "Z",
        record["event"],
        who.get("name") or "-",
        who.get("address") or "-",
        details,
    ]
    # Nothing in a record may steer the terminal.
    return "".join(c if c.isprintable() else "\ufffd" for c in "  ".join(parts).rstrip())


def _wanted(event: str, actor: str, text: str, since: str, until: str) -> RecordFilter:
    from glasshouse.storage.ledger import RecordFilter  # noqa: PLC0415 - it takes a while

    return RecordFilter(event=event, actor=actor, text=text, since=_time(since), until=_time(until))


def _time(text: str) -> float | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except ValueError:
        raise SettingsError(
            f"{text[:60]!r} is no time.", remedy="Write it like 2026-11-27 or 2026-11-27T10:00Z."
        ) from None


def group() -> typer.Typer:
    """Return ``audit`` with its commands."""
    made = typer.Typer(
        no_args_is_help=True, rich_markup_mode=None, help="Read, verify and sign the audit ledger."
    )
    made.command("list")(latest)
    made.command()(verify)
    made.command()(export)
    made.command()(checkpoint)
    made.command()(archive)
    return made

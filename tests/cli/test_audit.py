"""``glasshouse audit``: the ledger is listed, exported, signed, and verified by us and others."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from glasshouse.ledger.chain import digest_of
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger, sinks
from glasshouse.storage.database import Database, sqlite_url
from glasshouse.storage.sinks import SinkPosition
from glasshouse.storage.tables import CHECKPOINT, LEDGER, LEDGER_HEAD

from .command import glasshouse

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


def audit(state: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return glasshouse("audit", *arguments, "--state", str(state))


def filled(state: Path) -> Path:
    """Make a ledger of some records, signed twice; return the file of its last checkpoint."""
    database = Database(sqlite_url(state))
    first = audit(state, "checkpoint")
    assert first.returncode == 0, first.stderr
    for number in range(6):
        who = Subject(name=f"local:ops{number % 2}", address="10.0.0.9")
        record = Record(
            event=Event.SIGNED_IN, at=1_800_000_000.0 + number, who=who, detail={"by": "=1+1 é"}
        )
        database.call(ledger.append, record)
    database.close()
    file = state / "kept.jsonl"
    file.write_text(first.stdout + audit(state, "checkpoint").stdout)
    return file


def test_it_is_listed_and_filtered(tmp_path: Path) -> None:
    filled(tmp_path)
    lines = audit(tmp_path, "list").stdout.splitlines()
    assert len(lines) == 7
    assert lines[0].split()[:5] == [
        "7",
        "2027-01-15T08:00:05Z",
        "session.signed_in",
        "local:ops1",
        "10.0.0.9",
    ]
    told = json.loads(audit(tmp_path, "list", "--json", "--actor", "local:ops0").stdout)
    assert [item["record"]["seq"] for item in told["items"]] == [6, 4, 2]
    since = audit(tmp_path, "list", "--since", "2027-01-15T08:00:04Z", "--until", "2028-01-01")
    assert len(since.stdout.splitlines()) == 2
    assert "no such records" in audit(tmp_path, "list", "--text", "nowhere").stdout
    wrong = audit(tmp_path, "list", "--since", "yesterday")
    assert wrong.returncode == 2
    assert "no time" in wrong.stderr


@pytest.mark.parametrize(
    "arguments",
    ["list", "verify", "export --format csv", "checkpoint", "archive {}/old --before 2026-01-01"],
)
def test_a_folder_without_a_ledger_is_not_called_whole(tmp_path: Path, arguments: str) -> None:
    done = audit(tmp_path / "state", *arguments.format(tmp_path).split())
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"There is no console's database in {tmp_path / 'state'}." in done.stderr
    assert "--state" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_recorded_and_what_it_writes_is_safe(tmp_path: Path) -> None:
    filled(tmp_path)
    rows = list(csv.DictReader(io.StringIO(audit(tmp_path, "export", "--format", "csv").stdout)))
    assert [row["seq"] for row in rows] == [str(n) for n in range(1, 9)]
    assert (rows[-1]["event"], rows[-1]["how"]) == ("ledger.exported", "shell")
    assert json.loads(rows[1]["detail"]) == {"by": "=1+1 é"}
    lines = audit(tmp_path, "export", "--format", "jsonl", "--event", "ledger.*").stdout
    told = [json.loads(line)["record"] for line in lines.splitlines()]
    events = [record["event"] for record in told]
    assert events == ["ledger.key", "ledger.exported", "ledger.exported"]
    assert told[-1]["detail"] == {"format": "jsonl", "event": "ledger.*"}


def test_a_cell_is_no_formula(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    for name in ("=1+1", "@x", "plain"):
        database.call(ledger.append, Record(event=Event.SIGNED_IN, at=0.0, who=Subject(name=name)))
    database.close()
    rows = csv.DictReader(io.StringIO(audit(tmp_path, "export", "--format", "csv").stdout))
    assert [row["name"] for row in rows][:3] == ["'=1+1", "'@x", "plain"]


def test_nothing_in_a_record_steers_the_terminal(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path))
    record = Record(event=Event.SIGNED_IN, at=0.0, who=Subject(name="a\x1b[2Jb\nc"))
    database.call(ledger.append, record)
    database.close()
    out = audit(tmp_path, "list").stdout
    assert "\x1b" not in out
    assert len(out.splitlines()) == 1


def test_another_key_is_named_and_signed_by_the_one_before(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    before = (tmp_path / "ledger.key").read_text()
    made = json.loads(audit(tmp_path, "checkpoint", "--new-key").stdout)
    assert (tmp_path / "ledger.key").read_text() != before
    told = json.loads(audit(tmp_path, "verify", "--json", "--checkpoints", str(kept)).stdout)
    assert told["whole"]
    database = Database(sqlite_url(tmp_path))
    own = [msgspec.json.decode(line) for line in database.call(ledger.checkpoints)]
    database.close()
    assert told["checkpoints"] == len(own) + len(kept.read_text().splitlines())
    # The last record is signed by the old key and by the new one.
    assert len({one["key"] for one in own if one["seq"] == 8}) == 2
    assert {one["seq"] for one in own} == {1, 7, 8}
    assert made["seq"] == told["records"] == 8


def _run(*statements: sa.Executable) -> Callable[[sa.Connection], None]:
    def change(db: sa.Connection) -> None:
        for statement in statements:
            db.execute(statement)

    return change


def _changed(db: sa.Connection) -> None:
    body = db.execute(sa.select(LEDGER.c.body).where(LEDGER.c.seq == 4)).scalar_one()
    body = body.replace(b"local:ops0", b"local:ops9")
    db.execute(sa.update(LEDGER).where(LEDGER.c.seq == 4).values(body=body))


def _resealed(db: sa.Connection) -> None:
    _changed(db)
    body = db.execute(sa.select(LEDGER.c.body).where(LEDGER.c.seq == 4)).scalar_one()
    db.execute(
        sa.update(LEDGER)
        .where(LEDGER.c.seq == 4)
        .values(digest=digest_of(body), actor="local:ops9")
    )


def _swapped(db: sa.Connection) -> None:
    for old, new in ((3, 100), (4, 3), (100, 4)):
        db.execute(sa.update(LEDGER).where(LEDGER.c.seq == old).values(seq=new))


def _inserted(db: sa.Connection) -> None:
    for old in range(7, 3, -1):
        db.execute(sa.update(LEDGER).where(LEDGER.c.seq == old).values(seq=old + 1))
    columns = ("body", "digest", "at", "event", "actor")
    row = db.execute(sa.select(LEDGER).where(LEDGER.c.seq == 3)).one()
    db.execute(sa.insert(LEDGER).values(seq=4, **{name: getattr(row, name) for name in columns}))


def _cut(db: sa.Connection) -> None:
    """Cut the tail, the end that is written beside it, and our own checkpoints of it."""
    digest = db.execute(sa.select(LEDGER.c.digest).where(LEDGER.c.seq == 5)).scalar_one()
    db.execute(sa.delete(LEDGER).where(LEDGER.c.seq > 5))
    db.execute(sa.update(LEDGER_HEAD).values(seq=5, digest=digest))
    db.execute(sa.delete(CHECKPOINT).where(CHECKPOINT.c.seq > 5))


@pytest.mark.parametrize(
    ("harm", "record"),
    [
        pytest.param(_changed, 4, id="a changed byte"),
        pytest.param(_resealed, 5, id="a changed byte, its digest anew"),
        pytest.param(_run(sa.delete(LEDGER).where(LEDGER.c.seq == 4)), 4, id="a removed record"),
        pytest.param(_swapped, 3, id="a swapped pair"),
        pytest.param(_inserted, 4, id="an inserted record"),
        pytest.param(_cut, 6, id="a cut tail"),
    ],
)
def test_harm_is_found_by_us_and_by_a_verifier_that_is_not_ours(
    tmp_path: Path, harm: Callable[[sa.Connection], None], record: int
) -> None:
    kept = filled(tmp_path)
    database = Database(sqlite_url(tmp_path))
    assert audit(tmp_path, "verify", "--checkpoints", str(kept)).returncode == 0
    database.call(harm)
    database.close()
    ours = audit(tmp_path, "verify", "--json", "--checkpoints", str(kept))
    assert ours.returncode == 1, ours.stdout
    assert json.loads(ours.stdout)["record"] == record
    assert (
        f"Broken at record {record}:"
        in audit(tmp_path, "verify", "--checkpoints", str(kept)).stdout
    )
    theirs = _theirs(_written(tmp_path), kept)
    assert theirs.returncode == 1
    assert f"Broken at record {record}:" in theirs.stdout


def test_a_wrong_signature_is_found_by_both(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    assert _theirs(_written(tmp_path), kept).returncode == 0
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    lines[1]["signature"] = lines[0]["signature"]
    kept.write_text("\n".join(map(json.dumps, lines)))
    ours = audit(tmp_path, "verify", "--checkpoints", str(kept))
    theirs = _theirs(_written(tmp_path), kept)
    for said in (ours, theirs):
        assert said.returncode == 1
        assert "Broken at record 7: the signature" in said.stdout


def _written(state: Path) -> Path:
    """Export the ledger as it is, without the record that an export adds."""
    database = Database(sqlite_url(state))
    file = state / "export.jsonl"
    file.write_bytes(
        b"".join(
            b'{"digest":"%b","record":%b}\n' % (link.digest.hex().encode(), link.body)
            for link in ledger.walk(database)
        )
    )
    database.close()
    return file


def _theirs(export: Path, kept: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(VERIFIER), str(export), str(kept)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_export_is_what_the_other_verifier_reads(tmp_path: Path) -> None:
    kept = filled(tmp_path)
    file = tmp_path / "ledger.jsonl"
    file.write_text(audit(tmp_path, "export", "--format", "jsonl").stdout)
    theirs = _theirs(file, kept)
    assert theirs.stdout.startswith("Whole: 8 records, 2 checkpoints.\nNo --key was given"), (
        theirs.stderr
    )


def test_the_other_verifier_shares_nothing_with_us() -> None:
    text = VERIFIER.read_text()
    assert "glasshouse." not in text.replace("glasshouse audit", "")
    assert len(text.splitlines()) <= 125


def filled_and_sent(state: Path) -> None:
    """Make a ledger of which another place has the first five records."""
    filled(state)
    database = Database(sqlite_url(state))
    database.call(sinks.keep, "a" * 64, SinkPosition(seq=5))
    database.close()


def test_what_another_place_lacks_is_not_archived_unasked(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "archive"
    filled_and_sent(state)
    refused = audit(state, "archive", str(folder), "--before", "2099-01-01")
    assert refused.returncode != 0
    assert "up to 5 only" in refused.stderr
    assert not folder.exists()
    assert audit(state, "verify").returncode == 0
    # A place that the settings do not name any more does not count.
    named = tmp_path / "glasshouse.toml"
    text = '[ledger]\nsinks = ["database"{}]\n[[servers]]\nname = "a"\nengine = "x"\n'
    line = ("archive", str(folder), "--before", "2099-01-01", "-c", str(named))
    named.write_text(text.format(', "file:new.jsonl"'))
    assert "up to 0 only" in audit(state, *line).stderr
    named.write_text(text.format(""))
    assert "Records 1 to 7 are in" in audit(state, *line).stdout


def test_what_another_place_lacks_is_archived_when_that_is_asked_for(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "archive"
    filled_and_sent(state)
    moved = audit(state, "archive", str(folder), "--before", "2099-01-01", "--anyway")
    assert "Records 1 to 7 are in" in moved.stdout


def test_old_records_move_to_files_and_the_rest_is_still_verified(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "archive"
    filled(state)
    moved = audit(state, "archive", str(folder), "--before", "2099-01-01")
    assert moved.returncode == 0, moved.stderr
    assert "Records 1 to 7 are in" in moved.stdout
    alone = audit(state, "verify")
    assert alone.returncode == 0, alone.stdout
    assert "Records 1 to 7 are archived and were not looked at" in alone.stdout
    whole = json.loads(audit(state, "verify", "--archive", str(folder), "--json").stdout)
    assert (whole["whole"], whole["records"], "archived" in whole) == (True, 8, False)
    again = audit(state, "archive", str(folder), "--before", "2020-01-01")
    assert "nothing was moved" in again.stdout
    files = sorted(file for file in folder.iterdir() if "checkpoints" not in file.name)
    rest = audit(state, "export", "--format", "jsonl").stdout
    (tmp_path / "whole.jsonl").write_text("".join(map(Path.read_text, files)) + rest)
    verifier = [sys.executable, str(VERIFIER), str(tmp_path / "whole.jsonl")]
    done = subprocess.run(
        [*verifier, str(state / "kept.jsonl")], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("Whole: 9 records, 2 checkpoints.\n")

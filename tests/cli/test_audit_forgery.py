"""Whoever changes the database alone, in whatever way, is found by ``audit verify``."""

from __future__ import annotations

import contextlib
import io
import json
import runpy
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from glasshouse.ledger.export import line
from glasshouse.ledger.record import Event, Record, Subject
from glasshouse.storage import ledger
from glasshouse.storage.database import Database, sqlite_url
from tests.storage.postgres import Postgres, needs_postgres, postgres_server

from .command import glasshouse
from .forgeries import FORGERIES, LAST, LOOSE, NOW, Forgery

VERIFIER = Path(__file__).parents[2] / "docs" / "verify_ledger.py"


class Kept:
    """A console's ledger: its database, and its state folder of which a forger has nothing."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.state, self.config, self.url = folder / "state", folder / "glasshouse.toml", url
        folder.mkdir(exist_ok=True)
        database = "" if url is None else f'database = "{url}"'
        self.config.write_text(
            f'[console]\n{database}\n[[servers]]\nname = "a"\nengine = "{folder}/x"\n'
        )
        self.database = Database(url or sqlite_url(self.state))

    def fill(self) -> None:
        """Write the records, of which some are signed."""
        self.audit("checkpoint")
        for number in range(2, LAST + 1):
            who = Subject(name=f"local:ops{number % 2}", roles=("operator",), address="10.0.0.9")
            detail = {"by": "é", "server": "main", "queue": "mail"}
            record = Record(event=Event.SIGNED_IN, at=NOW + number, who=who, detail=detail)
            self.database.call(ledger.append, record)
            if number in {7, 10}:
                self.audit("checkpoint")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        place = ("-c", str(self.config), "--state", str(self.state))
        return glasshouse("audit", arguments[0], *place, *arguments[1:])

    def audit(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def verify(self, *arguments: str) -> dict[str, object]:
        done = self.run("verify", "--json", *arguments)
        assert done.stdout, done.stderr
        told: dict[str, object] = json.loads(done.stdout)
        assert done.returncode == (0 if told["whole"] else 1)
        return told

    def theirs(self, *checkpoints: Path, keys: Sequence[str] = ()) -> tuple[int, str]:
        """Ask the other verifier; return how it ends and what it says."""
        export = self.state / "export.jsonl"
        export.write_bytes(b"".join(map(line, ledger.walk(self.database))))
        said = io.StringIO()
        verifier = runpy.run_path(str(VERIFIER))
        with contextlib.redirect_stdout(said):
            try:
                verifier["main"](str(export), list(map(str, checkpoints)), list(keys))
            except SystemExit as end:
                return int(str(end.code)), said.getvalue()
        return 0, said.getvalue()

    @property
    def witness(self) -> Path:
        return self.state / "ledger.witness"

    @property
    def keys(self) -> str:
        return str(self.state / "ledger.keys")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A ledger of each kind, made once."""
    url = None
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.another()
    made = Kept(tmp_path_factory.mktemp("original"), url)
    made.fill()
    made.database.close()
    return made


@pytest.fixture
def kept(original: Kept, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Kept]:
    """A copy of it, to be changed."""
    shutil.copytree(original.state, tmp_path / "state")
    url = original.url
    if url is not None:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.another(copy_of=url)
    made = Kept(tmp_path, url)
    yield made
    made.database.close()


def test_what_nobody_changed_is_whole_and_says_what_is_not_signed_yet(kept: Kept) -> None:
    told = kept.verify()
    assert (told["whole"], told["signed"], told["unsigned"]) == (True, 10, 1)
    assert told["other_keys"] == []
    assert told["witness"] == {
        "begins": 1, "ends": 10, "checkpoints": 4, "again": False, "damaged": 0,
    }  # fmt: skip
    said = kept.audit("verify")
    assert "bears out the last 1 records yet" in said
    code, theirs = kept.theirs(kept.witness, keys=[kept.keys])
    assert code == 0
    assert "Whole: 11 records, 4 checkpoints." in theirs
    assert "bear out records 1 to 10, and not 1 behind" in theirs


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_a_database_that_was_changed_is_found(kept: Kept, forgery: Forgery) -> None:
    kept.database.call(forgery.forge)
    told = kept.verify()
    assert not told["whole"]
    assert told["record"] == forgery.record, told
    if forgery.bodies:
        code, said = kept.theirs(kept.witness, keys=[kept.keys])
        assert (code, said[: said.find(":")]) == (1, f"Broken at record {forgery.record}")


@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
@pytest.mark.parametrize("forgery", LOOSE, ids=lambda forgery: forgery.name)
def test_a_value_of_another_kind_is_found(kept: Kept, forgery: Forgery) -> None:
    kept.database.call(forgery.forge)
    told = kept.verify()
    assert not told["whole"]
    assert told["record"] == forgery.record, told


@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_keys_are_given_in_hex_or_in_files(kept: Kept) -> None:
    copy = kept.state.with_name("copy")
    copy.mkdir()
    shutil.copy(kept.state / "console.db", copy)
    key = Path(kept.keys).read_text().strip()
    keyless = kept.run("verify", "--state", str(copy))
    assert keyless.returncode == 2
    assert f"There is no key in {copy}" in keyless.stderr
    assert "--key" in keyless.stderr
    for given in (key, key.upper(), kept.keys):
        told = kept.verify("--state", str(copy), "--key", given)
        assert (told["whole"], told["signed"], told["witness"]) == (True, 10, None)
    foreign = kept.verify("--state", str(copy), "--key", "66" * 32)
    assert (foreign["whole"], foreign["record"]) == (False, 1)
    wrong = kept.run("verify", "--key", "abc")
    assert wrong.returncode == 2
    assert "'abc' is no public key" in wrong.stderr
    # The witness, kept elsewhere, is a file of checkpoints like any other.
    kept.database.call(FORGERIES[0].forge)
    kept.database.close()
    shutil.copy(kept.state / "console.db", copy)
    told = kept.verify("--state", str(copy), "--key", key, "--checkpoints", str(kept.witness))
    assert (told["whole"], told["record"]) == (False, 7)


@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_what_was_lost_of_a_witness_is_said(kept: Kept) -> None:
    assert "The witness begins at record 1, and has 4 checkpoints, the last of record 10." in (
        kept.audit("verify")
    )
    kept.witness.write_bytes(kept.witness.read_bytes()[:-20])
    assert "1 lines of the witness are damaged" in kept.audit("verify")
    _, theirs = kept.theirs(kept.witness, keys=[kept.keys])
    assert "1 lines of checkpoints cannot be read" in theirs
    kept.witness.unlink()
    assert "ledger.witness was lost" in kept.audit("verify")
    assert kept.verify()["witness"] == {"lost": True}
    kept.audit("checkpoint")
    assert "at record 11, when the one before it had been lost" in kept.audit("verify")
    Path(kept.keys).unlink()
    kept.witness.unlink()
    assert "is begun when the console starts" in kept.audit("verify")


@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_the_other_verifier_follows_keys_and_says_what_it_knows(kept: Kept) -> None:
    (first,) = Path(kept.keys).read_text().split()
    kept.audit("checkpoint", "--new-key")
    code, said = kept.theirs(kept.witness, keys=[first])
    assert code == 0
    assert "bear out records 1 to 12, and not 0 behind" in said
    code, said = kept.theirs(kept.witness, keys=["66" * 32])
    assert (code, said.startswith("Broken at record 1: no record names a key")) == (1, True)
    code, said = kept.theirs(kept.witness)
    assert (code, "No --key was given" in said) == (0, True)


@pytest.mark.parametrize("original", ["sqlite"], indirect=True)
def test_a_changed_ledger_is_neither_signed_nor_moved(kept: Kept, tmp_path: Path) -> None:
    kept.database.call(FORGERIES[0].forge)
    signed = kept.run("checkpoint")
    assert (signed.returncode, signed.stdout) == (1, "")
    assert "Run glasshouse audit verify" in kept.run("checkpoint").stderr
    moved = kept.run("archive", str(tmp_path / "archive"), "--before", "2099-01-01")
    assert moved.returncode == 1
    assert "broken at record 7" in moved.stderr
    assert not (tmp_path / "archive").exists()

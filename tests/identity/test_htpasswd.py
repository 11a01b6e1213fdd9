"""Password files: Apache's own in each format, nginx over the same file, and hostile ones."""

from __future__ import annotations

import base64
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import bcrypt
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib.handlers import sha2_crypt
from passlib.hash import apr_md5_crypt, sha512_crypt

from glasshouse.identity.htpasswd import MOST_COST, MOST_ROUNDS, HtpasswdFile, parse
from tests.nginx import needs_nginx, nginx
from tests.steady import LONG

HTPASSWD = shutil.which("htpasswd")
needs_htpasswd = pytest.mark.skipif(
    HTPASSWD is None, reason="htpasswd is not installed: make test installs it as root"
)
TAKEN = {
    "bcrypt": ("-B", "-C", "5"),
    "apr1": ("-m",),
    "sha1": ("-s",),
    "sha256": ("-2",),
    "sha512": ("-5",),
}
REFUSED = {"crypt": ("-d",), "plain": ("-p",)}
WORD = "pässw0rd: *"
SHA1 = (
    "{SHA}" + base64.b64encode(bytes.fromhex("a94a8fe5ccb19ba61c4c0873d391e987982fbbd3")).decode()
)


def line(name: str, flags: tuple[str, ...], password: str = WORD) -> str:
    """Return a line as Apache's own command writes it."""
    assert HTPASSWD is not None
    command = [HTPASSWD, "-n", "-b", *flags, name, password]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip() + "\n"


@needs_htpasswd
@pytest.mark.parametrize("form", TAKEN)
def test_a_line_of_apaches_own_command_signs_in(form: str) -> None:
    file = parse(line("ops", TAKEN[form]).encode())
    assert file.names["ops"].form == form
    assert file.has("ops")
    assert file.verify("ops", WORD)
    for wrong in ("", WORD[:-1], WORD + "x", WORD.upper(), "ops"):
        assert not file.verify("ops", wrong)
    assert not file.verify("other", WORD)
    assert bool(file.problems()) == (form == "sha1")


@needs_htpasswd
@pytest.mark.parametrize("form", REFUSED)
def test_a_line_in_a_form_that_is_not_safe_is_refused(form: str) -> None:
    text = line("ops", REFUSED[form], "short1")
    file = parse(text.encode())
    assert not file.has("ops")
    assert not file.verify("ops", "short1")
    assert not file.verify("ops", text.strip().partition(":")[2])
    (problem,) = file.problems()
    assert "ops" in problem
    assert text.strip().partition(":")[2] not in problem


@needs_htpasswd
@needs_nginx
async def test_nginx_takes_the_same_file(tmp_path: Path) -> None:
    lines = [line(form, flags, "secret1") for form, flags in TAKEN.items()]
    path = tmp_path / "htpasswd"
    path.write_text("# people\n\n" + "".join(lines))
    file = parse(path.read_bytes())
    block = f"""
    location / {{
      auth_basic "people";
      auth_basic_user_file {path};
      return 200;
    }}
    location /file {{ auth_basic "people"; auth_basic_user_file {path}; alias {tmp_path}/x; }}"""
    (tmp_path / "x").write_text("seen")
    async with (
        nginx(tmp_path / "nginx", block) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LONG) as client,
    ):
        for form in TAKEN:
            for password, known in (("secret1", True), ("secret2", False)):
                answer = await client.get("/file", auth=(form, password))
                assert (answer.status_code == 200) is known, (form, answer.status_code)
                assert file.verify(form, password) is known, form
        assert (await client.get("/file", auth=("nobody", "secret1"))).status_code == 401


def test_the_first_line_of_a_name_counts_and_remarks_do_not() -> None:
    hashes = [apr_md5_crypt.hash(word) for word in ("one", "two")]
    text = f"# ops:{hashes[1]}\n\nops:{hashes[0]}:a remark: more\r\nops:{hashes[1]}\nnoline\n:x\n"
    file = parse(text.encode())
    assert list(file.names) == ["ops"]
    assert file.verify("ops", "one")
    assert not file.verify("ops", "two")


@pytest.mark.parametrize(
    "stored",
    [
        *("", "plain", "*", "!", "x", "{PLAIN}plain", "{SSHA}" + "A" * 32, "$1$ab$" + "c" * 22),
        *("$argon2id$v=19$m=8,t=1,p=1$YWJjZGVmZ2g$AAAA", "$2y$05$short", "$apr1$x", "{SHA}"),
        f"$2b${MOST_COST + 1}$" + "a" * 53,
        "$2b$03$" + "a" * 53,
        f"$6$rounds={MOST_ROUNDS + 1}$salt$" + "a" * 86,
        "$6$rounds=999$salt$" + "a" * 86,
        "$5$rounds=999999999$salt$" + "a" * 43,
    ],
)
def test_what_is_no_hash_that_is_taken_fits_no_password(stored: str) -> None:
    file = parse(f"ops:{stored}\n".encode())
    assert not file.has("ops")
    for word in (stored, "plain", ""):
        assert not file.verify("ops", word)
    assert file.problems()


@pytest.mark.parametrize(
    "word", ["\0", "a\0b", "x" * 73, "x" * 5000, "\ud800", "", "é" * 40, "\n", ":"]
)
@pytest.mark.parametrize(
    "stored",
    [
        bcrypt.hashpw(b"word", bcrypt.gensalt(4)).decode(),
        apr_md5_crypt.hash("word"),
        sha512_crypt.using(rounds=1000).hash("word"),
        SHA1,
    ],
    ids=["bcrypt", "apr1", "sha512", "sha1"],
)
def test_odd_passwords_are_wrong_and_nothing_else(stored: str, word: str) -> None:
    assert not parse(f"ops:{stored}\n".encode()).verify("ops", word)


def test_a_long_password_is_never_cut() -> None:
    long = "x" * 72
    stored = bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode()
    file = parse(f"ops:{stored}\n".encode())
    assert file.verify("ops", long)
    assert not file.verify("ops", long + "y")


def test_a_stamp_changes_with_the_line() -> None:
    one, two = (parse(f"ops:{apr_md5_crypt.hash(word)}\n".encode()) for word in ("a", "b"))
    assert one.stamp("ops") != two.stamp("ops")
    assert one.stamp("ops")
    assert one.stamp("other") == b""


@given(st.binary(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_bytes_are_a_file_and_let_nobody_in(text: bytes, name: str, password: str) -> None:
    file = parse(text)
    file.problems()
    assert not file.verify(name, password)


def test_an_unknown_name_is_compared_with_a_hash_of_the_usual_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from glasshouse.identity import htpasswd  # noqa: PLC0415

    asked: list[str] = []
    real = htpasswd._VERIFIERS["apr1"]

    def counted(stored: str, password: bytes) -> bool:
        asked.append(stored)
        return real(stored, password)

    monkeypatch.setitem(htpasswd._VERIFIERS, "apr1", counted)
    file = parse(f"a:{apr_md5_crypt.hash('x')}\nb:{apr_md5_crypt.hash('y')}\n".encode())
    assert not file.verify("nobody", "x")
    assert not file.verify("a", "\0")
    assert len(asked) == 2


MIXED = {
    "sha1": SHA1,
    "apr1": apr_md5_crypt.hash("x"),
    "quick": bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode(),
    "slow": bcrypt.hashpw(b"x", bcrypt.gensalt(9)).decode(),
    "few": sha512_crypt.using(rounds=1000).hash("x"),
    "usual": sha512_crypt.using(rounds=5000).hash("x"),
    "many": sha512_crypt.using(rounds=40_000).hash("x"),
}
LEFT_OUT = pytest.mark.parametrize(
    "left_out", [(), ("slow", "quick"), ("many", "few", "usual"), ("usual",)]
)


def mixed(left_out: tuple[str, ...]) -> HtpasswdFile:
    """Return a file of which most lines are quick to compare, and some slow."""
    lines = [f"{name}:{stored}" for name, stored in MIXED.items() if name not in left_out]
    lines += [f"more{number}:{MIXED['apr1']}" for number in range(9)]
    lines += ["refused:{PLAIN}x", "weak:$1$ab$" + "c" * 22]
    return parse("\n".join(lines).encode())


@LEFT_OUT
def test_every_name_of_a_mixed_file_and_no_name_of_it_cost_the_same(
    left_out: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work is counted: rounds of each kind, whoever asks."""
    file, done = mixed(left_out), Counter[str]()
    compare, make, raw = bcrypt.checkpw, bcrypt.hashpw, sha2_crypt._raw_sha2_crypt

    def checkpw(password: bytes, stored: bytes) -> bool:
        done["bcrypt"] += 2 ** int(stored[4:6])
        return compare(password, stored)

    def hashpw(password: bytes, salt: bytes) -> bytes:
        done["bcrypt"] += 2 ** int(salt[4:6])
        return make(password, salt)

    def sha2(password: bytes, salt: str, rounds: int, use_512: bool = False) -> str:
        done["sha2"] += rounds
        return str(raw(password, salt, rounds, use_512))

    monkeypatch.setattr(bcrypt, "checkpw", checkpw)
    monkeypatch.setattr(bcrypt, "hashpw", hashpw)
    monkeypatch.setattr(sha2_crypt, "_raw_sha2_crypt", sha2)
    told = {}
    for name in [*file.names, "nobody", ""]:
        for password in ("wrong", "x", "", "x" * 100, "x" * 2000, "\0"):
            done.clear()
            right = file.verify(name, password)
            assert right is (password == "x" and file.has(name) and name != "sha1")
            told[name, password] = dict(done)
    for password in ("wrong", "x", "", "x" * 100, "x" * 2000, "\0"):
        assert len({tuple(told[name, password].items()) for name in file.names}) == 1
        assert told["nobody", password] == told["apr1", password] == told["", password]


@LEFT_OUT
def test_who_measures_the_time_learns_nothing_of_names(left_out: tuple[str, ...]) -> None:
    file = mixed(left_out)
    took: dict[str, list[float]] = {name: [] for name in [*file.names, "nobody"]}
    for _ in range(5):
        for name, times in took.items():
            began = time.thread_time()
            file.verify(name, "wrong")
            times.append(time.thread_time() - began)
    best = {name: min(times) for name, times in took.items()}
    # A busy machine makes some slower; a hash of another form took thirty times as long and more.
    assert max(best.values()) < 3 * min(best.values()), best

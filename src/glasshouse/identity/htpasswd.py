"""Apache's password files, as nginx's ``auth_basic`` reads them: pure.

A line is ``NAME:HASH``; whatever follows another colon is a comment. The first line for
a name counts. A hash of a form that is not listed here is never compared, and above all
never taken for a plain-text password.

==================  ===================================================================
``$2y$`` and kin    bcrypt, with a cost of at most 14
``$apr1$``          Apache's MD5
``$5$``, ``$6$``    SHA-256-crypt and SHA-512-crypt, with at most a million rounds
``{SHA}``           SHA-1 without salt: accepted, with a warning
==================  ===================================================================

A comparison costs the same for every name, in the file or not: as much as the slowest
hash of each form in the file. Measuring the time reveals nothing about names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

import bcrypt
import msgspec
from passlib.hash import apr_md5_crypt, ldap_sha1, sha256_crypt, sha512_crypt

MOST_PASSWORD = 1024
MOST_ROUNDS = 1_000_000
MOST_COST = 14
_BCRYPT_BYTES = 72
_CRYPT_ROUNDS = 5000
_LEAST_ROUNDS = 1000
_CRYPT = r"(?:rounds=([0-9]{1,9})\$)?[./A-Za-z0-9]{0,16}\$"
# How each form is written, with its cost, and which costs are accepted.
_FORMS: Mapping[str, tuple[re.Pattern[str], int, int]] = {
    "bcrypt": (re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}"), 4, MOST_COST),
    "sha256": (re.compile(rf"\$5\${_CRYPT}[./A-Za-z0-9]{{43}}"), 1000, MOST_ROUNDS),
    "sha512": (re.compile(rf"\$6\${_CRYPT}[./A-Za-z0-9]{{86}}"), 1000, MOST_ROUNDS),
    "apr1": (re.compile(r"\$apr1\$()[./A-Za-z0-9]{0,8}\$[./A-Za-z0-9]{22}"), 0, 0),
    "sha1": (re.compile(r"\{SHA\}()[A-Za-z0-9+/]{27}="), 0, 0),
}


class Entry(msgspec.Struct, frozen=True):
    """A name's hash and its form; ``form`` is empty if the hash is refused."""

    name: str
    hash: str
    form: str
    problem: str = ""
    cost: int = 0


class HtpasswdFile(msgspec.Struct, frozen=True):
    """The entries of a file by name, and the slowest entry of each form in it."""

    names: Mapping[str, Entry]
    slowest: Mapping[str, Entry]

    def has(self, name: str) -> bool:
        """Return whether the file has this name, with a hash that can be compared."""
        entry = self.names.get(name)
        return entry is not None and bool(entry.form)

    def verify(self, name: str, password: str) -> bool:
        """Return whether this is the password of that name. Never raises.

        It costs the same for every name: one comparison per form in the file, each as
        slow as the slowest of its form.
        """
        encoded = password.encode("utf-8", "surrogatepass")
        if len(encoded) > MOST_PASSWORD or b"\0" in encoded:
            encoded, known = b"", False
        else:
            known = self.has(name)
        entry = self.names[name] if known else None
        right = False
        for form, slowest in self.slowest.items():
            own = entry if entry is not None and entry.form == form else slowest
            matched = _VERIFIERS[form](own.hash, encoded)
            if own.cost != slowest.cost:
                _PADDERS[form](encoded, own.cost, slowest.cost)
            if own is entry:
                right = matched
        return right

    def stamp(self, name: str) -> bytes:
        """Return a value that changes when the name's line does; empty for an unknown name."""
        entry = self.names.get(name)
        return b"" if entry is None else hashlib.sha256(entry.hash.encode()).digest()

    def problems(self) -> tuple[str, ...]:
        """Return errors and weaknesses of lines, without their hashes."""
        return tuple(
            f"{entry.name[:80]}: {entry.problem}" for entry in self.names.values() if entry.problem
        )


def parse(text: bytes) -> HtpasswdFile:
    """Return the entries of a file; malformed lines are skipped."""
    names: dict[str, Entry] = {}
    for raw in text.decode("utf-8", "replace").split("\n"):
        line = raw.strip("\r")
        name, colon, rest = line.partition(":")
        if not colon or not name or name.lstrip().startswith("#") or name in names:
            continue
        names[name] = _entry(name, rest.partition(":")[0].strip())
    slowest: dict[str, Entry] = {}
    for entry in names.values():
        if entry.form and (entry.form not in slowest or slowest[entry.form].cost < entry.cost):
            slowest[entry.form] = entry
    return HtpasswdFile(names, slowest)


def _entry(name: str, stored: str) -> Entry:
    for form, (pattern, least, most) in _FORMS.items():
        matched = pattern.fullmatch(stored)
        if matched is None:
            continue
        cost = int(matched[1] or (_CRYPT_ROUNDS if most == MOST_ROUNDS else least))
        if not least <= cost <= most:
            return Entry(name, "", "", f"{form} of a cost above {most} is refused")
        weak = "SHA-1 without salt is weak: use htpasswd -B" if form == "sha1" else ""
        return Entry(name, stored, form, weak, cost)
    return Entry(name, "", "", "its hash is of a form that is not taken: use htpasswd -B")


def _bcrypt(stored: str, password: bytes) -> bool:
    # bcrypt reads 72 bytes. Its own programs cut there; longer passwords were never intended.
    if len(password) > _BCRYPT_BYTES:
        return False
    return bcrypt.checkpw(password, stored.encode("ascii"))


def _pad_bcrypt(password: bytes, done: int, most: int) -> None:
    """Do the work by which a cost of ``most`` exceeds one of ``done``: 2**most - 2**done."""
    if len(password) > _BCRYPT_BYTES:
        return  # which was not compared either
    for cost in range(done, most):
        bcrypt.hashpw(password, b"$2b$%02d$" % cost + b"." * 22)


def _pad_with(handler: Any) -> Callable[[bytes, int, int], None]:
    def pad(password: bytes, done: int, most: int) -> None:
        # There is a minimum of a thousand rounds: a small difference costs that many.
        handler.using(rounds=max(most - done, _LEAST_ROUNDS), salt="." * 16).hash(password)

    return pad


def _by(handler: Callable[[bytes, str], bool]) -> Callable[[str, bytes], bool]:
    def verify(stored: str, password: bytes) -> bool:
        try:
            return bool(handler(password, stored))
        except (ValueError, TypeError):
            return False

    return verify


_VERIFIERS: Mapping[str, Callable[[str, bytes], bool]] = {
    "bcrypt": _bcrypt,
    "apr1": _by(apr_md5_crypt.verify),
    "sha256": _by(sha256_crypt.verify),
    "sha512": _by(sha512_crypt.verify),
    "sha1": _by(ldap_sha1.verify),
}
_PADDERS: Mapping[str, Callable[[bytes, int, int], None]] = {
    "bcrypt": _pad_bcrypt,
    "sha256": _pad_with(sha256_crypt),
    "sha512": _pad_with(sha512_crypt),
}

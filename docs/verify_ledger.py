"""Verify an export of a Glasshouse ledger, without Glasshouse.

    glasshouse audit export --format jsonl > ledger.jsonl
    python verify_ledger.py ledger.jsonl [--key KEY]... [checkpoints.jsonl]...

Files of checkpoints are what was kept of them elsewhere, and the witness of the console:
ledger.witness in its state folder. KEY is a public key that you trust, in hex, or a file of
such keys: ledger.keys in the state folder. Without one you learn that the records fit together
and to the checkpoints, but not whose these are.

Python 3.9 or later; for checkpoints the package "cryptography". Exit 1 at the first fault.
"""

import argparse
import collections
import hashlib
import json
import sys
from pathlib import Path


def fail(seq, what):
    print(f"Broken at record {seq}: {what}.")
    sys.exit(1)


def read_keys(given):
    for text in given:
        lines = Path(text).read_text().splitlines() if Path(text).exists() else [text]
        yield from (line.split()[0].lower() for line in lines if line.strip() and line[0] != "#")


def read_checkpoints(paths):
    found, damaged = [], 0
    for path in paths:
        for line in filter(None, Path(path).read_bytes().splitlines()):
            try:
                told = json.loads(line)
                # The first line of a witness says of which ledger it is.
                if "witness" not in told:
                    found.append({name: told[name] for name in FIELDS})
            except (ValueError, TypeError, KeyError):
                damaged += 1
    if damaged:
        print(f"{damaged} lines of checkpoints cannot be read, and say nothing.")
    return found


def look_at(checkpoint, digest, ledger, keys):
    if checkpoint["ledger"] != ledger or checkpoint["key"] not in keys:
        fail(checkpoint["seq"], "a checkpoint of it is of another ledger or key")
    if not is_signed(checkpoint):
        fail(checkpoint["seq"], "the signature of a checkpoint of it is wrong")
    if checkpoint["digest"] != digest:
        fail(checkpoint["seq"], "a checkpoint of it has another digest")


def is_signed(checkpoint):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    said = {name: value for name, value in checkpoint.items() if name != "signature"}
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint["key"]))
        key.verify(
            bytes.fromhex(checkpoint["signature"]), b"glasshouse checkpoint 1\n" + text.encode()
        )
    except (ValueError, InvalidSignature):
        return False
    return True


FIELDS = ("ledger", "seq", "digest", "at", "key", "signature")


def main(export, checkpoints, given):
    signed, trusted = read_checkpoints(checkpoints), set(read_keys(given))
    roots, of = set(trusted), collections.defaultdict(list)
    for checkpoint in signed:
        of[checkpoint["seq"]].append(checkpoint)
    seq, prev, ledger, keys, seen, borne = 0, None, None, set(), 0, 0
    with open(export, "rb") as lines:
        for line in lines:
            # {"digest":"<64 hex digits>","record":<record>}, the record as it was hashed.
            digest, body = line[11:75].decode("ascii", "replace"), line[86:-2]
            seq += 1
            if hashlib.sha256(b"glasshouse ledger 1\n" + body).hexdigest() != digest:
                fail(seq, "its digest is another: it was changed")
            record = json.loads(body)
            if record["seq"] != seq:
                fail(seq, f"record {record['seq']} stands here")
            if prev is not None and record["prev"] != prev:
                fail(seq, "it does not follow the record before it")
            ledger, prev = ledger or record["prev"], digest
            detail = record.get("detail", {}) if record["event"] == "ledger.key" else {}
            keys.update(filter(None, [detail.get("key")]))
            for checkpoint in of[seq]:
                look_at(checkpoint, digest, ledger, keys)
            seen, signers = seen + len(of[seq]), {checkpoint["key"] for checkpoint in of[seq]}
            # A trusted key signs the record that names its successor, and so does that one.
            if detail.get("before") in trusted & signers and detail["key"] in signers:
                trusted.add(detail["key"])
            borne = seq if trusted & signers else borne
    if seen != len(signed):
        fail(seq + 1, "a checkpoint names a record that is not there")
    if given and not roots & keys:
        fail(1, "no record names a key that you trust: it was written anew")
    print(f"Whole: {seq} records, {seen} checkpoints.")
    if given:
        print(f"Keys that you trust bear out records 1 to {borne}, and not {seq - borne} behind.")
    else:
        print("No --key was given: whoever writes to the database can have made all of it.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("export")
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--key", action="append", default=[])
    options = parser.parse_intermixed_args()
    main(options.export, options.checkpoints, options.key)

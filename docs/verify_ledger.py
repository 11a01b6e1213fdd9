"""Verify an export of a Glasshouse ledger, without Glasshouse.

    glasshouse audit export --format jsonl > ledger.jsonl
    python verify_ledger.py ledger.jsonl [checkpoints.jsonl]

Python 3.9 or later; for checkpoints the package "cryptography". Exit 1 at the first fault.
"""

import hashlib
import json
import sys


def fail(seq, what):
    print(f"Broken at record {seq}: {what}.")
    sys.exit(1)


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


def main(export, checkpoints=None):
    signed = [json.loads(line) for line in open(checkpoints)] if checkpoints else []
    seq, prev, ledger, keys, seen = 0, None, None, set(), 0
    for line in open(export, "rb"):
        # A line is {"digest":"<64 hex digits>","record":<record>}, the record as it was hashed.
        digest, body = line[11:75].decode("ascii", "replace"), line[86:-2]
        seq += 1
        if hashlib.sha256(b"glasshouse ledger 1\n" + body).hexdigest() != digest:
            fail(seq, "its digest is another: it was changed")
        record = json.loads(body)
        if record["seq"] != seq:
            fail(seq, f"record {record['seq']} stands here")
        if prev is not None and record["prev"] != prev:
            fail(seq, "it does not follow the record before it")
        ledger = ledger or record["prev"]
        if record["event"] == "ledger.key":
            keys.add(record["detail"]["key"])
        prev = digest
        for checkpoint in (c for c in signed if c["seq"] == seq):
            if checkpoint["ledger"] != ledger or checkpoint["key"] not in keys:
                fail(seq, "a checkpoint of it is of another ledger or key")
            if not is_signed(checkpoint):
                fail(seq, "the signature of a checkpoint of it is wrong")
            if checkpoint["digest"] != digest:
                fail(seq, "a checkpoint of it has another digest")
            seen += 1
    if seen != len(signed):
        fail(seq + 1, "a checkpoint names a record that is not there")
    print(f"Whole: {seq} records, {seen} checkpoints.")


main(*sys.argv[1:])

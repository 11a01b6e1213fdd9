#!/usr/bin/env bash
# joserfc 1.8.0: a set of keys in which one key is of a kind that it does not know.
#
# One would guess: RFC 7517 §5 holds, by which a key that is not understood is passed over and the others
# are used.
# Seen: it holds for a `kty` that is not known, and for nothing else. A curve that is not known raises a bare
# `KeyError` for the whole set, and a `use` other than `sig` and `enc` (§4.2 allows others) refuses
# it too, with the key that signed the token in it.
#
# A provider that adds one such key to what it publishes signs nobody in any more, where the set is read as
# one. Glasshouse reads the keys one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check joserfc==1.8.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jws
from joserfc.errors import KeyParameterError
from joserfc.jwk import ECKey, KeySet

signs = ECKey.generate_key("P-256", {"kid": "ours", "use": "sig", "alg": "ES256"})
token = jws.serialize_compact({"alg": "ES256", "kid": "ours"}, b"claims", signs)
public = signs.as_dict(private=False)
point = ec.generate_private_key(ec.BrainpoolP256R1()).public_key().public_numbers()
brainpool = {
    "kty": "EC",
    "kid": "b",
    "crv": "brainpoolP256r1",
    "x": urlsafe_b64encode(point.x.to_bytes(32)).decode().rstrip("="),
    "y": urlsafe_b64encode(point.y.to_bytes(32)).decode().rstrip("="),
}


def outcome(other: dict[str, object]) -> object:
    try:
        keys = KeySet.import_key_set({"keys": [public, other]})
        return jws.deserialize_compact(token, keys).payload
    except (KeyError, KeyParameterError) as error:
        return type(error)


for other, expected in (
    ({"kty": "AKP", "kid": "b", "alg": "ML-DSA-44", "pub": "AAAA"}, b"claims"),
    (brainpool, KeyError),
    ({**public, "kid": "b", "use": "attest"}, KeyParameterError),
):
    seen = outcome(other)
    print({name: other.get(name) for name in ("kty", "crv", "use")}, "->", seen)
    assert seen == expected
PY

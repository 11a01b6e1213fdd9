#!/usr/bin/env bash
# joserfc 1.8.0: a token with a header parameter that no standard registers.
#
# One would guess: RFC 7515 §4 holds: parameters that are not understood are ignored, unless `crit` names
# them. Other libraries (PyJWT is one) read such a token.
# Seen: `jws` and `jwt` refuse the token with UnsupportedHeaderError, although its signature is right. One has
# to hand in a registry of one's own with `strict_check_header=False`.
#
# Providers do write parameters of their own into headers, and may begin to at any time: from then on nobody
# signs in, and the reason looks like a bad signature to who catches joserfc's errors as one. Glasshouse hands
# such a registry in.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check joserfc==1.8.0 pyjwt==2.10.1
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import jwt as pyjwt
from joserfc import jws, jwt
from joserfc.errors import UnsupportedHeaderError
from joserfc.jwk import OctKey
from joserfc.jws import JWSRegistry

secret = b"0123456789abcdef0123456789abcdef"
token = pyjwt.encode({"sub": "ada"}, secret, algorithm="HS256", headers={"tenant": "north"})
key = OctKey.import_key(secret)

print("PyJWT:", pyjwt.decode(token, secret, algorithms=["HS256"]))
for name, read in (
    ("jws", lambda: jws.deserialize_compact(token, key)),
    ("jwt", lambda: jwt.decode(token, key)),
):
    try:
        read()
    except UnsupportedHeaderError as error:
        print("joserfc", name + ":", error)
    else:
        raise AssertionError("it is read now")

lenient = JWSRegistry(strict_check_header=False)
payload = jws.deserialize_compact(token, key, registry=lenient).payload
print("joserfc with a registry of one's own:", payload)
assert payload == b'{"sub":"ada"}'
PY

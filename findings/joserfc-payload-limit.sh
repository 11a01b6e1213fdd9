#!/usr/bin/env bash
# joserfc 1.2.2, 1.6.4, 1.6.5 and 1.8.0: how much a signed token may hold.
#
# One would guess: JOSE sets no bound; where a library does, it counts bytes of the payload, as its error
# says, and the bound does not move in a patch release.
# Seen: 1.2.2 has none. In 1.6.4 "Payload size exceeds 8000 bytes" already meets a payload of 6,001: what is
# counted is its base64url text, a third longer. 1.6.5, one patch later, takes 96,000 by the same counting,
# and 1.8.0 little more.
#
# An ID token with a few hundred groups is longer than 6,000 bytes: with 1.6.4 who belongs to many could not
# sign in, and everybody else could. Glasshouse requires 1.7.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > limit.py <<'PY'
import sys
from importlib.metadata import version

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

key = OctKey.generate_key(256)


def taken(size: int) -> bool:
    token = jws.serialize_compact({"alg": "HS256"}, b"x" * size, key)
    try:
        jws.deserialize_compact(token, key)
    except JoseError as error:
        print("   refused:", size, "-", str(error)[-40:])
        return False
    print("   taken:", size)
    return True


print("joserfc", version("joserfc"))
for size, expected in zip((6_000, 6_001, 96_000, 98_000), sys.argv[1], strict=True):
    assert taken(size) is (expected == "+"), size
PY
for release in 1.2.2=++++ 1.6.4=+--- 1.6.5=+++- 1.8.0=+++-; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "joserfc==${release%%=*}"
  "$folder/venv/bin/python" limit.py "${release#*=}"
done

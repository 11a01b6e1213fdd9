#!/usr/bin/env bash
# pyotp 2.3.0, 2.11.2 and 2.12.1: a stored secret of 16 letters.
#
# One would guess: within 2.x a stored secret keeps giving its codes, one that pyotp made itself at least.
# Seen: for years `random_base32()` gave 16 letters, 80 bits. 2.12 refuses them already when a TOTP is made
# ("Secrets must be at least 112 bits"): what it made then is no secret any more.
#
# After the update nobody who enrolled long ago gets in with an authenticator app, while all who enrolled
# later do, tests with fresh secrets included. A subclass with `min_secret_length_bits = 80` takes both.
# Glasshouse's secrets have had 160 bits from the start.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > codes.py <<'PY'
import sys
from importlib.metadata import version
from pathlib import Path

import pyotp

stored = Path("secret")
if not stored.exists():
    stored.write_text(pyotp.random_base32())
secret = stored.read_text()
try:
    outcome = pyotp.TOTP(secret).at(1_000_000_000)
except ValueError as error:
    outcome = error
print("pyotp", version("pyotp"), "- a secret of", len(secret), "letters:", outcome)
assert len(secret) == 16
assert isinstance(outcome, ValueError) is (sys.argv[1] == "refused")

if sys.argv[1] == "refused":

    class Lenient(pyotp.TOTP):
        min_secret_length_bits = 80

    print("with a bound of one's own:", Lenient(secret).at(1_000_000_000))
PY
for release in 2.3.0=taken 2.11.2=taken 2.12.1=refused; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "pyotp==${release%%=*}"
  "$folder/venv/bin/python" codes.py "${release#*=}"
done

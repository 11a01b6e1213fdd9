#!/usr/bin/env bash
# msgspec 0.22.0: a time with nanoseconds, as Faktory writes it.
#
# One would guess: what Python's datetime cannot hold is cut off, as `datetime.fromisoformat` and pydantic
# do, so that all read one moment from one text, and never a later one than was written.
# Seen: msgspec rounds. The last half microsecond of a day is read as the next day, of a year as the next
# year, and the last of all times that a datetime holds is refused as "Invalid RFC3339 encoded datetime".
#
# The same job is one day's for one reader and the next day's for another, and a time that was just written
# may lie ahead of the clock. Glasshouse reads the times of jobs without msgspec.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0 pydantic==2.14.4
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
from datetime import datetime

import msgspec
from pydantic import TypeAdapter

text = "2026-12-31T23:59:59.9999997Z"
standard = datetime.fromisoformat(text)
pydantic = TypeAdapter(datetime).validate_python(text)
rounded = msgspec.convert(text, datetime)
print("stored    ", text)
for name, seen in (("datetime", standard), ("pydantic", pydantic), ("msgspec", rounded)):
    print(name.ljust(10), seen.isoformat())
assert standard == pydantic
assert standard.year == 2026
assert rounded.isoformat() == "2027-01-01T00:00:00+00:00"
assert msgspec.json.decode(f'"{text}"', type=datetime) == rounded

last = "9999-12-31T23:59:59.9999997Z"
try:
    msgspec.convert(last, datetime)
except msgspec.ValidationError as error:
    print("msgspec    of", last, "-", error)
else:
    raise AssertionError("it is read now")
assert datetime.fromisoformat(last).year == 9999
PY

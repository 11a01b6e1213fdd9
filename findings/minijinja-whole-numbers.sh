#!/usr/bin/env bash
# minijinja 2.24.0 and 3.1.0 (PyPI): whole numbers of more than 64 bits.
#
# One would guess: a Python int is written digit by digit, however large, and two that differ are not equal.
# Seen: up to 2.24 an int from 2**63 on is a float as soon as a template touches it:
# 9223372036854775808 is written `9223372036854776000.0`, and `==` holds between it and the next one. 3.x is
# exact up to 128 bits, and does the same beyond. Nothing is raised.
#
# Ids and sums in jobs are such numbers (JSON has no bounds). Glasshouse hands values of jobs to its
# templates as text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > page.py <<'PY'
import sys
from importlib.metadata import version

from minijinja import Environment

first_lost = int(sys.argv[1])
page = Environment()
for number in (first_lost - 1, first_lost):
    written = page.render_str("{{ n }}", n=number)
    same = page.eval_expr("a == b", a=number, b=number + 1)
    print("minijinja", version("minijinja"), number, "->", written, "- equals the next:", same)
    assert (written == str(number)) is (number < first_lost)
assert written.endswith("000.0")
assert same
PY
for release in "2.24.0=$(python3 -c 'print(2**63)')" "3.1.0=$(python3 -c 'print(2**128)')"; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "minijinja==${release%%=*}"
  "$folder/venv/bin/python" page.py "${release#*=}"
done

#!/usr/bin/env bash
# minijinja 2.21.0, 2.22.0 and 3.1.0 (PyPI): how a page writes True and None.
#
# One would guess: a minor release leaves the text of every page as it is; the major one may change it.
# Seen: up to 2.21 `{{ value }}` is `true` and `none`, from 2.22 on it is `True` and `None`, as in Jinja2;
# 3.x changed nothing about that. Within a list both have always been written as Python does, so a 2.21
# page says `true` and `[True, None]` of the same values.
#
# A template that puts a flag into an attribute (`aria-pressed="{{ pressed }}"`) is right on one side of
# 2.22 alone. Glasshouse requires 2.22.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > page.py <<'PY'
import sys
from importlib.metadata import version

from minijinja import Environment

one = Environment().render_str("{{ yes }} {{ nothing }}", yes=True, nothing=None)
many = Environment().render_str("{{ both }}", both=[True, None])
print("minijinja", version("minijinja"), "- alone:", one, "- in a list:", many)
assert one == sys.argv[1]
assert many == "[True, None]"
PY
for release in "2.21.0=true none" "2.22.0=True None" "3.1.0=True None"; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "minijinja==${release%%=*}"
  "$folder/venv/bin/python" page.py "${release#*=}"
done

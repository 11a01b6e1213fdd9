#!/usr/bin/env bash
# typer 0.29.2: what a command line of one option imports before it does anything.
#
# One would guess: typer reads arguments with click, as it did for years, and what it imports is a matter of
# milliseconds; pydantic belongs to programs that validate data.
# Seen: 0.29 requires pydantic, carries a click of its own, and reads every option and argument by a
# pydantic type adapter: a command that has one option imports pydantic and its core, some forty modules,
# before it begins. 0.20.0 imports none of it.
#
# Whoever counts the start of a command in tenths of a second counts this first. Glasshouse imports of its own
# only what the command asked for needs, and lives with the rest.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > greet.py <<'PY'
import sys

import typer


def greet(name: str = "you") -> None:
    modules = sum(module.partition(".")[0] in {"pydantic", "pydantic_core"} for module in sys.modules)
    print(modules)


typer.run(greet)
PY
for release in 0.20.0 0.29.2; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "typer==$release"
  seen=$("$folder/venv/bin/python" greet.py --name there)
  required=$("$folder/venv/bin/python" -c \
    "import importlib.metadata as m; print(any(r.startswith('pydantic') for r in m.requires('typer')))")
  echo "typer $release: $seen modules of pydantic are imported; it is required: $required"
  case $release in
    0.20.0) test "$seen" = 0 && test "$required" = False ;;
    *) test "$seen" -gt 30 && test "$required" = True ;;
  esac
done

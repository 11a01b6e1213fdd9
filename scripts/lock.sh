#!/usr/bin/env bash
# Renew every lock file. The resolver runs without any configuration of this machine, so
# that neither its indexes nor its own wheels get into the locks.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${1:?usage: scripts/lock.sh PATH-OF-UV}
build=$(mktemp)
trap 'rm -f "$build"' EXIT
"${PYTHON:-python3}" - >"$build" <<'PYTHON'
import tomllib
from pathlib import Path

print(*tomllib.loads(Path("pyproject.toml").read_text())["build-system"]["requires"], sep="\n")
PYTHON

compile() {
  env -u UV_INDEX -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL -u UV_DEFAULT_INDEX -u UV_FIND_LINKS \
    "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --upgrade \
    --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
    --custom-compile-command "make lock" "$@"
}

# What building needs is in both: the two commands build without isolation, from the lock.
compile pyproject.toml "$build" --output-file requirements/run.txt
compile pyproject.toml "$build" --group dev --constraint requirements/run.txt \
  --output-file requirements/dev.txt
# Beside the others, for `make fuzz` only.
compile --group pyproject.toml:fuzz --output-file requirements/fuzz.txt

for folder in frontend tests/peers; do
  "${PYTHON:-python3}" scripts/node.py lock "$folder"
done

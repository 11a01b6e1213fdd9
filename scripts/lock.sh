#!/usr/bin/env bash
# Renews the lock files from the ranges in pyproject.toml. Needs uv.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "Renewing the locks needs uv: pip install uv" >&2; exit 1; }
options=(--universal --generate-hashes --no-header --python-version 3.11 --quiet --upgrade)
uv pip compile pyproject.toml --group build "${options[@]}" -o requirements/run.txt
uv pip compile pyproject.toml --group build --group dev "${options[@]}" -c requirements/run.txt -o requirements/dev.txt

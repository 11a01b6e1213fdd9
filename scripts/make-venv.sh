#!/usr/bin/env bash
# Makes the virtual environment with the newest Python that will do.
set -euo pipefail
venv=$1
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  exit 0
fi
for python in python3 python3.13 python3.12 python3.11 python3.14; do
  if command -v "$python" >/dev/null && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
      echo "$python has no venv module. On Debian: apt-get install python3-venv" >&2
      exit 1
    fi
    exec "$python" -m venv "$venv"
  fi
done
echo "Glasshouse needs Python 3.11 or newer, and none was found on PATH." >&2
exit 1

#!/usr/bin/env bash
# Print the newest Python from 3.11 on that can make a virtual environment.
set -u

package=""
for name in python3.14 python3.13 python3.12 python3.11 python3; do
  # Running it is the test: a version manager's shim may exist without its Python.
  "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
  if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
    command -v "$name"
    exit 0
  fi
  package=${package:-$("$name" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')}
done

if [ -n "$package" ]; then
  echo "Python is here, but its venv module is not complete. On Debian: apt-get install $package" >&2
else
  echo "Python 3.11 or newer is needed and was not found. On Debian 12 or newer: apt-get install python3 python3-venv" >&2
fi
exit 1

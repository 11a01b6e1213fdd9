#!/usr/bin/env bash
# django-faktory-outbox 0.2.0 with faktory 1.0.0 (PyPI): what its relay pushes.
#
# One would guess: a package for Faktory that requires the package `faktory`, of whatever version, pushes its
# jobs through it.
# Seen: it calls `push_bulk`, which that client's newest release, 1.0.0 of 2022, does not have, nor anything
# else for PUSHB. Every batch ends as AttributeError after HELLO, the jobs stay in the table, no attempt is
# counted, and the loop waits longer and longer, as it does for a Faktory that cannot be reached.
#
# The server sees a client that says HELLO and nothing more. Nothing in Glasshouse can tell of jobs that wait
# elsewhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  django-faktory-outbox==0.2.0 faktory==1.0.0 django==5.2.19
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json
import socket
import sqlite3
import threading

from faktory_outbox.dialects import SqliteDialect
from faktory_outbox.engine import OutboxRelay

said = []


def serve(listening: socket.socket) -> None:
    stream = listening.accept()[0].makefile("rwb")
    stream.write(b'+HI {"v":2}\r\n')
    stream.flush()
    for line in stream:
        said.append(line.decode().split()[0])
        stream.write(b"+OK\r\n")
        stream.flush()


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
database = sqlite3.connect(":memory:")
database.execute(
    "CREATE TABLE faktory_outbox (id INTEGER PRIMARY KEY, task_name, payload, created_at,"
    " processed DEFAULT 0, is_failed DEFAULT 0, delivery_attempts DEFAULT 0, last_execution_error)"
)
payload = json.dumps({"mode": "custom", "content": {"order": 1}})
database.execute(
    "INSERT INTO faktory_outbox (task_name, payload) VALUES ('Ship', ?)", (payload,)
)
database.commit()

relay = OutboxRelay(database, SqliteDialect(), f"tcp://127.0.0.1:{listening.getsockname()[1]}")
try:
    relay.process_batch()
except AttributeError as error:
    print("process_batch:", error)
else:
    raise AssertionError("it was pushed")
row = database.execute(
    "SELECT processed, is_failed, delivery_attempts, last_execution_error FROM faktory_outbox"
).fetchone()
print("the server heard:", said, "- the row:", row)
assert said == ["HELLO"]
assert row == (0, 0, 0, None)
PY

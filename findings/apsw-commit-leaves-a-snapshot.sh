#!/usr/bin/env bash
# apsw 3.54.1.0 (SQLite 3.54.1): COMMIT with a cursor that has not been read to its end.
#
# One would guess: after COMMIT, with `in_transaction` false, the next SELECT sees what is there now.
# Seen: COMMIT succeeds and `in_transaction` is False, but the unfinished cursor keeps the read
# transaction: every later read of this connection sees the old snapshot, for as long as anybody holds
# the cursor (a traceback is enough). Only `txn_state()` tells. Closing the cursor ends it.
#
# Glasshouse asks `txn_state()` after each read, and drops the connection when a transaction is left.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check apsw==3.54.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import apsw

print("apsw", apsw.apsw_version(), "SQLite", apsw.sqlite_lib_version())
writer = apsw.Connection("jobs.db")
writer.pragma("journal_mode", "wal")
writer.execute("CREATE TABLE job (id INTEGER)")
writer.executemany("INSERT INTO job VALUES (?)", [(n,) for n in range(1000)])

reader = apsw.Connection("jobs.db", flags=apsw.SQLITE_OPEN_READONLY)
reader.execute("BEGIN")
unfinished = reader.execute("SELECT id FROM job")
next(unfinished)
reader.execute("COMMIT")
writer.execute("DELETE FROM job")

seen = reader.execute("SELECT count(*) FROM job").get
state = reader.txn_state()
print("after COMMIT: in_transaction", reader.in_transaction, "- txn_state is READ:",
      state == apsw.SQLITE_TXN_READ, "- rows seen", seen, "of 0")
assert not reader.in_transaction
assert state == apsw.SQLITE_TXN_READ
assert seen == 1000

unfinished.close()
now = reader.execute("SELECT count(*) FROM job").get
print("after closing the cursor: rows seen", now)
assert now == 0
PY

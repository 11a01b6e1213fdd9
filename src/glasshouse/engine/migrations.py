"""The database's versions: step N turns a file of version N into one of version N+1.

A step that has been released is never changed.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE job (
  id INTEGER PRIMARY KEY,
  state INTEGER NOT NULL,
  score REAL NOT NULL,
  queue TEXT NOT NULL,
  jid TEXT NOT NULL,
  jobtype TEXT NOT NULL,
  retry INTEGER NOT NULL,
  reserve_for INTEGER NOT NULL,
  enqueued_at REAL,
  wid TEXT,
  reserved_at REAL,
  payload BLOB NOT NULL
);
CREATE INDEX job_by_queue ON job(queue, score, enqueued_at) WHERE state = 1;
CREATE INDEX job_by_set ON job(state, score, id) WHERE state > 1;
CREATE INDEX job_by_jid ON job(jid);
CREATE TABLE queue (name TEXT PRIMARY KEY, size INTEGER NOT NULL, paused INTEGER NOT NULL);
CREATE TABLE tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""

# ``journal.applied``: the last of its records that the database contains.
_FINISHED_PARAMETERS_JOURNAL = """
CREATE TABLE finished (
  id INTEGER PRIMARY KEY,
  jid TEXT NOT NULL,
  jobtype TEXT NOT NULL,
  queue TEXT NOT NULL,
  wid TEXT,
  enqueued_at REAL,
  reserved_at REAL NOT NULL,
  finished_at REAL NOT NULL,
  outcome INTEGER NOT NULL,
  errtype TEXT
);
CREATE INDEX finished_by_jid ON finished(jid);
CREATE TABLE parameter (name TEXT PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE journal (lineage BLOB NOT NULL, applied INTEGER NOT NULL);
INSERT INTO journal VALUES (randomblob(16), 0);
"""

# ``result`` is JSON; ``null`` for an act that was called off.
_ACTS = """
CREATE TABLE act (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  step INTEGER NOT NULL,
  at REAL NOT NULL,
  result BLOB NOT NULL
);
CREATE UNIQUE INDEX act_by_id ON act(id, step);
"""

# ``journal.since``: the record with which the journal began that holds what the database
# may lack; 0 when an engine ended properly, and nothing is beyond the database.
_SINCE = "ALTER TABLE journal ADD COLUMN since INTEGER NOT NULL DEFAULT 0"

# ``echoes``: JSON, the paths of the job's own values that ``errtype`` contains; NULL when that
# is not known. The log keeps no arguments from which to determine it later.
_ECHOES = "ALTER TABLE finished ADD COLUMN echoes TEXT"

# ``job.jobtype`` is the name of a job, for ActiveJob the class that it wraps: SQL cannot
# determine it, so ``schema.migrate`` does.
NAMED_VERSION = 6
_NAMES = "-- see schema.migrate"

# The first version with a journal.
JOURNAL_VERSION = 2

MIGRATIONS = (_FIRST, _FINISHED_PARAMETERS_JOURNAL, _ACTS, _SINCE, _ECHOES, _NAMES)
VERSION = len(MIGRATIONS)

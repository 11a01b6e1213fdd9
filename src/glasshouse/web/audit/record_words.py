"""The words of records that pages translate: names of values, and values.

As messages they begin with ``record `` and ``recorded ``.
"""

from __future__ import annotations

NAMES = (
    "account", "action", "actor", "before", "by", "changed", "digest", "event", "format",
    "intent", "jid", "jids", "job", "jobs", "key", "keys", "lossy", "moved", "of", "operation",
    "outcome", "parameters", "preview", "q", "query", "queue", "queues", "reason", "restores",
    "role", "rule", "server", "set", "since", "stopped_by", "told", "upto", "version", "why",
    "worker",
)  # fmt: skip
VALUES = (
    "added", "removed", "factors reset", "ended", "totp-begin", "totp-confirm", "totp-remove",
    "passkey-new", "passkey-remove", "recovery-new", "password", "token-new", "token-remove",
    "session-end", "sessions-end", "stop", "password changed", "left the password file",
    "session", "basic", "token", "proxy", "shell", "code", "recovery code", "passkey",
    "identity provider",
    "done", "partly", "nothing", "stopped", "failed", "yes", "granted", "read_only",
    "no_role", "forbidden", "same_person", "not_granted", "other_server", "other_queue",
    "other_network", "no_factor", "old_factor", "one_person", "retries", "scheduled", "dead",
)  # fmt: skip

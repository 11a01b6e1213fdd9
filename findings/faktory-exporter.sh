#!/usr/bin/env bash
# faktory-prometheus-exporter 0.2.0 (PyPI): a queue that is gone, and retries.
#
# One would guess: `enqueued_per_queue` tells of the queues that there are, and `retries_enqueued` of the jobs
# that wait for their next try.
# Seen: a queue that Faktory no longer names (it was removed) keeps its last size for as long as the
# exporter runs, so an alarm on it never ends. `retries_enqueued` is how many retries were put back into queues
# since Faktory started: with 3 jobs waiting it may well be 40, and it never falls. How many wait is not
# exported.
#
# Numbers of this exporter beside Glasshouse's pages will differ, and Glasshouse's are what INFO says
# now.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  faktory-prometheus-exporter==0.2.0 pyfaktory==0.2.13 prometheus_client==0.26.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json
import socket
import threading

from faktory_prometheus_exporter import process
from prometheus_client import REGISTRY

INFO = {
    "server": {"command_count": 9, "connections": 1},
    "faktory": {
        "queues": {"default": 2, "import-2026": 5000},
        "tasks": {"Retries": {"size": 3, "enqueued": 40}, "Dead": {"size": 1, "enqueued": 0}},
        "total_enqueued": 5002,
        "total_failures": 43,
        "total_processed": 900,
        "total_queues": 2,
    },
}


def serve(listening: socket.socket) -> None:
    while True:
        stream = listening.accept()[0].makefile("rwb")
        stream.write(b'+HI {"v":2}\r\n')
        stream.flush()
        for line in stream:
            if line.strip() == b"INFO":
                told = json.dumps(INFO).encode()
                stream.write(b"$%d\r\n%s\r\n" % (len(told), told))
            elif line.strip() == b"END":
                break
            else:
                stream.write(b"+OK\r\n")
            stream.flush()


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
url = f"tcp://127.0.0.1:{listening.getsockname()[1]}"

process(url)
del INFO["faktory"]["queues"]["import-2026"]
INFO["faktory"]["total_queues"], INFO["faktory"]["total_enqueued"] = 1, 2
process(url)
gone = REGISTRY.get_sample_value("enqueued_per_queue", {"name": "import-2026"})
queues = REGISTRY.get_sample_value("total_queues")
retries = REGISTRY.get_sample_value("retries_enqueued")
print("queues:", queues, "- size of the one that is gone:", gone)
print("retries_enqueued:", retries, "- jobs that wait for a retry: 3")
assert (queues, gone) == (1, 5000)
assert retries == 40
PY

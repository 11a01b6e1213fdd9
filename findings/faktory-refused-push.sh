#!/usr/bin/env bash
# faktory 1.0.0 (PyPI): a job that the server refuses.
#
# One would guess: `queue()` raises, with what the server said, as other clients do.
# Seen: it returns False, and the server's words are gone: they are not in the log either. Written as one
# would, `client.queue("Mail", args=(1,))`, nobody looks at what it returns, and the job is lost without a
# trace. An `at` that names no zone is one way to be refused by Faktory.
#
# "Did my job run?" has no answer then: the server never had it, and neither Faktory's pages nor Glasshouse's
# can show it.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check faktory==1.0.0 pyfaktory==0.2.13
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import io
import logging
import socket
import threading

import faktory
import pyfaktory

log = io.StringIO()
logging.basicConfig(stream=log, level=logging.DEBUG)
logging.getLogger("FaktoryClient").setLevel(logging.CRITICAL)


def serve(listening: socket.socket) -> None:
    while True:
        stream = listening.accept()[0].makefile("rwb")
        stream.write(b'+HI {"v":2}\r\n')
        stream.flush()
        for line in stream:
            if line.strip() == b"END":
                break
            refused = line.startswith(b"PUSH ")
            stream.write(b"-ERR the queue is full\r\n" if refused else b"+OK\r\n")
            stream.flush()


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
url = f"tcp://127.0.0.1:{listening.getsockname()[1]}"

with faktory.connection(url) as client:
    seen = client.queue("Mail", args=(1,))
print("faktory 1.0.0:", seen, "- the reason is in its log:", "full" in log.getvalue())
assert seen is False
assert "full" not in log.getvalue()

with pyfaktory.Client(url) as client:
    try:
        pyfaktory.Producer(client).push(pyfaktory.Job(jobtype="Mail", args=[1]))
    except Exception as error:
        print("pyfaktory 0.2.13:", error)
        assert "the queue is full" in str(error)
    else:
        raise AssertionError("it was not refused")
PY

#!/usr/bin/env bash
# pyfaktory 0.2.13: the host name that a worker gives in HELLO.
#
# One would guess: `hostname` is the machine on which the worker runs, with `pid` the process on it, as the
# protocol says and other clients send.
# Seen: it is the host of the server's URL, as it was written there. All workers of a fleet have one and the
# same, `127.0.0.1` or `faktory`, and the `pid` beside it is one of another machine.
#
# The list of workers shows it, in Faktory's own pages and in Glasshouse: workers of pyfaktory are told apart by
# their ids and labels alone.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfaktory==0.2.13 faktory==1.0.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import json
import socket
import threading

import faktory
import pyfaktory

told = []


def serve(listening: socket.socket) -> None:
    while True:
        stream = listening.accept()[0].makefile("rwb")
        stream.write(b'+HI {"v":2}\r\n')
        stream.flush()
        for line in stream:
            if line.startswith(b"HELLO "):
                told.append(json.loads(line[6:]))
            if line.strip() == b"END":
                break
            stream.write(b"+OK\r\n")
            stream.flush()


socket.gethostname = lambda: "worker-7.example.net"
listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
port = listening.getsockname()[1]
for host in ("127.0.0.1", "localhost"):
    url = f"tcp://{host}:{port}"
    client = pyfaktory.Client(url, role="consumer", worker_id="worker-1", beat_period=5)
    with client:
        print("pyfaktory 0.2.13 at", url.rpartition(":")[0], "->", told[-1]["hostname"])
        assert told[-1]["hostname"] == host
other = faktory.Client(f"tcp://127.0.0.1:{port}")
other.connect()
print("faktory 1.0.0 ->", told[-1]["hostname"])
assert told[-1]["hostname"] == "worker-7.example.net"
PY

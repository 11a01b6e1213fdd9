#!/usr/bin/env bash
# pyfaktory 0.2.13 and faktory 1.0.0, each with room for four jobs: when the end of a short job is reported.
#
# One would guess: a job of a tenth of a second is acknowledged a tenth of a second after it was fetched.
# Seen: two seconds later, where the queue is empty: there is one connection for everything, and while there is room
# for another job it waits in FETCH, which a server answers after two seconds when there is none. ACK, FAIL and
# BEAT wait for that. In a busy queue FETCH is answered at once, and the delay is gone. (faktory-worker of npm has
# several connections.)
#
# How long a job ran, as a server can see it, is up to two seconds too long for these workers, when there
# is little to do: in Glasshouse's log of executions too, and in its "usual for this type".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfaktory==0.2.13 faktory==1.0.0
cd "$folder"
cat > work.py <<'PY'
import json
import logging
import os
import signal
import socket
import sys
import threading
import time

logging.disable()
times = {}


def short() -> None:
    time.sleep(0.1)


def serve(listening: socket.socket) -> None:
    connection = listening.accept()[0]
    stream = connection.makefile("rwb")
    stream.write(b'+HI {"v":2}\r\n')
    stream.flush()
    for line in stream:
        command = line.decode().split()[0]
        if command == "FETCH" and not times:
            times["fetched"] = time.monotonic()
            job = json.dumps({"jid": "job-00001", "jobtype": "Short", "args": []})
            stream.write(f"${len(job)}\r\n{job}\r\n".encode())
        elif command == "FETCH":
            time.sleep(2)
            stream.write(b"$-1\r\n")
        elif command != "END":
            stream.write(b"+OK\r\n")
        stream.flush()
        if command == "ACK":
            times["acknowledged"] = time.monotonic()
            if sys.argv[1] == "pyfaktory":
                os.kill(os.getpid(), signal.SIGTERM)
            else:
                connection.shutdown(socket.SHUT_RDWR)


def pyfaktory(url: str) -> None:
    from pyfaktory import Client, Consumer

    with Client(url, role="consumer", worker_id="worker-1", beat_period=5) as client:
        consumer = Consumer(client, concurrency=4, grace_period=1)
        consumer.register("Short", short)
        consumer.run()


def faktory(url: str) -> None:
    from faktory import Worker
    from faktory.exceptions import FaktoryConnectionResetError

    worker = Worker(faktory=url, concurrency=4, use_threads=True)
    worker.register("Short", short)
    try:
        worker.run()
    except FaktoryConnectionResetError:
        pass


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    try:
        globals()[sys.argv[1]](f"tcp://127.0.0.1:{listening.getsockname()[1]}")
    except SystemExit:
        pass
    ran = times["acknowledged"] - times["fetched"]
    print(sys.argv[1], f"- a job of 0.1 s is reported after {ran:.1f} s")
    assert 1.9 < ran < 4
PY
for client in pyfaktory faktory; do
  "$folder/venv/bin/python" work.py "$client"
done

#!/usr/bin/env bash
# pyfaktory 0.2.13: the backtrace of a job that failed, and the worker's exit.
#
# One would guess: `backtrace` in FAIL names the program's own lines, down to the one that raised.
# Seen: it holds three frames, of pyfaktory and of concurrent.futures, and always the same: jobs run in other
# processes, and what is sent is where the parent asked for the result. `errtype` and `message` are the
# job's. The frames of the job came along as the error's cause, and are left out. After SIGTERM, with
# nothing left to do, the worker's exit status is 1.
#
# A job's page in Glasshouse can show no more than that for these workers: the place is in the worker's own
# log at most. What supervises them should not take the 1 for a crash.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfaktory==0.2.13
cd "$folder"
cat > work.py <<'PY'
import json
import logging
import os
import signal
import socket
import threading

from pyfaktory import Client, Consumer

logging.disable()
failed = []


def charge(amount: int) -> None:
    raise ValueError(f"no card for {amount}")


def bill(amount: int) -> None:
    charge(amount)


def serve(listening: socket.socket) -> None:
    waiting = [{"jid": "job-00001", "jobtype": "Bill", "args": [3], "queue": "default"}]
    waiting[0]["backtrace"] = 100
    stream = listening.accept()[0].makefile("rwb")
    stream.write(b'+HI {"v":2}\r\n')
    stream.flush()
    for line in stream:
        command, _, rest = line.decode().strip().partition(" ")
        if command == "FETCH" and waiting:
            job = json.dumps(waiting.pop())
            stream.write(f"${len(job)}\r\n{job}\r\n".encode())
        elif command == "FETCH":
            stream.write(b"$-1\r\n")
        elif command != "END":
            stream.write(b"+OK\r\n")
        stream.flush()
        if command == "FAIL":
            failed.append(json.loads(rest))
            os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listening,), daemon=True).start()
    url = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
    status = None
    with Client(url, role="consumer", worker_id="worker-1", beat_period=5) as client:
        consumer = Consumer(client, concurrency=1)
        consumer.register("Bill", bill)
        try:
            consumer.run()
        except SystemExit as exit_:
            status = exit_.code
    [fail] = failed
    print(fail["errtype"], "-", fail["message"])
    for frame in fail["backtrace"]:
        print("  ", frame.split("\n")[0].split('"')[1].split("/")[-1], frame.split(", in ")[1].split()[0])
    print("exit status after SIGTERM:", status)
    assert (fail["errtype"], fail["message"]) == ("ValueError", "no card for 3")
    text = "".join(fail["backtrace"])
    assert "task_done" in text
    assert "charge" not in text
    assert "bill" not in text
    assert status == 1
PY
"$folder/venv/bin/python" work.py

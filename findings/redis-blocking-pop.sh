#!/usr/bin/env bash
# redis 7.4.0 and 8.1.0 (redis-py): a blocking pop on an empty list.
#
# One would guess: `blpop(name, timeout=7)` sends one command and gives None after seven seconds.
# Seen: so it was up to 7.4. Since 8.0 a client that is made without any option waits five seconds for any
# answer, a blocking command's too, then closes the connection, and asks again, ten times over: eleven
# BLPOPs in about a minute, and then TimeoutError. Only a `timeout` below five seconds works as before.
#
# Here with a tenth of those times, against a server that answers what it must and leaves BLPOP open, as a
# Redis with an empty list does. Workers that wait longer on a list fail once redis-py is updated below them.
# Glasshouse only reads a Redis, with bounds of its own, and sends no command that blocks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cd "$folder"
cat > pop.py <<'PY'
import socket
import sys
import threading
import time
from importlib.metadata import version

import redis

asked = []


def answer(connection: socket.socket) -> None:
    stream = connection.makefile("rwb")
    while head := stream.readline():
        words = []
        for _ in range(int(head[1:])):
            words.append(stream.read(int(stream.readline()[1:]) + 2)[:-2].decode())
        if words[0] == "BLPOP":
            asked.append(words)
            time.sleep(float(words[-1]))
            reply = b"*-1\r\n"
        elif words[0] == "HELLO":
            reply = b"%2\r\n+server\r\n+redis\r\n+proto\r\n:3\r\n"
        else:
            reply = b"+OK\r\n"
        try:
            stream.write(reply)
            stream.flush()
        except OSError:
            return


def serve(listening: socket.socket) -> None:
    while True:
        threading.Thread(target=answer, args=listening.accept()[:1], daemon=True).start()


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
port = listening.getsockname()[1]

default = redis.Redis(port=port).connection_pool.connection_kwargs.get("socket_timeout")
client = redis.Redis(port=port, socket_timeout=default and default / 10)
began = time.monotonic()
try:
    outcome = client.blpop("jobs", timeout=0.7)
except redis.TimeoutError:
    outcome = redis.TimeoutError
took = time.monotonic() - began
print(
    f"redis {version('redis')}: socket_timeout {default}, {len(asked)} BLPOP in {took:.1f} s of 0.7:",
    outcome,
)
if sys.argv[1] == "once":
    assert (default, outcome, len(asked)) == (None, None, 1)
else:
    assert (default, outcome, len(asked)) == (5, redis.TimeoutError, 11)
PY
for release in 7.4.0=once 8.1.0=again; do
  "$folder/venv/bin/pip" install --quiet --disable-pip-version-check "redis==${release%%=*}"
  "$folder/venv/bin/python" pop.py "${release#*=}"
done

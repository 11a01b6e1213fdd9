#!/usr/bin/env bash
# pyfaktory 0.2.13, faktory 1.0.0 (PyPI) and faktory-worker 4.7.1 (npm): a password in FAKTORY_URL that has to be
# percent-encoded.
#
# One would guess: one URL means one password for all of them, `s3cret/` for `tcp://:s3cret%2F@…`: in a URL a
# slash cannot be written otherwise.
# Seen: faktory-worker decodes it, both Python clients hash `%2F` as it stands, and are refused. Written plainly
# they cannot take it apart: to them the slash ends the host, and what was the password is no port.
#
# A Faktory whose password holds `/`, `?` or `#` cannot be reached from Python with these clients at all, and with
# a `%` in it not with one setting for all. Glasshouse decodes the passwords in the URLs of its settings.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyfaktory==0.2.13 faktory==1.0.0
npm install --silent --no-audit --no-fund --prefix "$folder" faktory-worker@4.7.1
cd "$folder"
cat > connect.js <<'JS'
const { Client } = require("faktory-worker");
new Client({ url: process.argv[2] }).connect().then(() => process.exit(0));
JS
"$folder/venv/bin/python" - <<'PY'
import hashlib
import json
import socket
import subprocess
import threading

import faktory
import pyfaktory

SALT = "5f1d"
told: list[str] = []


def answer(connection: socket.socket) -> None:
    stream = connection.makefile("rwb")
    stream.write(b'+HI {"v":2,"i":1,"s":"%s"}\r\n' % SALT.encode())
    stream.flush()
    for line in stream:
        if line.startswith(b"HELLO "):
            told.append(json.loads(line[6:]).get("pwdhash"))
        if line.strip() == b"END":
            break
        stream.write(b"+OK\r\n")
        stream.flush()
    connection.close()


def serve(listening: socket.socket) -> None:
    while True:
        threading.Thread(target=answer, args=listening.accept()[:1], daemon=True).start()


def proof(password: str) -> str:
    return hashlib.sha256((password + SALT).encode()).hexdigest()


def by_pyfaktory(url: str) -> None:
    with pyfaktory.Client(url):
        pass


def by_faktory(url: str) -> None:
    faktory.Client(url).connect()


def by_node(url: str) -> None:
    subprocess.run(["node", "connect.js", url], check=True, timeout=20)


listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listening,), daemon=True).start()
where = f"127.0.0.1:{listening.getsockname()[1]}"
names = {proof("s3cret/"): "s3cret/", proof("s3cret%2F"): "s3cret%2F"}
for name, connect, expected in (
    ("faktory-worker", by_node, "s3cret/"),
    ("pyfaktory", by_pyfaktory, "s3cret%2F"),
    ("faktory", by_faktory, "s3cret%2F"),
):
    connect(f"tcp://:s3cret%2F@{where}")
    seen = names[told[-1]]
    print("tcp://:s3cret%2F@… is for", name.ljust(15), seen)
    assert seen == expected

try:
    plain = pyfaktory.Client(f"tcp://:s3cret/@{where}").password
except ValueError as error:
    plain = error
print("tcp://:s3cret/@… is for pyfaktory:", plain)
assert plain != "s3cret/"
PY

#!/usr/bin/env bash
# uvicorn 0.54.0 with httptools 0.9.0 and with h11 0.16.0: request targets with a host in them, and methods.
#
# One would guess: which of the two parses is a matter of speed, as `--http auto` has it: an application sees the
# same request, and RFC 9112 §3.2.2 holds, by which a server takes a target in absolute form.
# Seen: of `GET http://host/jobs` the application gets the path `/jobs` with httptools, and `http://host/jobs`
# with h11, which no route matches. `GET http://host` is 400 with httptools and reaches the application with
# h11. So does a method that HTTP allows and nobody has registered, for the application to refuse; with
# httptools uvicorn answers 400 by itself.
#
# Whether httptools is there decides what an application answers to a client or proxy that writes whole URLs.
# Glasshouse requires httptools and does not leave the choice to uvicorn.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  uvicorn==0.54.0 httptools==0.9.0 h11==0.16.0
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import socket
import threading

import uvicorn


async def application(scope, receive, send):
    body = f"{scope['method']} path={scope['path']}".encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def started(parser: str) -> int:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, http=parser, lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, args=([listening],), daemon=True).start()
    return listening.getsockname()[1]


def answer(port: int, line: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(f"{line} HTTP/1.1\r\nHost: host\r\n\r\n".encode())
        text = b"".join(iter(lambda: connection.recv(4096), b"")).decode()
    head, _, body = text.partition("\r\n\r\n")
    return body if " 200 " in head.splitlines()[0] else head.splitlines()[0]


bad = "HTTP/1.1 400 Bad Request"
by_httptools, by_h11 = started("httptools"), started("h11")
for line, first, second in (
    ("GET /jobs", "GET path=/jobs", "GET path=/jobs"),
    ("GET http://host/jobs", "GET path=/jobs", "GET path=http://host/jobs"),
    ("GET http://host", bad, "GET path=http://host"),
    ("REQUEUE /jobs", bad, "REQUEUE path=/jobs"),
):
    seen = answer(by_httptools, line), answer(by_h11, line)
    print(line.ljust(22), "httptools:", seen[0].ljust(26), "h11:", seen[1])
    assert seen == (first, second)
PY

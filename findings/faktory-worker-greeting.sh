#!/usr/bin/env bash
# faktory-worker 4.7.1 (npm): a greeting whose JSON has a blank in it.
#
# One would guess: what follows HI is JSON, so blanks between its tokens mean nothing; `json.dumps` of
# Python writes them.
# Seen: the client cuts the line at every blank and reads the second piece alone. `+HI {"v": 2}` ends as
# "Unexpected end of JSON input"; pyfaktory 0.2.13 and faktory 1.0.0 take it.
#
# Whoever writes a server for these clients has to write its JSON as Faktory does, without blanks, as
# Glasshouse's does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" faktory-worker@4.7.1
cat > "$folder/greet.js" <<'JS'
const assert = require("node:assert");
const net = require("node:net");
const { Client } = require("faktory-worker");

function outcome(greeting) {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write("+OK\r\n"));
      socket.write(`+HI ${greeting}\r\n`);
    });
    server.listen(0, "127.0.0.1", async () => {
      const client = new Client({ host: "127.0.0.1", port: server.address().port });
      try {
        await client.connect();
        resolve("connected");
      } catch (error) {
        resolve(error.name);
      }
    });
  });
}

(async () => {
  for (const [greeting, expected] of [['{"v":2}', "connected"], ['{"v": 2}', "SyntaxError"]]) {
    const seen = await outcome(greeting);
    console.log("HI", greeting, "->", seen);
    assert.strictEqual(seen, expected);
  }
  process.exit(0);
})();
JS
node "$folder/greet.js"

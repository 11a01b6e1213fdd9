#!/usr/bin/env bash
# faktory-worker 4.7.1 (npm): the order of jobs in `pushBulk`.
#
# One would guess: PUSHB holds the jobs in the order in which they were given, and all of them.
# Seen: they go by way of an object whose keys are the jids, and JavaScript puts keys that look like array
# indexes first, by their value. Jids made of digits only, such as a date or a row's number, overtake all others and
# each other; those from 4294967295 on keep their places again. Of several jobs with one jid the last is sent,
# in the place of the first, and the answer says that none was rejected.
#
# The queue then holds what was really pushed: its order in Glasshouse is the order of PUSHB, not of the program.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" faktory-worker@4.7.1
cat > "$folder/push.js" <<'JS'
const assert = require("node:assert");
const net = require("node:net");
const { Client } = require("faktory-worker");

let pushed;
const server = net.createServer((socket) => {
  socket.write('+HI {"v":2}\r\n');
  socket.on("data", (data) => {
    const line = String(data).trim();
    if (line.startsWith("PUSHB ")) {
      pushed = JSON.parse(line.slice(6));
      socket.write("$2\r\n{}\r\n");
    } else {
      socket.write("+OK\r\n");
    }
  });
});
server.listen(0, "127.0.0.1", async () => {
  const client = new Client({ host: "127.0.0.1", port: server.address().port });
  const given = ["order-0001", "20261202", "20261201", "9000000002", "9000000001", "order-0001"];
  const jobs = given.map((jid, place) => ({ jid, jobtype: "Ship", args: [place] }));
  const rejected = await client.pushBulk(jobs);
  const sent = pushed.map(({ jid, args }) => `${jid}(${args[0]})`);
  console.log("given:", jobs.map(({ jid, args }) => `${jid}(${args[0]})`).join(" "));
  console.log("sent: ", sent.join(" "), "- rejected:", JSON.stringify(rejected));
  assert.deepStrictEqual(sent, [
    "20261201(2)", "20261202(1)", "order-0001(5)", "9000000002(3)", "9000000001(4)",
  ]);
  assert.deepStrictEqual(rejected, {});
  process.exit(0);
});
JS
node "$folder/push.js"

#!/usr/bin/env bash
# faktory-worker 4.7.1 (npm): the error type that a failed job has.
#
# One would guess: `errtype` in FAIL is the error's class or name, `TypeError` here, as other clients send it.
# Seen: it is the text of `error.code`, which only errors of Node's own system calls have: every other error,
# a TypeError or a class of the program's own, is of type "undefined". The backtrace begins with the name and
# the message, so the name is there for built-in errors alone.
#
# All failures of Node workers look like one kind. Who groups or searches failures by type in Glasshouse
# finds them under `undefined`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" faktory-worker@4.7.1
cat > "$folder/work.js" <<'JS'
const assert = require("node:assert");
const fs = require("node:fs");
const net = require("node:net");
const { Worker } = require("faktory-worker");

class PaymentRefused extends Error {}
const jobs = {
  ReadsMissingFile: () => fs.promises.readFile("no-such-file"),
  CallsNothing: () => undefined(),
  IsRefused: () => { throw new PaymentRefused("card expired"); },
};
const expected = { ReadsMissingFile: "ENOENT", CallsNothing: "undefined", IsRefused: "undefined" };

const waiting = Object.keys(jobs);
const failed = {};
const server = net.createServer((socket) => {
  socket.write('+HI {"v":2}\r\n');
  let text = "";
  socket.on("data", (data) => {
    const lines = (text + data).split("\r\n");
    text = lines.pop();
    for (const line of lines) {
      const [command] = line.split(" ", 1);
      if (command === "FETCH" && waiting.length) {
        const jobtype = waiting.shift();
        const job = JSON.stringify({ jid: jobtype, jobtype, args: [], queue: "default" });
        socket.write(`$${job.length}\r\n${job}\r\n`);
      } else if (command === "FETCH") {
        setTimeout(() => socket.writable && socket.write("$-1\r\n"), 100);
      } else if (command === "END") {
        socket.end();
      } else {
        if (command === "FAIL") {
          const fail = JSON.parse(line.slice(5));
          failed[fail.jid] = fail;
        }
        socket.write("+OK\r\n");
      }
    }
  });
});
server.listen(0, "127.0.0.1", async () => {
  const worker = new Worker({ host: "127.0.0.1", port: server.address().port, registry: jobs });
  await worker.work();
  const watch = setInterval(async () => {
    if (Object.keys(failed).length < 3) return;
    clearInterval(watch);
    await worker.stop();
    for (const [jid, fail] of Object.entries(failed)) {
      console.log(jid, "- errtype", JSON.stringify(fail.errtype), "- backtrace:", fail.backtrace[0]);
      assert.strictEqual(fail.errtype, expected[jid]);
    }
    assert.match(failed.CallsNothing.backtrace[0], /^TypeError: /);
    assert.ok(!JSON.stringify(failed.IsRefused).includes("PaymentRefused"));
    process.exit(0);
  }, 50);
});
JS
node "$folder/work.js"

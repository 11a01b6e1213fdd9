// A worker program of faktory-worker: node work_faktory_worker.mjs URL WID FOLDER
import { appendFile, access, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import faktory from "faktory-worker";

const [url, wid, folder] = process.argv.slice(2);
const note = (text) => appendFile(`${folder}/done`, `${text}\n`);
const released = () => access(`${folder}/release`).then(() => true, () => false);

faktory.register("Note", note);
faktory.register("Break", async () => {
  throw Object.assign(new Error("broken on purpose"), { code: "ValueError" });
});
faktory.register("Hold", async (text) => {
  await writeFile(`${folder}/held`, "");
  while (!(await released())) await pause(10);
  await note(text);
});

const worker = await faktory.work({
  url,
  wid,
  labels: ["faktory-worker"],
  queues: ["first", "second"],
  concurrency: 1,
  beatInterval: 0.1,
  timeout: Number(process.env.GRACE ?? 8),
  tlsOptions: url.startsWith("tcp+tls:") ? { rejectUnauthorized: false } : undefined,
});
// A job that is failed on purpose is no error of this program.
worker.on("fail", () => {});

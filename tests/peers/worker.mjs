// Drives faktory-worker through its whole vocabulary and prints what it saw.
import faktory from "faktory-worker";

const [port, password] = process.argv.slice(2);
const options = { host: "127.0.0.1", port: Number(port), password: password || undefined };
const seen = { done: [], failed: [] };

const client = await faktory.connect(options);
await client.job("Add", 1, { deep: [2, "三"] }).push();
await client.job("Break", "x").push();
const rejected = await client.pushBulk([client.job("Add", 3), client.job("Add", 4)]);
seen.rejected = Object.keys(rejected).length;
const later = client.job("Later", 5);
later.at = new Date(Date.now() + 3600_000);
await later.push();

await new Promise((resolve) => {
  const finish = () => {
    if (seen.done.length === 3 && seen.failed.length === 1) resolve();
  };
  faktory.register("Add", async (...args) => {
    seen.done.push(args);
  });
  faktory.register("Break", async () => {
    throw new Error("broken on purpose");
  });
  faktory.work({ ...options, concurrency: 2, labels: ["npm"] }).then((worker) => {
    worker.on("fail", ({ job }) => seen.failed.push(job.jobtype));
    const timer = setInterval(async () => {
      const info = await client.info();
      seen.info = info.faktory;
      if (seen.done.length === 3 && info.faktory.sets.retries === 1 && info.faktory.sets.working === 0) {
        clearInterval(timer);
        await worker.stop();
        resolve();
      }
    }, 20);
  });
});
await client.close();
console.log(JSON.stringify(seen));
process.exit(0);

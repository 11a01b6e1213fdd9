// Bundles src/ and public/ into the package's static folder, under names that
// carry a hash of the content, and writes manifest.json: logical name -> file.
// A console that starts meanwhile finds the old files or the new ones, and all of them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { build } from "esbuild";

const out = join(import.meta.dirname, "../src/glasshouse/web/static/dist");
const entries = { app: "src/app.ts", "live-worker": "src/live-worker.ts", "json-worker": "src/json-worker.ts", style: "src/style.css" };
if (existsSync("src/theme.ts")) entries.theme = "src/theme.ts";

const result = await build({
  entryPoints: entries,
  bundle: true,
  minify: true,
  write: false,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  outdir: "out",
  loader: { ".svg": "dataurl" },
});

mkdirSync(out, { recursive: true });
const manifest = {};
const before = existsSync(join(out, "manifest.json")) ? JSON.parse(readFileSync(join(out, "manifest.json"), "utf8")) : {};
const files = result.outputFiles.map((file) => [basename(file.path), file.contents]);
if (existsSync("public")) {
  for (const name of readdirSync("public")) files.push([name, readFileSync(join("public", name))]);
}
for (const [name, contents] of files) {
  const hash = createHash("sha256").update(contents).digest("hex").slice(0, 12);
  const kind = extname(name);
  const hashed = `${basename(name, kind)}.${hash}${kind}`;
  put(hashed, contents);
  manifest[name] = hashed;
}
put("manifest.json", JSON.stringify(manifest, null, 1));
// Who has read the manifest before finds what it names: that goes with the next build.
const kept = new Set([...Object.values(manifest), ...Object.values(before), "manifest.json"]);
for (const name of readdirSync(out)) {
  const path = join(out, name);
  const building = name.startsWith(".") && Date.now() - statSync(path).mtimeMs < 3_600_000; // beside this one
  if (!kept.has(name) && !building) rmSync(path, { recursive: true, force: true });
}

function put(name, contents) {
  const made = join(out, `.${name}.${process.pid}`);
  writeFileSync(made, contents);
  renameSync(made, join(out, name));
}

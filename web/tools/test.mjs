// Runs test/*.test.mjs under Node: what they import of ts/ is bundled by esbuild first.
import { build } from "esbuild";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const tests = join(dirname(fileURLToPath(import.meta.url)), "../test");
const names = (await readdir(tests)).filter((name) => name.endsWith(".test.mjs"));
const outdir = await mkdtemp(join(tmpdir(), "outlay-web-"));
await build({ entryPoints: names.map((name) => join(tests, name)), outdir, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", logLevel: "warning" });
const { status } = spawnSync(process.execPath, ["--test", outdir], { stdio: "inherit" });
await rm(outdir, { recursive: true, force: true });
process.exitCode = status ?? 1;

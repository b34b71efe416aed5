// Builds web/dist: app.css, app.js, charts.js, sheet.js, capture.js, worker.js, app.webmanifest, icons.svg, chevron.svg, favicon.svg, inter.woff2.
// Fails when a size budget is broken or a template names an icon that icons.txt lacks.
import { build } from "esbuild";
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(web, "dist");
// app.js and sheet.js stand on one page and share 60 kB.
const budgetKb = { "app.css": 25, "app.js": 42, "sheet.js": 18, "capture.js": 8, "worker.js": 4 };

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });

await build({
  entryPoints: [join(web, "css/app.css"), join(web, "ts/app.ts"), join(web, "ts/charts.ts"), join(web, "ts/sheet.ts"), join(web, "ts/capture.ts"), join(web, "ts/worker.ts")],
  outdir: dist,
  entryNames: "[name]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome125", "firefox128", "safari17.5"],
  external: ["/assets/*"],
  legalComments: "none",
  logLevel: "warning",
});
await copyFile(
  join(web, "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
  join(dist, "inter.woff2"),
);
await copyFile(join(web, "app.webmanifest"), join(dist, "app.webmanifest"));
await writeIcons();
await report();

async function writeIcons() {
  const names = (await readFile(join(web, "icons.txt"), "utf8")).split("\n").map((s) => s.trim()).filter(Boolean);
  const missing = [...(await namesUsed())].filter((name) => !names.includes(name));
  if (missing.length) throw new Error(`icons.txt lacks: ${missing.join(", ")}`);
  const symbols = await Promise.all(names.map(symbol));
  const open = '<svg xmlns="http://www.w3.org/2000/svg">';
  await writeFile(join(dist, "icons.svg"), `${open}\n${symbols.join("\n")}\n</svg>\n`);
  const chevron = await inner("chevron-down");
  await writeFile(
    join(dist, "chevron.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#82827c" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">${chevron}</svg>\n`,
  );
  await writeFile(
    join(dist, "favicon.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#21201c"/><g transform="translate(4 4)" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round">${await inner("outlay")}</g></svg>\n`,
  );
}

async function inner(name) {
  const own = join(web, "icons", `${name}.svg`);
  const lucide = join(web, "node_modules/lucide-static/icons", `${name}.svg`);
  const text = await readFile(own, "utf8").catch(() => readFile(lucide, "utf8"));
  return text.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[\s\S]*?>/, "").replace(/<\/svg>\s*$/, "").replace(/\s*\n\s*/g, "");
}

async function symbol(name) {
  return `<symbol id="${name}" viewBox="0 0 24 24">${await inner(name)}</symbol>`;
}

/** Icon names written literally in templates, gallery pages and scripts. */
async function namesUsed() {
  const found = new Set();
  for (const folder of ["gallery", "ts", "../crates/server/templates"]) {
    const entries = await readdir(join(web, folder), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const entry of entries.filter((e) => e.isFile() && /\.(html|ts)$/.test(e.name))) {
      const text = await readFile(join(entry.parentPath ?? entry.path, entry.name), "utf8");
      for (const [, name] of text.matchAll(/icons\.svg#([a-z0-9-]+)/g)) found.add(name);
    }
  }
  return found;
}

async function report() {
  for (const name of (await readdir(dist)).sort()) {
    const bytes = await readFile(join(dist, name));
    const kb = gzipSync(bytes, { level: 9 }).length / 1024;
    const over = budgetKb[name] !== undefined && kb > budgetKb[name];
    console.log(`${name.padEnd(12)} ${(bytes.length / 1024).toFixed(1).padStart(7)} kB ${kb.toFixed(1).padStart(7)} kB gz${over ? `  over its budget of ${budgetKb[name]} kB` : ""}`);
    if (over) process.exitCode = 1;
  }
}

// Checks every gallery page in Chromium: axe at WCAG 2.2 AA, no console errors, no sideways scroll.
// With --shots DIR it also writes screenshots. Names given as arguments limit the pages.
import { readFile, readdir, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { gallery } from "./page.mjs";
import { start } from "./serve.mjs";

const args = process.argv.slice(2);
const at = args.indexOf("--shots");
const shots = at >= 0 ? args.splice(at, 2)[1] : null;
const all = (await readdir(gallery)).filter((name) => name.endsWith(".html")).map((name) => name.slice(0, -5)).sort();
const names = args.length ? all.filter((name) => args.includes(name)) : all;
const axe = await readFile(join(gallery, "../node_modules/axe-core/axe.min.js"), "utf8");
const views = [
  { label: "desk", width: 1440, height: 900 },
  { label: "dark", width: 1440, height: 900, colorScheme: "dark" },
  { label: "mid", width: 1024, height: 768 },
  { label: "phone", width: 390, height: 844, hasTouch: true },
  { label: "narrow", width: 320, height: 640, hasTouch: true },
];

const server = await start(8091);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
if (shots) await mkdir(shots, { recursive: true });
let failures = 0;
for (const { label, width, height, ...rest } of views) {
  const context = await browser.newContext({ viewport: { width, height }, bypassCSP: false, ...rest });
  for (const name of names) {
    const page = await context.newPage();
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:8091/${name}`, { waitUntil: "networkidle" });
    await page.evaluate(() => document.fonts.ready);
    const found = await page.evaluate(`(() => { ${axe}; return axe.run(document, { runOnly: ["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa"] }); })()`).catch((error) => ({ violations: [{ id: String(error), nodes: [] }] }));
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    const report = [
      ...errors.map((error) => `console: ${error}`),
      ...(wide > 0 ? [`scrolls sideways by ${wide} px`] : []),
      ...found.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(" ")} ${n.any[0]?.data?.contrastRatio ?? n.any[0]?.message ?? ""}`).join(" | ")} (${v.nodes.length})`),
    ];
    failures += report.length;
    for (const line of report) console.log(`${name} ${label}: ${line}`);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${label}.png`), fullPage: label === "phone" || label === "narrow" });
    await page.close();
  }
  await context.close();
}
await browser.close();
server.close();
console.log(`${names.length} pages, ${views.length} views, ${failures} failures`);
process.exitCode = failures ? 1 : 0;

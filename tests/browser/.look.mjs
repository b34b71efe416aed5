import { chromium } from 'playwright-core';
import { launch } from './lib/browser.mjs';
const base = process.env.BASE ?? 'http://127.0.0.1:8192';
// usage: node .look.mjs who look name=path ...
const [who, lookName, ...pages] = process.argv.slice(2);
const [w, loc, scheme] = lookName.split('-');
const width = Number(w);
const browser = await launch();
const locale = loc === 'zh' ? 'zh-CN' : 'en';
const ctx = await browser.newContext({ baseURL: base, locale, viewport: { width, height: width < 700 ? 844 : 1000 }, colorScheme: scheme, reducedMotion: 'reduce' });
const page = await ctx.newPage();
page.on('console', (m) => m.type() === 'error' && console.log('console:', m.text()));
await page.goto('/login');
await page.locator('#email').fill(`${who}@lanstone.example`);
await page.locator('#password').fill('lanstone-demo');
await page.locator('.login-card button').click();
await page.waitForURL((u) => u.pathname !== '/login');
await page.evaluate(([language, theme]) => fetch('/me/preferences', { method: 'POST', body: new URLSearchParams({ language, theme }), redirect: 'manual' }), [locale, scheme]);
const files = [];
for (const p of pages) {
  const [name, path] = p.split(/=(.*)/s);
  const answer = await page.goto(path);
  const bytes = (await answer.body()).length;
  const sw = await page.evaluate(() => document.documentElement.scrollWidth);
  if (answer.status() !== 200 || bytes > 40960 || sw > width) console.log(name, path, answer.status(), bytes, 'width', sw);
  const f = `/tmp/look-shots/${name}-${lookName}.png`;
  await page.screenshot({ path: f, fullPage: width < 700 });
  files.push(f);
}
if (width < 700) {
  // a sheet of up to four phones beside each other
  const { readFileSync } = await import('node:fs');
  const sheet = await browser.newPage({ viewport: { width: (width + 20) * files.length, height: 1700 } });
  await sheet.setContent(`<body style="margin:0;display:flex;gap:20px;align-items:start;background:#888">${files.map((f) => `<img style="width:${width}px" src="data:image/png;base64,${readFileSync(f).toString('base64')}">`).join('')}</body>`);
  await sheet.screenshot({ path: `/tmp/look-shots/sheet-${lookName}-${pages[0].split('=')[0]}.png` });
}
await browser.close();

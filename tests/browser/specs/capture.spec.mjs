// Photos on a phone: several in a row, without a network, over a reload, and each of them once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { PHONE, checkAccessibility, launch, screenshot } from '../lib/browser.mjs';
import { logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let browser;

before(async () => {
  server = await startServer({ args: ['--claims', '20'] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** A grey PNG with bars that tell one from another. */
function photo(n) {
  const side = 64;
  const rows = Buffer.concat(
    Array.from({ length: side }, (_, y) => Buffer.from([0, ...Array.from({ length: side }, (_, x) => ((x >> n) + (y >> 3)) % 2 ? 230 : 40)])),
  );
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(side, 0);
  head.writeUInt32BE(side, 4);
  head[8] = 8;
  const mark = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([mark, chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

const shoot = (page, n) =>
  page.locator('[data-camera]').setInputFiles({ name: `photo-${n}.png`, mimeType: 'image/png', buffer: photo(n) });

/** Until the service worker has the page in hand and its shell. */
const kept = (page) =>
  page.evaluate(async () => {
    while (!navigator.serviceWorker.controller || !(await caches.match('/receipts/capture'))) await new Promise((done) => setTimeout(done, 50));
  });

const names = (page) =>
  page.evaluate(async () => (await (await fetch('/api/v1/documents')).json()).items.map((d) => d.name).filter((n) => n.startsWith('photo-')));

test('photos taken without a network survive a reload and are kept once each', async () => {
  const page = await logIn(browser, server, 'wang', { viewport: PHONE });
  const context = page.context();
  await page.goto('/receipts/capture');
  await kept(page);
  const held = await page.evaluate(async () => {
    const all = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) all.push(new URL(request.url).pathname);
    return { all, shell: await (await caches.match('/receipts/capture')).text() };
  });
  assert.ok(held.all.every((p) => p === '/receipts/capture' || p.startsWith('/assets/')), held.all.join());
  assert.ok(!held.shell.includes('王敏'), 'the shell says nothing about anybody');

  await context.setOffline(true);
  await shoot(page, 1);
  await shoot(page, 2);
  await page.locator('li[data-state="waiting"]').nth(1).waitFor();
  await page.reload();
  await page.locator('li[data-state="waiting"]').nth(1).waitFor();
  await shoot(page, 3);
  await page.locator('li[data-state="waiting"]').nth(2).waitFor();
  await checkAccessibility(page);
  await screenshot(page, 'capture-offline');

  await context.setOffline(false);
  for (let n = 0; n < 3; n += 1) await page.locator('li[data-state="unread"], li[data-state="ready"]').nth(n).waitFor({ timeout: 60_000 });
  assert.deepEqual((await names(page)).sort(), ['photo-1.png', 'photo-2.png', 'photo-3.png']);
  await screenshot(page, 'capture-sent');
  await page.reload();
  await page.locator('li[data-state="unread"], li[data-state="ready"]').nth(2).waitFor();
  assert.equal((await names(page)).length, 3, 'nothing is sent twice');
});

test('a file that another app shares arrives in the queue', async () => {
  const page = await logIn(browser, server, 'li', { viewport: PHONE });
  await page.goto('/receipts/capture');
  await kept(page);
  await page.evaluate(async () => {
    const form = new FormData();
    form.append('file', new File(['%PDF-1.7 a receipt'], 'photo-shared.pdf', { type: 'application/pdf' }));
    await fetch('/receipts/capture/share', { method: 'POST', body: form });
  });
  await page.reload();
  await page.locator('li[data-state="unread"]').waitFor();
  assert.deepEqual(await names(page), ['photo-shared.pdf']);
});

test('thirty files at once: each has its row, and one that fails holds nobody up', async () => {
  const page = await logIn(browser, server, 'chen');
  await page.goto('/receipts');
  const files = Array.from({ length: 29 }, (_, n) => ({ name: `slip-${n}.pdf`, mimeType: 'application/pdf', buffer: Buffer.from(`%PDF-1.7 ${n}`) }));
  files.splice(4, 0, { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<html></html>') });
  await page.locator('form[data-drop] input[type=file]').setInputFiles(files);
  await page.locator('.upload.bad').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('#receipt-rows tr').length >= 29 && document.querySelectorAll('.upload').length === 1);
  await page.locator('.upload.bad', { hasText: 'page.html' }).waitFor();
  const found = await page.evaluate(async () => {
    const read = async (after) => (await fetch(`/api/v1/documents?q=slip${after ? `&after=${after}` : ''}`)).json();
    const first = await read();
    return [...first.items, ...(await read(first.next)).items].map((d) => d.name);
  });
  assert.equal(new Set(found).size, 29, 'each once, over two pages');
  await screenshot(page, 'wallet-thirty');
});

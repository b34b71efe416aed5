import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, open } from '../lib/browser.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

test('a fresh demo is healthy', async () => {
  const answer = await fetch(`${server.url}/healthz`);
  assert.equal(answer.status, 200);
});

test('who is not logged in is led to the log-in page', async () => {
  const page = await open(browser, { url: server.url });
  await page.goto('/');
  await page.locator('input[type=password]').waitFor();
  assert.deepEqual(page.complaints, []);
});

// Approving several at once: rows ticked by keys, pointer and touch, what they come to, and what became of each.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { checkAccessibility, checkFits, launch, PHONE } from '../lib/browser.mjs';
import { api, logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let browser;

before(async () => {
  server = await startServer({ args: ['--claims', '300'] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Somebody with several tasks of one kind, on their inbox. */
async function inbox(options) {
  for (const who of ['chen', 'zhao', 'katrin']) {
    const page = await logIn(browser, server, who, options);
    const { groups } = await api(page, '/tasks');
    const tasks = groups.flatMap((group) => group.tasks);
    const many = tasks.map((first) => tasks.filter((task) => task.kind === first.kind)).find((of) => of.length > 1);
    if (many) {
      await page.goto('/inbox');
      return { page, many };
    }
    await page.context().close();
  }
  throw new Error('nobody has two tasks of one kind');
}

const sum = (tasks) => tasks.reduce((all, task) => all + Number(task.amount.minor ?? Math.round(Number(task.amount.amount) * 100)), 0);

test('a phone ticks by touch, and nothing is wider than the screen', async () => {
  const { page, many } = await inbox({ viewport: PHONE });
  const row = page.locator('li.item', { has: page.locator(`a[data-open="/claims/${many[0].claim}"]`) });
  assert.equal(await row.locator('.pick').isVisible(), false);
  await page.locator('[data-picking]').click();
  await row.locator('.pick').check();
  assert.ok(await page.locator('[data-picked-bar]').isVisible());
  await checkFits(page);
  await page.locator('[data-picked-bar] .btn.primary').click();
  await page.locator('.batch-ended').waitFor();
  assert.match(await page.locator('.batch-ended h2').textContent(), /1/);
  await checkFits(page);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('keys tick rows, the bar counts and sums them, and each is told what became of it', async () => {
  const { page, many } = await inbox();
  const bar = page.locator('[data-picked-bar]');
  assert.equal(await bar.isVisible(), false);
  await page.locator(`a[data-open="/claims/${many[0].claim}"]`).focus();
  await page.keyboard.press('x');
  assert.equal(await page.locator('[data-picked-count]').textContent(), '1');
  await page.keyboard.press('a');
  const count = Number(await page.locator('[data-picked-count]').textContent());
  assert.equal(count, many.length);
  const shown = await page.locator('[data-picked-sum]').textContent();
  assert.equal(Number(shown.replace(/[^\d]/g, '')), sum(many));
  // Only those of one kind are ticked together.
  const kinds = await page.locator('.pick:checked').evaluateAll((all) => new Set(all.map((box) => box.dataset.kind)).size);
  assert.equal(kinds, 1);
  await checkAccessibility(page);
  // The list refreshes itself: what is ticked stays ticked.
  await page.evaluate(async () => {
    const swapped = new Promise((done) => document.addEventListener('htmx:after:swap', done, { once: true }));
    window.htmx.trigger(document.body, 'live:refresh');
    await swapped;
  });
  assert.equal(await page.locator('.pick:checked').count(), count);

  // Somebody else decides one of them meanwhile.
  const gone = await page.evaluate(async ({ id, hash }) => {
    const body = JSON.stringify({ hash });
    const answer = await fetch(`/api/v1/tasks/${id}/approval`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    return answer.status;
  }, many[0]);
  assert.equal(gone, 200);
  await page.evaluate(() => document.querySelector('.pick').form.submit());
  await page.locator('.batch-ended').waitFor();
  const ends = await page.locator('.batch-ended li').count();
  assert.ok(ends >= count - 1, `${ends} of ${count}`);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

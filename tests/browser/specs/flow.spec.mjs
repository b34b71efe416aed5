// Finance draws a flow: begins a draft, changes a step, adds branches and a copy, is refused with the mend, sees who would approve.
import assert from 'node:assert/strict';
import { after, before, test as step } from 'node:test';
import { checkAccessibility, checkFits, checkWords, DESKTOP, launch, PHONE, screenshot } from '../lib/browser.mjs';
import { api, logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let browser;
let zhao;
let draft;

before(async () => {
  server = await startServer({ args: ['--claims', '60'] });
  browser = await launch();
  zhao = await logIn(browser, server, 'zhao', { locale: 'en' });
  await zhao.evaluate(() => {
    const body = new URLSearchParams({ language: 'en', theme: 'light' });
    return fetch('/me/preferences', { method: 'POST', body, redirect: 'manual' });
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const card = (name) => zhao.locator('.node h3 a', { hasText: name });
const names = () => zhao.locator('.flow.outer > .flow-step > .node h3 a').allInnerTexts();

step('a draft of the flow in force opens as a list of cards', async () => {
  const flows = await api(zhao, '/flows');
  const flow = flows.find((f) => f.in_force);
  await zhao.goto(`/settings/flows/${flow.entity}/${flow.reference}`);
  await zhao.locator('form[action="/settings/flows/drafts"] button').click();
  await zhao.waitForURL(/\/settings\/flows\/drafts\/[0-9a-f-]+$/);
  draft = new URL(zhao.url()).pathname;
  assert.ok((await names()).includes('Department head'));
});

step('a step is changed in its form, which shows only the fields that belong to what is chosen', async () => {
  await card('Department head').first().click();
  await zhao.waitForURL('**/step?id=*');
  assert.ok(await zhao.getByLabel('Which head, 1 being the nearest').isVisible());
  assert.ok(!(await zhao.getByLabel('Post', { exact: true }).isVisible()));
  await zhao.getByLabel('Who signs', { exact: true }).selectOption('position');
  assert.ok(await zhao.getByLabel('Post', { exact: true }).isVisible());
  await zhao.getByLabel('Who signs', { exact: true }).selectOption('heads_up_to');
  await zhao.getByLabel('Which head, 1 being the nearest').fill('2');
  await zhao.getByLabel('Another condition').selectOption('amount');
  await zhao.getByRole('button', { name: 'Add', exact: true }).click();
  assert.equal(await zhao.getByLabel('Which head, 1 being the nearest').inputValue(), '2');
  await zhao.getByRole('button', { name: 'Save' }).last().click();
  await zhao.waitForURL(`**${draft}#s-*`);
  assert.match(await zhao.locator('.flow').first().innerText(), /Heads above the claimant, up to level 2/);
});

step('branches are put in where the plus is, and one that no claim comes to is refused with the mend', async () => {
  await zhao.getByRole('link', { name: 'Add a step here, before all others' }).click();
  await zhao.getByRole('link', { name: 'Branches' }).click();
  await zhao.getByRole('button', { name: 'Save' }).click();
  await zhao.waitForURL('**/step?id=*');
  await zhao.getByLabel('The first branch whose conditions hold').check();
  await zhao.getByRole('button', { name: 'Save' }).click();
  assert.match(await zhao.locator('.side [role="alert"]').innerText(), /No claim comes here/);
  await zhao.goto(draft);
  assert.equal((await names())[0], 'Branches');
  assert.equal(await zhao.locator(".lane .node").count(), 2);
});

step('who would approve a claim is shown beside it, with the reasons', async () => {
  const claim = await zhao.locator('#claims option').first().getAttribute('value');
  await zhao.getByLabel('Number of a claim').fill(claim);
  await zhao.getByRole('button', { name: 'Show' }).click();
  assert.ok((await zhao.locator('#preview .step b').count()) > 0);
});

step('it is accessible and fits, on a desktop, on a phone, and in the dark', async () => {
  const form = await card('Finance').first().getAttribute('href');
  for (const path of [draft, form.split('#')[0], `${draft}/new?at=1&kind=sign`, `${draft}/settings`, `${draft}/text`]) {
    for (const size of [DESKTOP, PHONE]) {
      for (const colorScheme of ['light', 'dark']) {
        await zhao.setViewportSize(size);
        await zhao.emulateMedia({ colorScheme });
        await zhao.goto(path);
        await checkAccessibility(zhao);
        await checkFits(zhao);
        await checkWords(zhao);
      }
    }
  }
  await screenshot(zhao, 'flow-editor');
});

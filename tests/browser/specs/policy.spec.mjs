// Finance changes a limit in a draft of the policy, in the editor: types, pastes from Excel, undoes, mends a bad cell, saves.
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
  server = await startServer();
  browser = await launch();
  zhao = await logIn(browser, server, 'zhao', { locale: 'en' });
  // What a person prefers counts for more than what the browser asks for.
  await zhao.evaluate(() => {
    const body = new URLSearchParams({ language: 'en', theme: 'light' });
    return fetch('/me/preferences', { method: 'POST', body, redirect: 'manual' });
  });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const name = () => zhao.locator('[data-cell-name]').innerText();
const cell = (row, column) => zhao.locator(`.sheet tbody tr:nth-child(${row}) td:nth-child(${column + 1})`);
const shown = async (row, column) => (await cell(row, column).innerText()).trim();
const rows = () => zhao.locator('.sheet tbody tr').count();

/** The checks of the table once `written` stands in it. */
async function checked(written, act) {
  const answer = zhao.waitForResponse((r) => r.url().endsWith('/check') && r.request().postData().includes(written));
  await act();
  return (await answer).json();
}

/** Puts text on the clipboard of the page's own event, as a spreadsheet would. */
function paste(text) {
  return zhao.evaluate((text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

async function save(wanted = 200) {
  const answer = zhao.waitForResponse((r) => r.request().method() === 'PUT');
  await zhao.keyboard.press('Control+s');
  assert.equal((await answer).status(), wanted);
}

step('a draft begins from the version in force, and its tables are listed', async () => {
  const policies = await api(zhao, '/policies');
  const policy = policies.find((p) => p.in_force && p.reference.startsWith('cn-'));
  await zhao.goto(`/settings/policies/${policy.reference}`);
  await zhao.locator('form[action="/settings/policies/drafts"] button').click();
  await zhao.waitForURL(/\/settings\/policies\/drafts\/[0-9a-f-]+$/);
  draft = new URL(zhao.url()).pathname;
  await zhao.getByRole('link', { name: 'Lodging standard' }).first().click();
  await zhao.waitForURL(`**${draft}/tables/lodging-limit`);
  assert.equal(await shown(1, 2), 'first-tier city');
  assert.equal(await shown(1, 1), 'P9 and up');
});

step('keys as in a sheet: arrows, typing, Enter, Tab, copy down, move a row, undo', async () => {
  await cell(1, 4).click();
  assert.equal(await name(), 'D1');
  await zhao.keyboard.press('ArrowDown');
  const found = await checked('"1000"', async () => {
    await zhao.keyboard.type('¥ 1,000');
    await zhao.keyboard.press('Enter');
  });
  assert.deepEqual(found.problems, []);
  assert.equal(await shown(2, 4), '900 1,000');
  assert.equal(await name(), 'D3');
  await zhao.keyboard.press('Tab');
  assert.equal(await name(), 'A4');
  await zhao.keyboard.press('Alt+ArrowUp');
  assert.equal(await name(), 'A3');
  await zhao.keyboard.press('Control+z');
  assert.equal(await name(), 'A4');
  await zhao.keyboard.press('Control+z');
  assert.equal(await shown(2, 4), '900');
  await zhao.keyboard.press('Control+Shift+z');
  assert.equal(await shown(2, 4), '900 1,000');
});

step('a block from Excel is pasted, friendly words and all, and grows the table', async () => {
  const before = await rows();
  await cell(before, 1).click();
  const block = 'P5+\tfirst-tier city\tAny\t"1,100"\r\nAny\tother city、second-tier city\t任意\t410\r\nAny\tAny\tAny\tnone\r\n';
  const found = await checked('"1100"', () => paste(block));
  assert.deepEqual(found.problems, []);
  assert.equal(await rows(), before + 2);
  assert.equal(await shown(before, 4), '320 1,100');
  assert.equal(await shown(before + 1, 2), 'other city, second-tier city');
  assert.equal(await shown(before + 2, 4), 'none');
  await zhao.keyboard.press('Control+z');
  assert.equal(await rows(), before);
});

step('an input method writes a word right in a cell, and its Enter ends nothing', async () => {
  await cell(1, 2).click();
  const cdp = await zhao.context().newCDPSession(zhao);
  await cdp.send('Input.imeSetComposition', { text: 'yi', selectionStart: 2, selectionEnd: 2 });
  assert.equal(await zhao.locator('.cell-input').inputValue(), 'yi');
  await cdp.send('Input.insertText', { text: '一线' });
  assert.equal(await zhao.locator('.cell-input').inputValue(), '一线');
  await zhao.keyboard.press('Escape');
  await zhao.keyboard.press('Escape');
  assert.equal(await shown(1, 2), 'first-tier city');
});

step('nonsense is told by its cell with the mend, and not saved', async () => {
  await cell(3, 4).click();
  const found = await checked('about 700', async () => {
    await zhao.keyboard.type('about 700');
    await zhao.keyboard.press('Enter');
  });
  assert.equal(found.problems[0].cell, 'D3');
  await zhao.keyboard.press('ArrowUp');
  await zhao.locator('[data-wrong]:visible').waitFor();
  assert.match(await zhao.locator('[data-validity]').innerText(), /cannot be read/);
  assert.equal(await cell(3, 4).getAttribute('aria-invalid'), 'true');
  await save(422);
  const mended = await checked('"820"', async () => {
    await zhao.keyboard.press('F2');
    await zhao.locator('.cell-input').fill('820');
    await zhao.keyboard.press('Enter');
  });
  assert.deepEqual(mended.problems, []);
});

step('a new row asks nothing and answers nothing, which is told; undo takes it away', async () => {
  const found = await checked('"outputs":[""]', async () => {
    await cell(7, 1).click();
    await zhao.locator('details.menu > summary', { hasText: 'Rows' }).click();
    await zhao.getByRole('button', { name: 'Insert above' }).click();
  });
  assert.ok(found.problems.length > 0);
  await zhao.keyboard.press('Control+z');
});

step('it is accessible, fits a phone, and is saved into the draft whose comments stay', async () => {
  await checkWords(zhao);
  for (const viewport of [DESKTOP, PHONE]) {
    await zhao.setViewportSize(viewport);
    await checkFits(zhao);
    await checkAccessibility(zhao);
    await screenshot(zhao, `policy-table-${viewport.width}`);
  }
  await zhao.setViewportSize(DESKTOP);
  await cell(1, 1).click();
  await save();
  await zhao.reload();
  assert.equal(await shown(2, 4), '900 1,000');
  assert.equal(await shown(3, 4), '800 820');
  const { body } = await api(zhao, `/rules/drafts/${draft.split('/').at(-1)}`);
  assert.match(body, /^# /);
  assert.match(body, /- \[P9\+, "-", "-", 1000\]/);
  // The browser complains of the refusal; nobody else does.
  assert.deepEqual(zhao.complaints.filter((words) => !words.includes('422')), []);
});

step('who saves after somebody else is asked, and loses nothing', async () => {
  const other = await logIn(browser, server, 'zhao', { locale: 'en' });
  await other.goto(`${draft}/tables/lodging-limit`);
  const theirs = other.locator('.sheet tbody tr:nth-child(5) td:nth-child(5)');
  await theirs.click();
  await other.keyboard.type('555');
  await other.keyboard.press('Enter');
  await other.keyboard.press('Control+s');
  await other.locator('[data-unsaved]').waitFor({ state: 'hidden' });
  await other.context().close();

  await cell(6, 4).click();
  await zhao.keyboard.type('466');
  await zhao.keyboard.press('Enter');
  await save(409);
  await zhao.getByRole('button', { name: 'Take theirs' }).click();
  await zhao.waitForFunction(() => document.querySelector('[data-conflict]').hidden);
  assert.equal(await shown(5, 4), '550 555');
  assert.equal(await shown(6, 4), '450');
  // Undo brings mine back, and it can be saved over theirs.
  await zhao.keyboard.press('Control+z');
  assert.equal(await shown(6, 4), '450 466');
  await save();
});

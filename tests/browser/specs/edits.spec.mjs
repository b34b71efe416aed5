// A customer's phone changed in Outlay, with a running Tryton behind it: there in seconds, or the conflict is shown.
import assert from 'node:assert/strict';
import { after, before, test as step } from 'node:test';
import { checkAccessibility, launch } from '../lib/browser.mjs';
import { api, logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let browser;
let sun;
let tryton;
let account;

/** Asks Tryton itself, past Outlay. */
async function ask(method, path, body) {
  const answer = await fetch(`${tryton.url}/${tryton.database}/rest/model/${path}`, {
    method,
    headers: { authorization: `Bearer ${tryton.key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
}

/** The account's telephones in Tryton. */
async function phones() {
  const domain = JSON.stringify([
    ['party', '=', Number(account.external_id)],
    ['type', '=', 'phone'],
  ]);
  return ask('GET', `party.contact_mechanism?f=value&d=${Buffer.from(domain).toString('base64url')}`);
}

async function post(page, path, body) {
  const status = await page.evaluate(
    async ([path, body]) => {
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
    },
    [path, body],
  );
  assert.ok(status < 300, `${path}: ${status}`);
}

/** Changes the phone as a person does: the record's form, the field, Enter. */
async function change(phone) {
  await sun.goto(`/crm/accounts/${account.id}`);
  await sun.locator('#crm-record .block-head a').click();
  await sun.locator('#e-phone').waitFor();
  await checkAccessibility(sun);
  await sun.locator('#e-phone').fill(phone);
  await sun.locator('#e-phone').press('Enter');
  await sun.waitForURL((url) => !url.search && url.pathname.endsWith(account.id));
}

before(async () => {
  assert.ok(process.env.OUTLAY_TRYTON, 'OUTLAY_TRYTON is not set. Run `cargo xtask test browser`.');
  tryton = JSON.parse(process.env.OUTLAY_TRYTON);
  server = await startServer({ args: ['--claims', '50'], env: { OUTLAY_ALLOW_HOSTS: new URL(tryton.url).hostname } });
  browser = await launch();
  const ange = await logIn(browser, server, 'ange');
  const { url, database, key } = tryton;
  await post(ange, '/connections', { kind: 'tryton', name: 'Tryton', settings: { url, database, key } });
  const connection = (await api(ange, '/connections')).find((c) => c.name === 'Tryton');
  await post(ange, `/connections/${connection.id}/pull`, {});
  sun = await logIn(browser, server, 'sun');
  const { records } = await api(sun, '/accounts?limit=200');
  account = records.find((r) => r.connection?.id === connection.id && r.email);
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

step('a phone is changed in place, and the page tells when it is in the CRM', async () => {
  await change('021-6666 7777');
  await sun.locator('#crm-record .st.ok').waitFor({ timeout: 20_000 });
  assert.match(await sun.locator('#crm-record').innerText(), /021-6666 7777\s+\S+ 起已在 Tryton 中/u);
  assert.deepEqual((await phones()).map((p) => p.value), ['021-6666 7777']);
});

step('what somebody changed in the CRM meanwhile is shown beside it, and a click decides', async () => {
  const [phone] = await phones();
  await ask('PUT', `party.contact_mechanism/${phone.id}`, { value: '021-1234 0000' });
  await change('021-8888 9999');
  const card = sun.locator('#crm-record .finding');
  await card.waitFor({ timeout: 20_000 });
  await checkAccessibility(sun);
  const text = await card.innerText();
  assert.ok(text.includes('021-1234 0000') && text.includes('021-8888 9999'), text);
  await card.getByRole('button', { name: '用 CRM 的' }).click();
  await card.waitFor({ state: 'detached' });
  assert.match(await sun.locator('#crm-record').innerText(), /021-1234 0000/u);
  assert.deepEqual((await phones()).map((p) => p.value), ['021-1234 0000']);
});

// Every main page: accessible, no sideways scroll, no complaint of a script or the security policy, small enough.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkAccessibility, checkFits, DESKTOP, launch, open, PHONE, screenshot } from '../lib/browser.mjs';
import { api, logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

const NARROW = { width: 320, height: 640 };
const KB = 1024;

/** Pages by who opens them; `{…}` is replaced by what the demo has. */
const PAGES = {
  wang: {
    home: '/',
    inbox: '/inbox?tab=started',
    claims: '/claims',
    'claim-new': '/claims/new',
    'claim-from-deal': '/claims/new?deal={deal}',
    claim: '/claims/{claim}',
    'claim-edit': '/claims/{draft}/edit',
    receipts: '/receipts',
    receipt: '/receipts/{receipt}',
    deals: '/crm/deals',
    deal: '/crm/deals/{deal}',
    accounts: '/crm/accounts',
    account: '/crm/accounts/{account}',
    insights: '/insights',
    me: '/me',
    'my-account': '/me/account',
  },
  chen: { inbox: '/inbox', 'inbox-peek': '{peek}', 'claim-to-decide': '/claims/{task}' },
  he: {
    payments: '/payments',
    batches: '/payments/batches',
    batch: '/payments/batches/{batch}',
    'payee-accounts': '/payments/accounts',
  },
  ange: {
    settings: '/settings',
    'settings-people': '/settings/people',
    'settings-policies': '/settings/policies',
    'settings-flows': '/settings/flows',
    'settings-rights': '/settings/rights',
    'settings-connections': '/settings/connections',
    'settings-jobs': '/settings/jobs',
    'settings-api': '/settings/api',
    'settings-audit': '/settings/audit',
  },
};

// Each page meets each width, language and scheme, and each pair of them at least once.
const LOOKS = [
  { viewport: DESKTOP, locale: 'zh-CN', colorScheme: 'light' },
  { viewport: DESKTOP, locale: 'en', colorScheme: 'dark' },
  { viewport: PHONE, locale: 'zh-CN', colorScheme: 'dark' },
  { viewport: PHONE, locale: 'en', colorScheme: 'light' },
  { viewport: NARROW, locale: 'en', colorScheme: 'light' },
  { viewport: NARROW, locale: 'zh-CN', colorScheme: 'dark' },
];

let server;
let browser;
const found = {};

before(async () => {
  server = await startServer({ args: ['--claims', '300'] });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const named = ({ viewport, locale, colorScheme }) => `${viewport.width}-${locale.slice(0, 2)}-${colorScheme}`;

/** The preferences of a person override what their browser asks for. */
async function prefer(page, { locale, colorScheme }) {
  await page.evaluate(
    ([language, theme]) => {
      const body = new URLSearchParams({ language, theme });
      return fetch('/me/preferences', { method: 'POST', body, redirect: 'manual' });
    },
    [locale, colorScheme],
  );
}

async function visit(page, path) {
  const answer = await page.goto(path, { waitUntil: 'load' });
  assert.equal(answer.status(), 200, `${path} answers ${answer.status()}`);
  const bytes = (await answer.body()).length;
  assert.ok(bytes <= 40 * KB, `${path} is ${bytes} bytes of HTML, more than ${40 * KB}`);
}

async function check(page, name, look) {
  await checkFits(page);
  await checkAccessibility(page);
  await screenshot(page, `${name}-${named(look)}`);
  assert.deepEqual(page.complaints, [], `complaints on ${page.url()}`);
}

for (const look of LOOKS) {
  test(`log-in ${named(look)}`, async () => {
    const page = await open(browser, { url: server.url, ...look });
    await visit(page, '/login');
    await check(page, 'login', look);
    await page.context().close();
  });
}

test('there is something to open', async () => {
  const wang = await logIn(browser, server, 'wang');
  const mine = await api(wang, '/claims');
  found.claim = mine.claims.find((claim) => claim.status === 'paid' || claim.status === 'archived').number;
  found.draft = mine.claims.find((claim) => claim.status === 'draft').number;
  await wang.goto('/receipts');
  found.receipt = (await wang.locator('a[href^="/receipts/"]').first().getAttribute('href')).split('/')[2];
  await wang.goto('/crm/deals');
  found.deal = (await wang.locator('a[data-item]').first().getAttribute('href')).split('/')[3];
  await wang.goto('/crm/accounts');
  found.account = (await wang.locator('a[data-item]').first().getAttribute('href')).split('/')[3];
  await wang.context().close();
  const chen = await logIn(browser, server, 'chen');
  await chen.goto('/inbox');
  const task = chen.locator('a[data-item]').first();
  found.task = (await task.getAttribute('data-open')).split('/')[2];
  found.peek = await task.getAttribute('href');
  await chen.context().close();
  const he = await logIn(browser, server, 'he');
  await he.goto('/payments/batches');
  found.batch = (await he.locator('main table a').first().getAttribute('href')).split('/')[3];
  await he.context().close();
});

for (const [who, pages] of Object.entries(PAGES)) {
  for (const look of LOOKS) {
    test(`pages of ${who} ${named(look)}`, async (t) => {
      const page = await logIn(browser, server, who, look);
      await prefer(page, look);
      for (const [name, path] of Object.entries(pages)) {
        await t.test(name, async () => {
          page.complaints.length = 0;
          await visit(page, path.replace(/\{(\w+)\}/, (_, key) => found[key]));
          await check(page, name, look);
        });
      }
      await page.context().close();
    });
  }
}

test('style and scripts are small', async () => {
  const page = await open(browser, { url: server.url });
  await page.goto('/login');
  const urls = await page.evaluate(() =>
    [...document.querySelectorAll('link[rel=stylesheet], script[src]')].map((tag) => tag.href ?? tag.src),
  );
  const weigh = async (kind) => {
    let sum = 0;
    for (const url of urls.filter((url) => new URL(url).pathname.endsWith(kind))) {
      sum += gzipSync(await (await fetch(url)).text()).length;
    }
    return sum;
  };
  const [css, js] = [await weigh('.css'), await weigh('.js')];
  assert.ok(css > 0 && css <= 25 * KB, `${css} bytes of CSS`);
  assert.ok(js > 0 && js <= 60 * KB, `${js} bytes of JS`);
});

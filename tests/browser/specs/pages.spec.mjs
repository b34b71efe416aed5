// Every page as somebody sees it: accessible, no sideways scroll, no complaint of a script or the security policy,
// every word there, small enough.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkAccessibility, checkFits, checkWords, DESKTOP, launch, open, PHONE, screenshot } from '../lib/browser.mjs';
import { api, logIn } from '../lib/demo.mjs';
import { startServer } from '../lib/server.mjs';

const NARROW = { width: 320, height: 640 };
const KB = 1024;

/** Pages by who opens them; `{…}` is replaced by what the demo has. */
const PAGES = {
  wang: {
    home: '/',
    'inbox-started': '/inbox?tab=started',
    claims: '/claims',
    'claims-none': '/claims?q=%E9%BE%98%E9%BE%98',
    'claim-new': '/claims/new',
    'claim-from-deal': '/claims/new?deal={deal}',
    claim: '/claims/{claim}',
    'claim-edit': '/claims/{draft}/edit',
    receipts: '/receipts',
    receipt: '/receipts/{receipt}',
    deals: '/crm/deals',
    'deals-all': '/crm/deals?view=all',
    deal: '/crm/deals/{deal}',
    'deal-new': '/crm/deals/new',
    accounts: '/crm/accounts',
    account: '/crm/accounts/{account}',
    insights: '/insights',
    'insights-month': '/insights?by=month',
    me: '/me',
    'my-account': '/me/account',
    'my-tokens': '/settings/api',
    lost: '/claims/BX0000-0000',
  },
  chen: {
    inbox: '/inbox',
    'inbox-peek': '{peek}',
    'inbox-done': '/inbox?tab=done',
    'claim-to-decide': '/claims/{task}',
  },
  zhao: {
    'inbox-finance': '/inbox',
    'claims-all': '/claims?scope=all',
    'insights-all': '/insights',
    'insights-deals': '/insights?by=deal',
  },
  he: {
    payments: '/payments',
    batches: '/payments/batches',
    batch: '/payments/batches/{batch}',
    'payee-accounts': '/payments/accounts',
  },
  sun: { 'insights-none': '/insights' },
  ange: {
    settings: '/settings',
    people: '/settings/people',
    person: '/settings/people/{person}',
    'person-new': '/settings/people/new',
    policies: '/settings/policies',
    policy: '/settings/policies/{policy}',
    'policy-table': '/settings/policies/{policy}/tables/lodging-limit',
    flows: '/settings/flows',
    rights: '/settings/rights',
    connections: '/settings/connections',
    chat: '/settings/chat',
    'connection-new': '/settings/connections/new',
    jobs: '/settings/jobs',
    import: '/settings/import',
    folders: '/settings/folders',
    folder: '/settings/folders/{folder}',
    exports: '/settings/exports',
    export: '/settings/exports/{export}',
    'folder-run': '/settings/folders/{folder}/runs/{run}',
  },
  zhou: { audit: '/settings/audit' },
  katrin: { 'inbox-de': '/inbox' },
};

/** Languages and schemes that each page is opened in, with the widths that axe looks at; it has to fit all three. */
const LOOKS = [
  { locale: 'zh-CN', colorScheme: 'light', examined: [DESKTOP] },
  { locale: 'en', colorScheme: 'dark', examined: [DESKTOP, PHONE] },
];

let server;
let browser;
const found = {};

before(async () => {
  server = await startServer({ args: ['--claims', '300'] });
  browser = await launch();
  await find();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The ids of things to open. */
async function find() {
  const last = async (page, path, selector) => {
    await page.goto(path);
    const href = await page.locator(selector).first().getAttribute('href');
    return href.split('/').at(-1);
  };
  const wang = await logIn(browser, server, 'wang');
  const mine = await api(wang, '/claims');
  found.claim = mine.items.find((claim) => claim.status === 'paid' || claim.status === 'archived').number;
  found.draft = mine.items.find((claim) => claim.status === 'draft' && claim.claimed.amount !== '0.00').number;
  found.receipt = await last(wang, '/receipts', 'main a[href^="/receipts/"]');
  found.deal = await last(wang, '/crm/deals', 'tr:has(td.big:not(:empty)) a[data-item]');
  found.account = await last(wang, '/crm/accounts', 'a[data-item]');
  await wang.context().close();
  const chen = await logIn(browser, server, 'chen');
  await chen.goto('/inbox');
  const task = chen.locator('a[data-item]').first();
  found.task = (await task.getAttribute('data-open')).split('/')[2];
  found.peek = await task.getAttribute('href');
  await chen.context().close();
  const he = await logIn(browser, server, 'he');
  found.batch = await last(he, '/payments/batches', 'main table a');
  await he.context().close();
  const ange = await logIn(browser, server, 'ange');
  found.person = await last(ange, '/settings/people', 'main table a');
  const { folders } = await api(ange, '/folders');
  found.folder = folders[0].id;
  found.export = (await api(ange, '/scheduled-exports')).exports[0].id;
  found.run = folders[0].runs.at(-1).id;
  found.policy = await last(ange, '/settings/policies', 'main table a');
  await ange.context().close();
}

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

/** Opens a page and weighs it. A form grows with its lines, whose number is that of its cards. */
async function visit(page, name, path) {
  const wanted = name === 'lost' ? 404 : 200;
  const answer = await page.goto(path, { waitUntil: 'load' });
  assert.equal(answer.status(), wanted, `${path} answers ${answer.status()}`);
  const bytes = (await answer.body()).length;
  const lines = await page.locator('.line-card').count();
  const most = (40 + 6 * lines) * KB;
  assert.ok(bytes <= most, `${path} is ${bytes} bytes of HTML, more than ${most}`);
}

async function examine(page, name, { locale, colorScheme, examined }) {
  const complaints = page.complaints.filter((words) => name !== 'lost' || !words.includes('status of 404'));
  assert.deepEqual(complaints, [], `complaints on ${page.url()}`);
  await checkWords(page);
  for (const viewport of [DESKTOP, PHONE, NARROW]) {
    await page.setViewportSize(viewport);
    await checkFits(page);
    if (viewport === NARROW) continue;
    if (examined.includes(viewport)) await checkAccessibility(page);
    await screenshot(page, `${name}-${viewport.width}-${locale.slice(0, 2)}-${colorScheme}`);
  }
}

for (const look of LOOKS) {
  const named = `${look.locale} ${look.colorScheme}`;
  test(`log-in, ${named}`, async () => {
    const page = await open(browser, { url: server.url, ...look });
    await visit(page, 'login', '/login');
    await examine(page, 'login', look);
    await page.context().close();
  });
  for (const [who, pages] of Object.entries(PAGES)) {
    test(`pages of ${who}, ${named}`, async (t) => {
      const page = await logIn(browser, server, who, look);
      await prefer(page, look);
      for (const [name, path] of Object.entries(pages)) {
        await t.test(name, async () => {
          await page.setViewportSize(DESKTOP);
          page.complaints.length = 0;
          await visit(page, name, path.replace(/\{(\w+)\}/g, (_, key) => found[key]));
          await examine(page, name, look);
        });
      }
      await page.context().close();
    });
  }
}

test('a moment is told as the clock is where the reader works', async () => {
  for (const [who, timeZone] of [
    ['wang', 'Asia/Shanghai'],
    ['katrin', 'Europe/Berlin'],
  ]) {
    const page = await logIn(browser, server, who);
    await prefer(page, { locale: 'zh-CN', colorScheme: 'light' });
    const { items } = await api(page, '/claims?scope=all');
    await page.goto('/claims?scope=all');
    const told = await page.locator('main tbody tr td.date').first().innerText();
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, hour: '2-digit', minute: '2-digit' });
    assert.ok(told.endsWith(clock.format(new Date(items[0].updated_at))), `${who}: ${told}, ${items[0].updated_at}`);
    await page.context().close();
  }
});

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

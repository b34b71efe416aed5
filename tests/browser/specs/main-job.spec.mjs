// One claim from the deal in the CRM to the money and back, as the people of the demo do it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test as step } from 'node:test';
import { launch, screenshot } from '../lib/browser.mjs';
import { daysAgo, logIn } from '../lib/demo.mjs';
import { invoice } from '../lib/invoice.mjs';
import { waitForMail } from '../lib/mail.mjs';
import { startServer } from '../lib/server.mjs';

const TITLE = '客户产线复测差旅';
const SMALL = '拜访客户打车';

const HOTEL = {
  number: '26312000009900000017',
  day: daysAgo(3),
  seller: '上海云栖里酒店有限公司',
  item: '*住宿服务*住宿费',
  rate: '6%',
  net: '1415.09',
  tax: '84.91',
  gross: '1500.00',
  capital: '壹仟伍佰圆整',
};
const TAXI = {
  number: '26312000009900000025',
  day: daysAgo(2),
  seller: '上海顺途网约车有限公司',
  item: '*运输服务*客运服务费',
  rate: '3%',
  net: '44.00',
  tax: '1.32',
  gross: '45.32',
  capital: '肆拾伍圆叁角贰分',
};

let server;
let browser;
let wang;
let chen;
let he;
const deal = {};
const claim = {};
const small = {};

before(async () => {
  assert.ok(process.env.OUTLAY_TEST_SMTP, 'OUTLAY_TEST_SMTP is not set. Run `cargo xtask test browser`.');
  server = await startServer({ args: ['--claims', '300'], env: { OUTLAY_SMTP: process.env.OUTLAY_TEST_SMTP } });
  browser = await launch();
  wang = await logIn(browser, server, 'wang');
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

let broken;

/** A step of the job. It leaves pictures where it fails, and the steps after it are not tried. */
function test(name, act) {
  step(name, async () => {
    assert.ok(!broken, `not tried: "${broken}" failed`);
    broken = name;
    try {
      await act();
    } catch (error) {
      const pages = browser.contexts().flatMap((context) => context.pages());
      await Promise.all(pages.map((page, i) => screenshot(page, `job-failed-${i}`)));
      throw error;
    }
    broken = undefined;
  });
}

const field = (page, name) => page.locator(`#claim [name="${name}"]`);
const numberOf = (page) => new URL(page.url()).pathname.split('/')[2];

/** The text of the file that a link downloads. */
async function download(page, link) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.locator(link).click()]);
  return readFile(await file.path(), 'utf8');
}

/** Gives a file to the page's place for receipts. */
const drop = (page, file) => page.locator('form[data-drop] input[type=file]').setInputFiles(file);

/** Begins a claim from the deal's page and leads to its edit page. */
async function beginFromDeal(page, title) {
  await page.goto(deal.path);
  await page.locator('header a[href^="/claims/new?deal="]').click();
  const sources = page.locator('.props .source');
  await sources.first().waitFor();
  deal.sources = await sources.allInnerTexts();
  deal.filled = await page.locator('.props dt').allInnerTexts();
  await page.locator('#title').fill(title);
  await page.locator('form[action="/claims"] button.primary').click();
  await page.waitForURL(/\/claims\/[^/]+\/edit$/);
}

async function save(page) {
  await page.locator('header button[value=save]').click();
  await page.waitForLoadState('load');
}

async function edit(page, number) {
  await page.goto(`/claims/${number}/edit`);
}

/** Opens a claim of the Inbox in the panel beside it. */
async function peek(page, number) {
  await page.locator(`a[data-open="/claims/${number}"]`).click();
  await page.locator('#peek .peek-head').waitFor();
}

test('a rep logs in and sees her Home', async () => {
  await wang.goto('/');
  assert.equal(await wang.locator('html').getAttribute('lang'), 'zh-CN');
  assert.match(await wang.locator('#todos').innerText(), /待办/);
  assert.ok((await wang.locator('#todos .todo').count()) > 0, 'to-dos');
  assert.ok((await wang.locator('#way .way').count()) > 0, 'money on the way');
  const widths = await wang.locator('#way .way').evaluateAll((rows) => rows.map((row) => row.parentElement.clientWidth - row.offsetWidth));
  assert.ok(widths.every((left) => left === 0), 'each claim on its way has a line to itself');
  assert.ok((await wang.locator('.proposal').count()) > 0, 'drafts proposed from won deals');
  await screenshot(wang, 'job-1-home');
});

test('a claim from a deal is filled with what the CRM knows', async () => {
  await wang.goto('/crm/deals?view=all');
  const paths = await wang
    .locator('a[data-item]')
    .evaluateAll((links) => links.map((link) => new URL(link.href).pathname));
  for (const path of paths) {
    await wang.goto(path);
    const visits = await wang.locator('#activities tbody tr').count();
    const project = await wang.locator('tr', { hasText: '项目' }).count();
    if (visits > 0 && project > 0) {
      deal.path = path;
      break;
    }
  }
  assert.ok(deal.path, 'a deal with a visit and a project');
  deal.name = await wang.locator('h1').evaluate((title) => title.firstChild.textContent.trim());
  deal.account = await wang.locator('.record .meta a').innerText();

  await beginFromDeal(wang, TITLE);
  claim.number = numberOf(wang);
  for (const wanted of ['客户', '联系人', '项目', '商机', '拜访']) {
    assert.ok(
      deal.filled.some((name) => name.includes(wanted)),
      `${wanted} is filled: ${deal.filled}`,
    );
  }
  for (const source of deal.sources) assert.match(source, /CRM.*修订 ?\d+/s, 'record, revision and time');
  for (const name of ['account', 'contact', 'project', 'deal', 'activity']) {
    assert.notEqual(await field(wang, name).inputValue(), '', `${name} is chosen`);
    const source = wang.locator('.field', { has: wang.locator(`select[name="${name}"]`) }).locator('.source');
    assert.match(await source.innerText(), /CRM.*修订 ?\d+/s, `${name} says where it came from`);
  }
  assert.equal(await field(wang, 'title').inputValue(), TITLE);
  assert.equal((await field(wang, 'deal').locator('option:checked').innerText()).includes(deal.name), true);
});

test('an e-invoice becomes a line, exactly', async () => {
  await drop(wang, invoice(HOTEL));
  await field(wang, 'lines[0].paid').waitFor();
  const line = {};
  for (const name of ['incurred_on', 'category', 'currency', 'paid', 'tax']) {
    line[name] = await field(wang, `lines[0].${name}`).inputValue();
  }
  const { day, gross, tax } = HOTEL;
  assert.deepEqual(line, { incurred_on: day, category: 'lodging', currency: 'CNY', paid: gross, tax });
  assert.equal(await field(wang, 'title').inputValue(), TITLE, 'what was typed stays');
  assert.match(await wang.locator('.line-head').first().innerText(), new RegExp(HOTEL.seller));
  assert.match(await wang.locator('#receipts').innerText(), /9900000017/);
});

test('findings say the rule in words before she submits', async () => {
  const noCity = wang.locator('#check .finding', { hasText: '缺少城市' });
  await noCity.waitFor();
  await field(wang, 'lines[0].place').fill('上海');
  await noCity.waitFor({ state: 'detached' });
  const over = wang.locator('#check .finding', { hasText: '超标' });
  await over.waitFor();
  const words = await over.innerText();
  assert.match(words, /住宿标准|标准每/);
  assert.match(words, /1,500\.00/);
  assert.match(words, /核减部分由个人承担/);
  await screenshot(wang, 'job-2-findings');
});

test('a line is split over two deals', async () => {
  await field(wang, 'lines[0].allocations[0].share').fill('70');
  await wang.locator('button[name=add_allocation][value="0"]').click();
  const second = field(wang, 'lines[0].allocations[1].target');
  const other = await second
    .locator('option')
    .evaluateAll(
      (options, name) =>
        options.find((option) => option.value.includes('deal:') && !option.textContent.includes(name))?.value,
      deal.name,
    );
  assert.ok(other, 'another deal to choose');
  await second.selectOption(other);
  await field(wang, 'lines[0].allocations[1].share').fill('30');
  await save(wang);
  await edit(wang, claim.number);
  assert.equal(await field(wang, 'lines[0].allocations[1].target').inputValue(), other);
  await wang.goto(`/claims/${claim.number}`);
  const shares = await wang.locator('tr.alloc').allInnerTexts();
  assert.equal(shares.length, 2);
  assert.match(shares[0], /1,050\.00/);
  assert.match(shares[1], /450\.00/);
});

test('a line in euros shows its rate, source and day', async () => {
  await edit(wang, claim.number);
  await wang.locator('button[name=add_line]').click();
  await field(wang, 'lines[1].incurred_on').fill(daysAgo(3));
  await field(wang, 'lines[1].category').selectOption('meals');
  await field(wang, 'lines[1].description').fill('机场简餐');
  await field(wang, 'lines[1].currency').selectOption('EUR');
  await field(wang, 'lines[1].paid').fill('9.80');
  await save(wang);
  await edit(wang, claim.number);
  const rate = await wang.locator('.line-card').nth(1).locator('.line-fields .cap').innerText();
  const [, value] = rate.match(/1 EUR = (\d+\.\d+) CNY/) ?? [];
  assert.ok(value, `a rate: ${rate}`);
  assert.match(rate, /\d{4}-\d{2}-\d{2}/, 'its day');
  claim.euros = Math.round(9.8 * Number(value) * 100) / 100;
  assert.ok(rate.includes(claim.euros.toFixed(2)), `${rate} has ${claim.euros}`);
  claim.total = (1500 + claim.euros).toLocaleString('en-US', { minimumFractionDigits: 2 });
  assert.ok((await wang.locator('#sum').innerText()).includes(claim.total));
});

test('an invoice counts once', async () => {
  await beginFromDeal(wang, SMALL);
  small.number = numberOf(wang);
  await drop(wang, invoice(HOTEL));
  const refused = wang.locator('.upload.bad');
  await refused.waitFor();
  assert.match(await refused.innerText(), /已于.*用于另一张报销单；请联系财务/);
  assert.equal(await wang.locator('.line-card').count(), 0);
  await screenshot(wang, 'job-2-used');
});

test('a small claim with good proof is approved on the spot, with the reasons', async () => {
  await drop(wang, invoice(TAXI));
  await field(wang, 'lines[0].paid').waitFor();
  assert.equal(await field(wang, 'lines[0].category').inputValue(), 'travel.taxi');
  await wang.locator('#check', { hasText: '当场核准' }).waitFor();
  await wang.locator('header button[value=submit]').click();
  await wang.waitForURL(`**/claims/${small.number}`);
  assert.match(await wang.locator('h1 .badge').innerText(), /已核准/);
  assert.ok((await wang.locator('.notes li.ok').count()) > 0, 'the reasons');
  await screenshot(wang, 'job-3-on-the-spot');
});

test('submitting shows who will approve, and the manager sees it without reloading', async () => {
  chen = await logIn(browser, server, 'chen');
  await chen.goto('/inbox');
  const waiting = chen.locator(`a[data-open="/claims/${claim.number}"]`);
  assert.equal(await waiting.count(), 0);

  await edit(wang, claim.number);
  await wang.locator('#check .steps').waitFor();
  const steps = await wang.locator('#check .steps').innerText();
  assert.match(steps, /陈屿/);
  assert.match(steps, /财务/);
  await wang.locator('header button[value=submit]').click();
  await wang.waitForURL(`**/claims/${claim.number}`);
  assert.match(await wang.locator('h1 .badge').innerText(), /审批中|已提交/);

  await waiting.waitFor();
  await waitForMail(({ to, raw, text }) => `${to}`.includes('chen@') && `${text}${raw}`.includes(claim.number));
});

test('the manager returns it with a reason, and the rep hands it in again', async () => {
  await peek(chen, claim.number);
  assert.match(await chen.locator('#peek').innerText(), new RegExp(TITLE));
  await screenshot(chen, 'job-3-peek', { full: false });
  await chen.locator('#peek [commandfor=return]').first().click();
  await chen.locator('dialog#return').waitFor();
  await chen.locator('#return-reason').fill('请补充酒店满房的说明');
  await chen.locator('dialog#return button.primary').click();
  await chen.locator(`a[data-open="/claims/${claim.number}"]`).waitFor({ state: 'detached' });

  await edit(wang, claim.number);
  assert.match(await wang.locator('#claim').innerText(), /请补充酒店满房的说明/);
  await field(wang, 'purpose').fill('客户产线复测；协议酒店满房，客户附近无标准内房源');
  await wang.locator('header button[value=submit]').click();
  await wang.waitForURL(`**/claims/${claim.number}`);
  await chen.locator(`a[data-open="/claims/${claim.number}"]`).waitFor();
});

test('the manager approves, then finance', async () => {
  await peek(chen, claim.number);
  await chen.locator('#peek [data-command=approve]').click();
  await chen.locator(`#tasks a[data-open="/claims/${claim.number}"]`).waitFor({ state: 'detached' });
  assert.deepEqual(chen.complaints, []);

  const zhao = await logIn(browser, server, 'zhao');
  await zhao.goto('/inbox');
  await peek(zhao, claim.number);
  await zhao.locator('#peek [data-command=approve]').click();
  await zhao.locator(`#tasks a[data-open="/claims/${claim.number}"]`).waitFor({ state: 'detached' });
  assert.deepEqual(zhao.complaints, []);
  await zhao.context().close();

  await wang.goto(`/claims/${claim.number}`);
  const told = await wang.locator('#timeline').innerText();
  for (const part of ['王敏', '陈屿', '请补充酒店满房的说明', '赵蓉']) assert.ok(told.includes(part), `${part}: ${told}`);
});

test('the payer makes a batch of two and gets it as pain.001 and as a table', async () => {
  he = await logIn(browser, server, 'he');
  await he.goto('/payments');
  await he.locator('[data-pick-all]').uncheck();
  for (const { number } of [claim, small]) await he.locator(`input.pick[value="${number}"]`).check();
  assert.equal(await he.locator('[data-picked-count]').innerText(), '2');
  await screenshot(he, 'job-4-payments', { full: false });
  await he.locator('.batch-bar button').click();
  await he.waitForURL(/\/payments\/batches\/FK/);

  const amounts = [claim.total.replace(',', ''), TAXI.gross];
  const sum = amounts.reduce((sum, amount) => sum + Number(amount), 0).toFixed(2);
  const read = await he.evaluate((text) => {
    const xml = new DOMParser().parseFromString(text, 'application/xml');
    const all = (name) => [...xml.getElementsByTagNameNS('*', name)].map((node) => node.textContent.trim());
    return {
      broken: all('parsererror'),
      namespace: xml.documentElement.namespaceURI,
      amounts: all('InstdAmt').sort(),
      sums: all('CtrlSum'),
      count: all('NbOfTxs')[0],
    };
  }, await download(he, 'a[href$="/file.xml"]'));
  assert.deepEqual(read, {
    broken: [],
    namespace: 'urn:iso:std:iso:20022:tech:xsd:pain.001.001.09',
    amounts: amounts.toSorted(),
    sums: [sum, sum],
    count: '2',
  });
  const table = await download(he, 'a[href$="/file.csv"]');
  for (const amount of amounts) assert.ok(table.includes(amount), `${amount} in ${table}`);
});

test("the bank's answer: one payment posted, one failed with its reason", async () => {
  const rows = he.locator('main table tbody tr');
  const ids = {};
  for (const { number } of [claim, small]) {
    ids[number] = (await rows.filter({ hasText: number }).locator('td').first().innerText()).trim();
  }
  const answer = `end_to_end_id,status,reason\n${ids[claim.number]},posted,\n${ids[small.number]},failed,账号不符\n`;
  await he.locator('#answer-file').setInputFiles({ name: '回单.csv', mimeType: 'text/csv', buffer: Buffer.from(answer) });
  await he.locator('form[action$="/answers"] button').click();
  const preview = he.locator('section[aria-labelledby=h-answer]');
  await preview.waitFor();
  assert.match(await preview.innerText(), /账号不符/);
  await screenshot(he, 'job-4-answer', { full: false });
  await preview.locator('button.primary').click();
  await preview.waitFor({ state: 'detached' });
  assert.equal(await rows.filter({ hasText: claim.number }).locator('.st.ok').count(), 1);
  assert.match(await rows.filter({ hasText: small.number }).locator('.st.bad').innerText(), /账号不符/);
  await screenshot(he, 'job-4-batch', { full: false });
  assert.deepEqual(he.complaints, []);
  await he.context().close();

  await wang.goto(`/claims/${claim.number}`);
  assert.match(await wang.locator('h1 .badge').innerText(), /已支付|已归档/);
  assert.match(await wang.locator('#timeline').innerText(), /何静/);
  await screenshot(wang, 'job-4-paid');
  await wang.goto(`/claims/${small.number}`);
  assert.doesNotMatch(await wang.locator('h1 .badge').innerText(), /已支付|已归档/);
});

test('the deal shows what it cost, and its figures lead to the claims', async () => {
  await wang.goto(deal.path);
  const row = wang.locator('#claims tr', { hasText: claim.number });
  await row.waitFor();
  const share = 1050 + claim.euros;
  assert.ok((await row.innerText()).includes(share.toLocaleString('en-US', { minimumFractionDigits: 2 })));
  await screenshot(wang, 'job-5-spend');
  await wang.locator('table.spend tr', { hasText: '住宿' }).locator('a.open').click();
  await wang.waitForURL(/\/claims\?/);
  await wang.locator(`a[data-item][href="/claims/${claim.number}"]`).waitFor();
});

test('the cost by customer is drilled to the claim', async () => {
  await wang.goto('/insights?by=account');
  await wang.locator('.chart canvas').waitFor();
  const row = wang.locator('main table tbody tr', { hasText: deal.account });
  await row.locator('td.num a.open').first().click();
  await wang.waitForURL(/\/claims\?/);
  await wang.locator(`a[data-item][href="/claims/${claim.number}"]`).click();
  await wang.locator('h1', { hasText: TITLE }).waitFor();
});

test('nothing on the way made a script or the security policy complain', () => {
  // The refused invoice is an answer of 409 or 422, which Chromium reports as well.
  const complaints = wang.complaints.filter((words) => !/status of 4(09|22)/.test(words));
  assert.deepEqual(complaints, []);
});

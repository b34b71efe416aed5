// The demo company's people, and what every spec does with them.
import { open } from './browser.mjs';

const PASSWORD = 'lanstone-demo';

/** The legal entity in China that wang, chen, zhao and he work for. */
export const BUYER = { name: '澜石科技（北京）有限公司', taxId: '91110108MA01L52K8K' };

/** Days before today in the company's zone, YYYY-MM-DD. */
export function daysAgo(days) {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai' }).format(Date.now() - days * 86_400_000);
}

/**
 * A page of a person of the demo, just logged in.
 * @param {string} who key of a log-in, such as `wang`
 * @param {object} [options] as for `open`; Chinese unless another locale is given
 */
export async function logIn(browser, server, who, options = {}) {
  const page = await open(browser, { url: server.url, locale: 'zh-CN', ...options });
  await page.goto('/login');
  await page.locator('#email').fill(`${who}@lanstone.example`);
  await page.locator('#password').fill(PASSWORD);
  await page.locator('.login-card button').click();
  await page.waitForURL((url) => url.pathname !== '/login');
  return page;
}

/** What the API answers to the page's person; fails on a refusal. */
export async function api(page, path) {
  const answer = await page.evaluate(async (path) => {
    const answer = await fetch(`/api/v1${path}`);
    return { status: answer.status, text: await answer.text() };
  }, path);
  if (answer.status >= 300) throw new Error(`GET /api/v1${path}: ${answer.status} ${answer.text}`);
  return JSON.parse(answer.text);
}

// Debian's Chromium, driven by playwright-core.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const SCREENSHOTS = process.env.OUTLAY_SCREENSHOTS ?? join(import.meta.dirname, '../../../.outlay/screenshots');

/** Width and height of the two sizes every page has to work in. */
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Launches a headless Chromium that keeps to itself. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.OUTLAY_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/**
 * A page in a session of its own. What the page's scripts complain about is collected in `page.complaints`.
 * @param {import('playwright-core').Browser} browser
 * @param {{ url: string, locale?: string, viewport?: typeof DESKTOP, colorScheme?: 'light' | 'dark' }} options
 */
export async function open(browser, { url, locale = 'en', viewport = DESKTOP, colorScheme = 'light' }) {
  const context = await browser.newContext({ baseURL: url, locale, viewport, colorScheme, reducedMotion: 'reduce' });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(`${message.text()} (${message.location().url})`);
  });
  return page;
}

/** Saves what the page shows as NAME.png; the whole of it unless `full` is false. */
export async function screenshot(page, name, { full = true } = {}) {
  await mkdir(SCREENSHOTS, { recursive: true });
  // Hiding the caret would leave empty style attributes behind, and they break the page's security policy when copied.
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: full, caret: 'initial' });
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Fails, naming rule and element, where the page breaks WCAG 2.2 A or AA. */
export async function checkAccessibility(page) {
  // Evaluated by the debugger, so that the page's content security policy stays as it is.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
    }),
  );
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n    ${node.target.join(' ')}  ${node.html.slice(0, 160)}`),
  );
  assert.equal(found.length, 0, `${page.url()} is not accessible:\n  ${found.join('\n  ')}`);
}

/** Fails where the key of a message stands in place of its words. */
export async function checkWords(page) {
  const keys = await page.evaluate(() => {
    const key = /^[a-z]+(-[a-z0-9]+)+$/;
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      if (!walker.currentNode.parentElement.closest('code, pre, script, .palette-item')) texts.push(walker.currentNode.data);
    }
    for (const name of ['aria-label', 'placeholder', 'title', 'data-label']) {
      for (const element of document.querySelectorAll(`[${name}]`)) texts.push(element.getAttribute(name));
    }
    return texts.map((text) => text.trim()).filter((text) => key.test(text));
  });
  assert.deepEqual(keys, [], `keys without words on ${page.url()}`);
}

/**
 * Fails where the page is wider than the window, so that a phone would scroll sideways, and where a table or a button
 * is cut off at the window's edge; what lies in a box that scrolls by itself may be wider.
 */
export async function checkFits(page) {
  const { content, window, cut } = await page.evaluate(() => {
    const root = document.documentElement;
    const scrolls = (element) => {
      for (let up = element.parentElement; up; up = up.parentElement) {
        if (['auto', 'scroll'].includes(getComputedStyle(up).overflowX)) return true;
      }
      return false;
    };
    const wide = [...document.querySelectorAll('table, button, input, select, h1')].filter(
      (element) => element.checkVisibility() && element.getBoundingClientRect().right > root.clientWidth + 1 && !scrolls(element),
    );
    return {
      content: root.scrollWidth,
      window: root.clientWidth,
      cut: wide.map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  assert.ok(content <= window, `${page.url()} is ${content} px wide in a window of ${window} px`);
  assert.deepEqual(cut, [], `cut off on ${page.url()} in a window of ${window} px`);
}

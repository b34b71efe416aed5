// The mails that the SMTP sink of `cargo xtask test` has taken.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** All mails so far, in order: { from, to, subject, message_id, text, html, raw }. */
export async function mails() {
  const folder = process.env.OUTLAY_TEST_MAILDIR;
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'))));
}

/** The first mail that `wanted` accepts, waiting up to `patience` milliseconds for it. */
export async function waitForMail(wanted, patience = 20_000) {
  const end = Date.now() + patience;
  for (;;) {
    const mail = (await mails()).find(wanted);
    if (mail) return mail;
    if (Date.now() > end) throw new Error(`no such mail within ${patience / 1000} s`);
    await sleep(100);
  }
}

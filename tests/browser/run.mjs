// Runs specs/*.spec.mjs one after the other:  node run.mjs [PART OF A CASE'S NAME]
// Needs OUTLAY_BIN, the path of a built `outlay`; `cargo xtask test browser` sets it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

if (!process.env.OUTLAY_BIN) {
  console.error('OUTLAY_BIN is not set. Run `cargo xtask test browser`, or set it to target/debug/outlay.');
  process.exit(2);
}

const folder = join(import.meta.dirname, 'specs');
const files = readdirSync(folder).filter((name) => name.endsWith('.spec.mjs')).sort();
const only = process.argv[2];
const stream = run({
  files: files.map((name) => join(folder, name)),
  concurrency: 1,
  timeout: 15 * 60_000,
  ...(only ? { testNamePatterns: [only] } : {}),
});
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.compose(spec).pipe(process.stdout);

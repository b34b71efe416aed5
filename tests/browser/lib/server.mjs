// An `outlay demo` of its own for a spec: fresh company, free port, temporary folder.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE = 120_000;

// The server refuses OUTLAY_ variables that it doesn't know, and should see only those that a spec gives it.
const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OUTLAY_')));

async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Starts the server and waits until it is healthy.
 * @param {{ env?: Record<string, string>, args?: string[] }} [options]
 * @returns {Promise<{ url: string, dir: string, output: () => string, kill: (signal: NodeJS.Signals) => Promise<void>,
 *   restart: () => Promise<void>, stop: () => Promise<void> }>} `kill` leaves the folder for `restart`; `stop` removes it
 */
export async function startServer({ env = {}, args = [] } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'outlay-browser-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  let child;
  let output = '';

  async function start() {
    child = spawn(process.env.OUTLAY_BIN, ['demo', '--dir', dir, '--listen', listen, ...args], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.on('error', (error) => (output += error.message));
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    await healthy();
  }

  async function healthy() {
    const end = Date.now() + PATIENCE;
    while (Date.now() < end) {
      if (child.exitCode !== null || child.pid === undefined) throw new Error(`outlay demo ended:\n${output}`);
      const answer = await fetch(`${url}/healthz`).catch(() => null);
      if (answer?.ok) return;
      await sleep(50);
    }
    await kill('SIGKILL');
    throw new Error(`outlay demo is not healthy after ${PATIENCE / 1000} s:\n${output}`);
  }

  async function kill(signal) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const gone = await Promise.race([ended.then(() => true), sleep(15_000, false, { ref: false })]);
    if (!gone) {
      child.kill('SIGKILL');
      await ended;
    }
  }

  async function stop() {
    await kill('SIGTERM');
    await rm(dir, { recursive: true, force: true });
  }

  // A spec that is ended from outside must not leave a server behind.
  process.once('exit', () => child?.kill('SIGKILL'));
  try {
    await start();
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  return { url, dir, output: () => output, kill, restart: start, stop };
}

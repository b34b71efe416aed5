import { add } from "./capture/queue.ts";

/*
 * The service worker of /receipts/capture and nothing else. It keeps that page's shell, which says nothing about anybody,
 * with the files that the shell names, for when there is no network; and it takes what other apps share into the queue.
 */

interface Work extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Work {
  request: Request;
  respondWith(answer: Promise<Response> | Response): void;
}

const worker = self as unknown as EventTarget & { skipWaiting(): Promise<void>; clients: { claim(): Promise<void> } };
const SHELL = "/receipts/capture";
const SHARE = "/receipts/capture/share";
const KEPT = "outlay-capture-1";

/** Keeps the shell, and the styles, scripts, icons and fonts that it and its styles name. */
async function keep(page: Response): Promise<void> {
  const text = await page.clone().text();
  const cache = await caches.open(KEPT);
  const named = [...text.matchAll(/"(\/assets\/[^"#]+)/g)].map((m) => m[1] as string);
  for (const sheet of named.filter((n) => n.includes(".css"))) {
    const style = await fetch(sheet).then((a) => a.text());
    named.push(...[...style.matchAll(/url\(["']?(\/assets\/[^"')#]+)/g)].map((m) => m[1] as string));
  }
  const wanted = [...new Set(named)];
  await Promise.all(
    wanted.map(async (url) => {
      if (!(await cache.match(url))) await cache.add(url);
    }),
  );
  await cache.put(SHELL, page);
  for (const request of await cache.keys()) {
    const { pathname, search } = new URL(request.url);
    if (pathname !== SHELL && !wanted.includes(pathname + search)) await cache.delete(request);
  }
}

const isShell = (answer: Response): boolean => answer.ok && !answer.redirected;

async function shell(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request);
    if (isShell(answer)) await keep(answer.clone()).catch(() => undefined);
    return answer;
  } catch (error) {
    const kept = await caches.match(SHELL);
    if (kept) return kept;
    throw error;
  }
}

async function shared(request: Request): Promise<Response> {
  const form = await request.formData();
  for (const value of form.values()) if (value instanceof File) await add(value);
  return Response.redirect(SHELL, 303);
}

worker.addEventListener("install", (event) => {
  const work = async () => {
    const page = await fetch(SHELL);
    if (isShell(page)) await keep(page);
    await worker.skipWaiting();
  };
  (event as Work).waitUntil(work());
});

worker.addEventListener("activate", (event) => (event as Work).waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as Fetching;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin) return;
  const answer = (response: Promise<Response>) => respondWith.call(event, response);
  if (request.method === "POST" && pathname === SHARE) answer(shared(request));
  else if (request.method === "GET" && pathname === SHELL) answer(shell(request));
  else if (request.method === "GET" && pathname.startsWith("/assets/")) {
    answer(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});

import { el } from "./dom.ts";
import * as queue from "./capture/queue.ts";
import type { Shot } from "./capture/queue.ts";

/*
 * The page on which photos are taken. A photo is kept on the device first and sent when there is a network, one after the
 * other; what the server makes of it is asked for until it is read. The page itself works without a network.
 */

interface Money {
  amount: string;
  currency: string;
}

interface Found {
  id: string;
  name: string;
  seller: string | null;
  state: string;
  grade: string;
  issued_on: string | null;
  gross: Money | null;
  flaws: string[];
}

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}") as Record<string, string>;
const word = (key: string): string => words[key] ?? key;
const part = <E extends HTMLElement>(name: string): E => document.querySelector(`[data-${name}]`) as E;

const list = part("list");
const rows = new Map<string, HTMLElement>();
const found = new Map<string, Found>();
const looks: Record<string, [tone: string, icon: string]> = {
  waiting: ["neutral", "clock"],
  sending: ["info", "upload"],
  refused: ["bad", "circle-x"],
  login: ["warn", "key-round"],
  other: ["warn", "user"],
  reading: ["info", "loader"],
  unread: ["neutral", "circle-dashed"],
  ready: ["ok", "circle-check"],
  matched: ["accent", "paperclip"],
  claimed: ["ok", "badge-check"],
  duplicate: ["warn", "copy"],
  invalid: ["bad", "circle-alert"],
  red: ["bad", "undo-2"],
};

function icon(name: string): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  // With its version, so that it is the copy that was kept for being offline.
  use.setAttribute("href", `${document.body.dataset["icons"] ?? "/assets/icons.svg"}#${name}`);
  svg.append(use);
  return svg;
}

function badge(state: string): HTMLElement {
  const [tone, name] = looks[state] ?? ["neutral", "circle"];
  return el("span", `badge ${tone}`, icon(name), word(state === "refused" ? "failed" : state in words ? state : `shelf-${state}`));
}

function button(label: string, name: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn ghost icon";
  made.setAttribute("aria-label", label);
  made.append(icon(name));
  made.addEventListener("click", act);
  return made;
}

/** The card of a photo: its picture while it is here, its state, and what was read. */
function draw(shot: Shot): void {
  const before = rows.get(shot.key);
  const row = el("li", "capture-card");
  row.dataset["key"] = shot.key;
  const documents = (shot.documents ?? []).map((id) => found.get(id)).filter((d) => d !== undefined);
  const [first] = documents;
  const state = shot.state === "sent" ? (first?.state ?? "reading") : shot.state;
  row.dataset["state"] = state;
  const title = first?.seller ?? shot.name;
  const amount = first?.gross ? money(first.gross) : "";
  row.append(el("div", "capture-head", badge(state), ...(first ? [el("span", `ev ev-${first.grade.toLowerCase()}`, first.grade)] : [])));
  row.append(el("div", "capture-what", el("b", "cut", title), el("span", "amount", amount)));
  const note = shot.said ?? first?.flaws[0] ?? first?.issued_on ?? "";
  const acts = el("span", "row right");
  if (shot.state === "sent" && first) {
    const link = document.createElement("a");
    link.className = "link";
    link.href = `/receipts/${first.id}`;
    link.textContent = word("open");
    acts.append(link);
  }
  if (shot.state === "login") {
    const link = document.createElement("a");
    link.className = "link";
    link.href = "/login?next=/receipts/capture";
    link.textContent = word("login");
    acts.append(link);
  }
  if (shot.state === "refused") acts.append(button(word("retry"), "rotate-ccw", () => void again(shot)));
  if (shot.state === "refused" || shot.state === "sent") acts.append(button(word("remove"), "x", () => void remove(shot)));
  if (note || acts.childElementCount > 0) row.append(el("div", "capture-note", el("span", "cap", note), acts));
  rows.set(shot.key, row);
  if (before) before.replaceWith(row);
  else list.prepend(row);
}

/** An amount as people read it; the digits stay text, so that none is lost. */
function money({ amount, currency }: Money): string {
  const [whole = "", part] = amount.split(".");
  return `${currency} ${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${part === undefined ? "" : `.${part}`}`;
}

async function again(shot: Shot): Promise<void> {
  delete shot.said;
  shot.state = "waiting";
  await keep(shot);
  void send();
}

async function remove(shot: Shot): Promise<void> {
  await queue.drop(shot.key);
  rows.get(shot.key)?.remove();
  rows.delete(shot.key);
  await status();
}

async function keep(shot: Shot): Promise<void> {
  await queue.put(shot);
  draw(shot);
  await status();
}

/** How many wait, and whether there is a network. */
async function status(): Promise<void> {
  const shots = await queue.all();
  const left = shots.filter((s) => s.file).length;
  const counted = word("queued").replace("{n}", String(left));
  const pill = part("status");
  const said = navigator.onLine ? (left > 0 ? counted : word("online")) : word("offline") + (left > 0 ? ` · ${counted}` : "");
  pill.replaceChildren(icon(navigator.onLine ? "cloud-upload" : "cloud-off"), said);
  part("left").textContent = left > 0 ? String(left) : "";
  part("empty").hidden = shots.length > 0;
}

/** The newest photo as it was taken; drawn, since nothing but our own files may be shown as an image. */
async function preview(file: Blob): Promise<void> {
  const canvas = part<HTMLCanvasElement>("preview");
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, 900 / Math.max(picture.width, picture.height));
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.hidden = false;
  } catch {
    canvas.hidden = true;
  }
}

async function take(files: Iterable<File>): Promise<void> {
  for (const file of files) {
    const shot = await queue.add(file);
    draw(shot);
    if (shot.file && file.type.startsWith("image/")) void preview(shot.file);
    await status();
  }
  void send();
}

/** Who is logged in; none when nobody is, or there is no network. */
async function who(): Promise<string | undefined> {
  const answer = await fetch("/api/v1/me", { headers: { Accept: "application/json" } });
  if (!answer.ok) return undefined;
  const { id } = (await answer.json()) as { id: string };
  await queue.setOwner(id);
  return id;
}

let sending = false;
let more = false;

/** Sends what waits, one after the other; only one page of the device does at a time, and the next takes its turn. */
async function send(): Promise<void> {
  more = true;
  if (sending || !navigator.onLine) return;
  sending = true;
  try {
    while (more) {
      more = false;
      await navigator.locks.request("outlay-capture", all);
    }
  } catch {
    // The network went away: what waits goes on waiting.
  } finally {
    sending = false;
  }
  await status();
}

async function all(): Promise<void> {
  for (let shot = await next(); shot; shot = await next()) {
    if (!(await one(shot))) return;
  }
}

async function next(): Promise<Shot | undefined> {
  const shots = await queue.all();
  return shots.find((s) => s.file && s.state !== "refused" && s.state !== "other");
}

/** Sends one; false where the next would fare no better. */
async function one(shot: Shot): Promise<boolean> {
  const me = await who();
  if (!me) {
    shot.state = "login";
    await keep(shot);
    return false;
  }
  if (shot.owner && shot.owner !== me) {
    shot.state = "other";
    await keep(shot);
    return true;
  }
  shot.owner = me;
  shot.state = "sending";
  await keep(shot);
  const form = new FormData();
  form.append("file", shot.file as Blob, shot.name);
  let answer: Response;
  try {
    answer = await fetch("/api/v1/documents", {
      method: "POST",
      body: form,
      headers: { "Idempotency-Key": shot.key, Accept: "application/json" },
    });
  } catch (error) {
    shot.state = "waiting";
    await keep(shot);
    throw error;
  }
  if (answer.ok) {
    const documents = (await answer.json()) as Found[];
    for (const document of documents) found.set(document.id, document);
    shot.documents = documents.map((d) => d.id);
    shot.state = "sent";
    delete shot.file;
    await keep(shot);
    void follow(shot);
    return true;
  }
  if (answer.status === 401) {
    shot.state = "login";
    await keep(shot);
    return false;
  }
  if (answer.status === 429 || answer.status >= 500) {
    shot.state = "waiting";
    await keep(shot);
    return false;
  }
  const problem = (await answer.json().catch(() => ({}))) as { title?: string; fields?: { message: string }[] };
  shot.said = problem.fields?.[0]?.message ?? problem.title ?? word("failed");
  shot.state = "refused";
  await keep(shot);
  return true;
}

/** Asks for what was sent until it is read. */
async function follow(shot: Shot): Promise<void> {
  for (;;) {
    let reading = false;
    for (const id of shot.documents ?? []) {
      try {
        const answer = await fetch(`/api/v1/documents/${id}`);
        if (!answer.ok) return;
        const document = (await answer.json()) as Found;
        found.set(id, document);
        reading ||= document.state === "reading";
      } catch {
        return;
      }
    }
    if (!rows.has(shot.key)) return;
    draw(shot);
    if (!reading) return;
    await new Promise((done) => setTimeout(done, 1500));
  }
}

for (const name of ["camera", "files"]) {
  const input = part<HTMLInputElement>(name);
  input.addEventListener("change", () => {
    const files = [...(input.files ?? [])];
    input.value = "";
    void take(files);
  });
}
addEventListener("online", () => void send().then(refresh));
addEventListener("offline", () => void status());
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void send();
});
setInterval(() => void send(), 15_000);

/** Draws everything that is kept; what was sent is asked for again. */
async function refresh(): Promise<void> {
  for (const shot of await queue.all()) {
    if (shot.state === "sending") shot.state = "waiting";
    draw(shot);
    if (shot.state === "sent" && navigator.onLine) void follow(shot);
  }
  await status();
}

/** For the shell to be there without a network the next time. */
async function begin(): Promise<void> {
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("/receipts/worker.js", { scope: "/receipts/capture" }).catch(() => undefined);
  await refresh();
  if (navigator.onLine) await who().catch(() => undefined);
  await send();
}

void begin();

import { caps, commands, run, type Command } from "./commands.ts";
import { all, closest, composing, el, icon, word } from "./dom.ts";

const dialog = document.getElementById("palette") as HTMLDialogElement | null;
const input = dialog?.querySelector<HTMLInputElement>("input") ?? null;
const list = dialog?.querySelector<HTMLElement>(".palette-list") ?? null;
const chosen = new Map<HTMLElement, Command>();
let wanted = 0;
let timer = 0;

export function openPalette(): void {
  if (!dialog || !input || dialog.open) return;
  input.value = "";
  dialog.showModal();
  void show("");
}

function matches(command: Command, query: string): boolean {
  const text = `${command.label} ${command.group} ${command.words ?? ""}`.toLocaleLowerCase();
  return query.toLocaleLowerCase().split(/\s+/).every((part) => text.includes(part));
}

function show(query: string): void {
  if (!list) return;
  chosen.clear();
  list.replaceChildren();
  let group = "";
  for (const command of commands().filter((c) => c.id !== "palette" && matches(c, query)).slice(0, 40)) {
    if (command.group !== group) list.append(el("div", "menu-title", (group = command.group)));
    const item = el("div", "palette-item", icon(command.icon ?? "arrow-right"), el("span", "cut", command.label));
    if (command.key) item.append(el("span", "right", ...caps(command.key).map((cap) => el("kbd", "", cap))));
    chosen.set(item, command);
    list.append(item);
  }
  mark();
  clearTimeout(timer);
  if (query.length >= 2) timer = window.setTimeout(() => void find(query), 140);
}

/** Adds what the server finds: a fragment of `a.palette-item` under `.menu-title`s. */
async function find(query: string): Promise<void> {
  const turn = ++wanted;
  const response = await fetch(`/search?q=${encodeURIComponent(query)}`, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => null);
  if (turn !== wanted || input?.value.trim() !== query || !list) return;
  if (response?.ok) list.insertAdjacentHTML("beforeend", await response.text());
  mark();
}

function items(): HTMLElement[] {
  return list ? all(".palette-item", list) : [];
}

function mark(): void {
  items().forEach((item, index) => {
    item.setAttribute("role", "option");
    item.id = `palette-${index}`;
    item.tabIndex = -1;
  });
  list?.querySelector(".palette-none")?.remove();
  if (items().length === 0) list?.append(el("p", "palette-none", word("nothing_found")));
  if (!items().some((item) => item.ariaSelected === "true")) select(items()[0]);
}

function select(item: HTMLElement | undefined): void {
  for (const other of items()) other.setAttribute("aria-selected", String(other === item));
  if (item) {
    input?.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  } else input?.removeAttribute("aria-activedescendant");
}

function act(item: HTMLElement | undefined, newTab: boolean): void {
  if (!item) return;
  const command = chosen.get(item);
  const href = command?.href ?? item.getAttribute("href");
  dialog?.close();
  if (href && newTab) window.open(href, "_blank", "noopener");
  else if (command) run(command);
  else if (href) location.assign(href);
}

input?.addEventListener("input", () => show(input.value.trim()));
input?.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  const now = items().findIndex((item) => item.ariaSelected === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const step = event.key === "ArrowDown" ? 1 : -1;
    select(items()[(now + step + items().length) % items().length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    act(items()[now], event.metaKey || event.ctrlKey);
  }
});
list?.addEventListener("click", (event) => {
  const item = closest(event, ".palette-item");
  if (!item) return;
  event.preventDefault();
  act(item, (event as MouseEvent).metaKey || (event as MouseEvent).ctrlKey);
});
document.addEventListener("click", (event) => {
  if (!closest(event, "[data-palette]")) return;
  event.preventDefault();
  openPalette();
});

import { all, closest } from "./dom.ts";

/*
 * Lists one walks by keys: `[data-list]` around `a[data-item]`. j/k or arrows move, space peeks (the link's own htmx
 * request), Enter opens `data-open`, x ticks the row's `.pick` (picks.ts). While the peek is open, moving changes it at once.
 */

const items = (): HTMLAnchorElement[] => all<HTMLAnchorElement>("[data-list] a[data-item]").filter((item) => item.checkVisibility());
const peekOpen = (): boolean => (document.getElementById("peek")?.childElementCount ?? 0) > 0;

function current(): number {
  const list = items();
  const focused = list.findIndex((item) => item === document.activeElement);
  return focused >= 0 ? focused : list.findIndex((item) => item.getAttribute("aria-current") === "true");
}

/** Handles a single key in a list; true when it did. */
export function moveInList(event: KeyboardEvent): boolean {
  const list = items();
  if (list.length === 0 || event.shiftKey) return false;
  const at = current();
  const item = list[at];
  const inControl = event.target instanceof Element && event.target.closest("button, summary, input, a:not([data-item])") !== null;
  switch (event.key) {
    case "j": case "k": case "ArrowDown": case "ArrowUp": {
      if (event.key.startsWith("Arrow") && document.activeElement !== item) return false;
      const next = list[Math.max(0, Math.min(list.length - 1, at + (event.key === "j" || event.key === "ArrowDown" ? 1 : -1)))];
      next?.focus();
      if (next && next !== item && peekOpen() && next.hasAttribute("hx-get")) next.click();
      break;
    }
    case " ":
      if (!item || inControl) return false;
      item.click();
      break;
    case "Enter":
      if (!item || inControl || document.activeElement !== item) return false;
      location.assign(item.dataset["open"] ?? item.href);
      break;
    case "x": {
      const pick = item?.closest("[data-row]")?.querySelector<HTMLInputElement>(".pick");
      if (!pick || pick.disabled) return false;
      pick.checked = !pick.checked;
      pick.dispatchEvent(new Event("change", { bubbles: true }));
      break;
    }
    case "Escape": {
      const close = document.querySelector<HTMLElement>("[data-peek-close]");
      if (!close) return false;
      close.click();
      break;
    }
    default:
      return false;
  }
  event.preventDefault();
  return true;
}

document.addEventListener("click", (event) => {
  const item = closest<HTMLAnchorElement>(event, "[data-list] a[data-item][hx-get]");
  if (item) for (const other of items()) other.toggleAttribute("aria-current", false);
  item?.setAttribute("aria-current", "true");

  const step = closest<HTMLElement>(event, "[data-step]");
  if (step) {
    event.preventDefault();
    const list = items();
    list[current() + Number(step.dataset["step"])]?.click();
  }

  const close = closest<HTMLAnchorElement>(event, "[data-peek-close]");
  if (close) {
    event.preventDefault();
    document.getElementById("peek")?.replaceChildren();
    history.pushState(null, "", close.href);
    const item = items()[current()];
    items().forEach((other) => other.removeAttribute("aria-current"));
    item?.focus();
  }

  const fold = closest<HTMLButtonElement>(event, "button[data-fold]");
  if (fold) {
    const open = fold.getAttribute("aria-expanded") !== "true";
    fold.setAttribute("aria-expanded", String(open));
    for (const row of all(`[data-folds="${CSS.escape(fold.dataset["fold"] ?? "")}"]`)) row.hidden = !open;
  }
});

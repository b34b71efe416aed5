import { all, closest } from "./dom.ts";

/*
 * Ticking rows of a list: `.pick` boxes, `[data-pick-all]` for all, and a bar `[data-picked-bar]` with how many are ticked and their sum.
 * Where boxes bear `data-kind`, only those of one kind are ticked together: the first says which, and `[data-pick-kind]` takes the others.
 * `[data-picking]` shows the boxes where there is no pointer to hover with. What is ticked stays so while the list is refreshed.
 */

const boxes = (): HTMLInputElement[] => all<HTMLInputElement>(".pick");
const remembered = new Set<string>();

/** Minor units with thousands and the currency's digits: integers all the way. */
function grouped(minor: bigint, digits: number): string {
  const text = minor.toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  return digits > 0 ? `${whole}.${text.slice(-digits)}` : whole;
}

function sum(picked: HTMLInputElement[]): string {
  const sums = new Map<string, { minor: bigint; digits: number }>();
  for (const { dataset } of picked) {
    if (!dataset["minor"]) continue;
    const of = sums.get(dataset["sign"] ?? "") ?? { minor: 0n, digits: Number(dataset["digits"] ?? 2) };
    of.minor += BigInt(dataset["minor"]);
    sums.set(dataset["sign"] ?? "", of);
  }
  return [...sums].map(([sign, { minor, digits }]) => sign + grouped(minor, digits)).join(" + ");
}

function show(): void {
  const picked = boxes().filter((box) => box.checked);
  const first = picked[0];
  const kind = first?.dataset["kind"];
  const same = boxes().filter((box) => box.dataset["kind"] === kind);
  for (const box of boxes()) {
    if (box.dataset["kind"] !== undefined) box.disabled = kind !== undefined && box.dataset["kind"] !== kind;
  }
  const list = document.querySelector("[data-list]");
  const pressed = document.querySelector("[data-picking]")?.getAttribute("aria-pressed") === "true";
  list?.classList.toggle("picking", picked.length > 0 || pressed);
  for (const bar of all("[data-picked-bar]")) bar.hidden = picked.length === 0;
  for (const count of all("[data-picked-count]")) count.textContent = String(picked.length);
  for (const place of all("[data-picked-sum]")) place.textContent = sum(picked);
  for (const place of all("[data-picked-kind]")) place.textContent = first?.dataset["kindName"] ?? "";
  for (const place of all("[data-kind-count]")) place.textContent = String(same.length);
  for (const button of all<HTMLButtonElement>("[data-pick-kind]")) button.hidden = same.length === picked.length;
  remembered.clear();
  for (const box of picked) remembered.add(box.value);
}

document.addEventListener("change", (event) => {
  const every = closest<HTMLInputElement>(event, "[data-pick-all]");
  if (every) for (const pick of all<HTMLInputElement>(".pick", every.closest("[data-list]") ?? document)) pick.checked = every.checked;
  if (every || closest(event, ".pick")) show();
});

document.addEventListener("click", (event) => {
  const picking = closest(event, "[data-picking]");
  if (picking) picking.setAttribute("aria-pressed", String(picking.getAttribute("aria-pressed") !== "true"));
  const ofKind = closest(event, "[data-pick-kind]");
  if (ofKind) for (const box of boxes()) if (!box.disabled) box.checked = true;
  const none = closest(event, "[data-pick-none]");
  if (none) for (const box of boxes()) box.checked = false;
  if (picking || ofKind || none) show();
});

/* A box whose claim has changed has another value, and is no longer ticked. */
document.addEventListener("htmx:after:swap", () => {
  if (remembered.size === 0) return;
  for (const box of boxes()) box.checked = remembered.has(box.value);
  show();
});

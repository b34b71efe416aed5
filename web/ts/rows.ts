import { closest } from "./dom.ts";
import { fillOptions } from "./options.ts";

/*
 * Rows that can be added and removed without a round trip; without scripts the same buttons submit the form.
 * `[data-rows="l"][data-next="3"]` holds `[data-row]`s and a `<template>` whose names contain `__l__`;
 * `button[data-add="#id-of-rows"]` adds, `button[data-remove]` removes its row.
 */
document.addEventListener("click", (event) => {
  const add = closest<HTMLButtonElement>(event, "button[data-add]");
  if (add) {
    const rows = document.querySelector<HTMLElement>(add.dataset["add"] ?? "");
    const template = rows?.querySelector<HTMLTemplateElement>(":scope > template");
    if (!rows || !template) return;
    event.preventDefault();
    const number = Number(rows.dataset["next"] ?? rows.childElementCount);
    rows.dataset["next"] = String(number + 1);
    template.insertAdjacentHTML("beforebegin", template.innerHTML.replaceAll(`__${rows.dataset["rows"]}__`, String(number)));
    const row = template.previousElementSibling;
    if (!row) return;
    window.htmx.process(row);
    fillOptions(row);
    row.querySelector<HTMLElement>("input:not([type=hidden]), select")?.focus();
    changed(rows);
  }

  const remove = closest<HTMLButtonElement>(event, "button[data-remove]");
  const row = remove?.closest<HTMLElement>("[data-row]");
  if (remove && row) {
    event.preventDefault();
    const rows = row.parentElement;
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector<HTMLElement>("input:not([type=hidden]), select") ?? rows?.parentElement?.querySelector<HTMLElement>("button[data-add]"))?.focus();
    if (rows) changed(rows);
  }
});

/** Tells the form, whose sums and findings the server renders, that it is worth asking again. */
function changed(rows: HTMLElement): void {
  rows.dispatchEvent(new Event("input", { bubbles: true }));
}

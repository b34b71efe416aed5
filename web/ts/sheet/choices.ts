/* The values of a column, offered while its cell is written. */
import { el } from "../dom.ts";
import { choices, display, split, value, type Column, type Shown, type Words } from "./cells.ts";

export class Choices {
  private readonly list = el("ul", "choices");
  private all: { text: string; told: string }[] = [];
  private chosen = -1;
  private column: Column | null = null;

  constructor(
    private readonly input: HTMLInputElement,
    place: HTMLElement,
    private readonly pick: () => void,
  ) {
    this.list.id = "sheet-choices";
    this.list.role = "listbox";
    this.list.hidden = true;
    this.list.setAttribute("aria-label", "");
    place.append(this.list);
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault();
      const at = [...this.list.children].findIndex((li) => li.contains(event.target as Node));
      if (at < 0) return;
      this.chosen = at;
      if (this.take()) this.pick();
    });
  }

  get open(): boolean {
    return !this.list.hidden;
  }

  /** Offers what fits the last part of what is written; nothing for a column without a list of values. */
  offer(column: Column, shown: Shown, words: Words, label: string): void {
    this.column = column;
    const part = this.part().toLocaleLowerCase().replace(/^"|"$/g, "");
    const told = choices(column).map((text) => ({ text, told: value(text, shown, words) }));
    if (column.side === "when" && told.length > 0) told.push({ text: "-", told: display("-", column, shown, words) });
    const whole = told.some((c) => c.told.toLocaleLowerCase() === part || c.text === this.part());
    this.all = whole ? told : told.filter((c) => c.told.toLocaleLowerCase().includes(part) || c.text.toLocaleLowerCase().includes(part));
    this.chosen = -1;
    this.list.setAttribute("aria-label", label);
    this.list.replaceChildren(
      ...this.all.map((c, at) => {
        const li = el("li", "", c.told);
        li.id = `sheet-choice-${at}`;
        li.role = "option";
        li.ariaSelected = "false";
        return li;
      }),
    );
    this.list.hidden = this.all.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    if (!this.list.hidden) this.place();
  }

  close(): void {
    this.list.hidden = true;
    this.chosen = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-expanded", "false");
  }

  /** Goes to another choice. */
  move(by: number): void {
    this.chosen = (this.chosen + by + this.all.length + (this.chosen < 0 && by < 0 ? 1 : 0)) % this.all.length;
    [...this.list.children].forEach((li, at) => (li.ariaSelected = String(at === this.chosen)));
    const li = this.list.children[this.chosen];
    li?.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", li?.id ?? "");
  }

  /** Writes the choice in place of the last part; false if none is chosen. */
  take(): boolean {
    const choice = this.all[this.chosen];
    if (!choice || !this.open) return false;
    const before = this.column?.side === "when" && choice.text !== "-" ? split(this.input.value, ",").slice(0, -1) : [];
    this.input.value = [...before, choice.text].join(", ");
    this.close();
    return true;
  }

  private part(): string {
    return this.column?.side === "when" ? (split(this.input.value, ",").at(-1) ?? "") : this.input.value.trim();
  }

  private place(): void {
    const at = this.input.getBoundingClientRect();
    const below = innerHeight - at.bottom;
    this.list.style.left = `${Math.max(4, Math.min(at.left, innerWidth - 228))}px`;
    this.list.style.minWidth = `${Math.min(at.width, 220)}px`;
    const up = below < 180 && at.top > below;
    this.list.style.top = up ? "" : `${at.bottom + 2}px`;
    this.list.style.bottom = up ? `${innerHeight - at.top + 2}px` : "";
  }
}

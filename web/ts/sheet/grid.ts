/* The grid as it is drawn: rows that did not change keep their elements. */
import { el, icon } from "../dom.ts";
import { compared, display, letters, value, type Column } from "./cells.ts";
import { box, type Difference, type Range, type Row, type Sheet } from "./model.ts";
import { heading, here, shownAs, type PageData, type Problem } from "./page.ts";

interface Drawn {
  row: Row;
  signature: string;
  element: HTMLTableRowElement;
}

export interface Marks {
  difference: Difference;
  problems: Problem[];
  /** Rows, from 0, that a check speaks of. */
  cautions: Set<number>;
  /** The example that is shown above the rows. */
  case: string[] | null;
}

/** The classes of a column's cells. */
const sideOf = (sheet: Sheet, at: number): string => {
  const side = sheet.columns[at]?.side ?? "when";
  return side === "then" && sheet.columns[at - 1]?.side !== "then" ? "then edge" : side;
};

/** The column of a problem, from 0. */
export function columnOf(sheet: Sheet, problem: Problem): number | null {
  if (problem.column?.input) return problem.column.input - 1;
  if (problem.column?.output) return sheet.columns.filter((c) => c.side === "when").length + problem.column.output - 1;
  return null;
}

export class Grid {
  private readonly head = document.createElement("thead");
  private readonly body = document.createElement("tbody");
  private drawn = new Map<number, Drawn>();
  private headSignature = "";
  private painted: Element[] = [];

  constructor(
    readonly table: HTMLTableElement,
    private readonly data: PageData,
  ) {
    table.append(this.head, this.body);
  }

  /** Draws the sheet. */
  draw(sheet: Sheet, marks: Marks): void {
    const head = JSON.stringify([sheet.columns, [...marks.difference.columns], marks.case, this.headProblems(sheet, marks)]);
    if (head !== this.headSignature) {
      this.headSignature = head;
      this.drawn.clear();
      this.body.replaceChildren();
      this.drawHead(sheet, marks);
    }
    this.table.setAttribute("aria-rowcount", String(sheet.rows.length + 2));
    this.table.setAttribute("aria-colcount", String(sheet.columns.length + 1));
    const problems = new Map<string, string>();
    for (const p of marks.problems) {
      const column = columnOf(sheet, p);
      if (p.row !== undefined) problems.set(`${p.row - 1} ${column ?? "row"}`, here(p.text));
    }
    const next = new Map<number, Drawn>();
    const elements = sheet.rows.map((row, at) => {
      const old = marks.difference.old.get(at);
      const wrong = [...sheet.columns.keys(), "row"].map((c) => problems.get(`${at} ${c}`) ?? "");
      const signature = JSON.stringify([at, marks.difference.fresh.has(at), old ? [...old] : 0, wrong, marks.cautions.has(at)]);
      const before = this.drawn.get(row.key);
      const keep = before?.row === row && before.signature === signature ? before : { row, signature, element: this.drawRow(sheet, marks, row, at, wrong) };
      next.set(row.key, keep);
      return keep.element;
    });
    // What is gone goes first and what was drawn anew takes its place, so that the other rows stay where they are.
    for (const [key, { element }] of this.drawn) {
      const now = next.get(key)?.element;
      if (!now) element.remove();
      else if (now !== element) element.replaceWith(now);
    }
    this.drawn = next;
    let place = this.body.firstElementChild;
    for (const element of elements) {
      if (place === element) place = place.nextElementSibling;
      else this.body.insertBefore(element, place);
    }
  }

  private headProblems(sheet: Sheet, marks: Marks): [number, string][] {
    return marks.problems.filter((p) => p.row === undefined && p.column).map((p) => [columnOf(sheet, p) ?? 0, here(p.text)]);
  }

  private drawHead(sheet: Sheet, marks: Marks): void {
    const { words } = this.data;
    const count = (side: string) => sheet.columns.filter((c) => c.side === side).length;
    const sides = document.createElement("tr");
    const corner = el("th", "sheet-no");
    sides.append(corner);
    for (const side of ["when", "then"] as const) {
      if (count(side) === 0) continue;
      const th = el("th", `sheet-side ${side === "then" ? "then edge" : side}`, words[side] ?? side) as HTMLTableCellElement;
      th.colSpan = count(side);
      th.scope = "colgroup";
      sides.append(th);
    }
    const heads = document.createElement("tr");
    const number = el("th", "sheet-no", "#") as HTMLTableCellElement;
    number.scope = "col";
    heads.append(number);
    const wrong = new Map(this.headProblems(sheet, marks));
    sheet.columns.forEach((column, at) => {
      const th = el("th", `${sideOf(sheet, at)}${marks.difference.columns.has(at) ? " fresh" : ""}${wrong.has(at) ? " wrong" : ""}`, el("span", "letter", letters(at)), heading(this.data, column)) as HTMLTableCellElement;
      th.scope = "col";
      th.dataset["column"] = String(at);
      th.title = wrong.get(at) ?? (column.name === heading(this.data, column) ? "" : column.name);
      heads.append(th);
    });
    for (const row of [sides, heads]) {
      row.setAttribute("role", "row");
      for (const cell of row.children) cell.setAttribute("role", "columnheader");
    }
    corner.setAttribute("role", "presentation");
    this.head.replaceChildren(sides, heads);
    if (marks.case) this.head.append(this.drawCase(sheet, marks.case));
  }

  /** An example of a check: its value over each column that asks. */
  private drawCase(sheet: Sheet, example: string[]): HTMLTableRowElement {
    const row = document.createElement("tr");
    row.className = "case";
    row.setAttribute("role", "row");
    const name = el("th", "sheet-no", this.data.words["case"] ?? "");
    name.setAttribute("role", "rowheader");
    row.append(name);
    sheet.columns.forEach((column, at) => {
      const td = el("td", sideOf(sheet, at), column.side === "when" ? value(example[at] ?? "", shownAs(this.data, column), this.data.words) : "");
      td.setAttribute("role", "gridcell");
      row.append(td);
    });
    return row;
  }

  private drawRow(sheet: Sheet, marks: Marks, row: Row, at: number, wrong: string[]): HTMLTableRowElement {
    const { words } = this.data;
    const element = document.createElement("tr");
    element.dataset["row"] = String(at);
    element.setAttribute("role", "row");
    element.setAttribute("aria-rowindex", String(at + 3));
    const fresh = marks.difference.fresh.has(at);
    if (fresh) element.className = "fresh";
    const number = el("th", "sheet-no");
    number.setAttribute("scope", "row");
    number.setAttribute("role", "rowheader");
    const rowWrong = wrong.at(-1);
    if (rowWrong) number.title = rowWrong;
    if (rowWrong || marks.cautions.has(at)) number.append(el("span", rowWrong ? "t-bad" : "t-warn", icon("triangle-alert")), el("span", "sr", words["marked"] ?? ""));
    if (fresh) number.append(el("span", "plus", "+"), el("span", "sr", words["new"] ?? ""));
    number.append(String(at + 1));
    element.append(number);
    const old = marks.difference.old.get(at);
    sheet.columns.forEach((column, c) => element.append(this.drawCell(column, sideOf(sheet, c), row.cells[c] ?? "", c, old?.get(c), wrong[c] ?? "")));
    return element;
  }

  private drawCell(column: Column, side: string, text: string, at: number, old: string | undefined, wrong: string): HTMLTableCellElement {
    const td = document.createElement("td");
    td.dataset["column"] = String(at);
    td.setAttribute("role", "gridcell");
    td.setAttribute("aria-colindex", String(at + 2));
    td.className = [side, wrong && "wrong", old !== undefined && "changed"].filter(Boolean).join(" ");
    if (wrong) {
      td.setAttribute("aria-invalid", "true");
      td.title = wrong;
    }
    this.fillCell(td, column, text, old);
    return td;
  }

  private fillCell(td: HTMLTableCellElement, column: Column, text: string, old: string | undefined): void {
    const { words } = this.data;
    const shown = shownAs(this.data, column);
    const told = display(text, column, shown, words);
    const box = el("span", "cell");
    if (old !== undefined) {
      const [a, b] = [compared(old), compared(text)];
      const same = a && b && column.side === "when" && a.sign === b.sign;
      if (same) box.append(`${b.sign} `);
      box.append(el("del", "", same ? value(a.value, shown, words) : display(old, column, shown, words)), " ", el("b", "", same ? value(b.value, shown, words) : told));
    } else {
      const look = column.side === "then" ? this.data.looks[text] : undefined;
      const nothing = column.side === "when" ? text.trim() === "-" || text.trim() === "" : text.trim() === "";
      if (look) box.append(el("span", `st ${look.tone}`, icon(look.icon), told));
      else box.append(nothing ? el("span", "none", told) : told);
    }
    td.replaceChildren(box);
  }

  /** Shows a text in a cell while it is typed elsewhere. */
  preview(sheet: Sheet, row: number, column: number, text: string): void {
    const [td, head] = [this.cell(row, column), sheet.columns[column]];
    if (!td || !head) return;
    const input = td.querySelector("input");
    this.fillCell(td, head, text, undefined);
    if (input) td.append(input);
    // What is drawn is no longer what the row holds.
    const known = sheet.rows[row] && this.drawn.get(sheet.rows[row].key);
    if (known) known.signature = "";
  }

  cell(row: number, column: number): HTMLTableCellElement | null {
    return (this.body.children[row]?.children[column + 1] as HTMLTableCellElement | undefined) ?? null;
  }

  /** Where an element of the grid is: a cell, or a heading of a row (column null) or of a column (row null). */
  at(target: EventTarget | null): { row: number | null; column: number | null } | null {
    const cell = target instanceof Element ? target.closest<HTMLElement>("td, th") : null;
    if (!cell || !this.table.contains(cell)) return null;
    const row = cell.parentElement?.dataset["row"];
    const column = cell.dataset["column"];
    if (row === undefined && column === undefined) return null;
    return { row: row === undefined ? null : Number(row), column: column === undefined ? null : Number(column) };
  }

  /** Marks what is selected, and the rows that a check speaks of. */
  paint(range: Range, lit: number[]): void {
    for (const element of this.painted) {
      element.classList.remove("in", "at", "on", "lit");
      element.removeAttribute("aria-selected");
    }
    this.painted = [];
    const mark = (element: Element | null | undefined, ...names: string[]) => {
      if (!element) return;
      element.classList.add(...names);
      this.painted.push(element);
    };
    const { top, bottom, left, right } = box(range);
    for (let row = top; row <= bottom; row += 1) {
      const tr = this.body.children[row];
      mark(tr?.children[0], "on");
      for (let column = left; column <= right; column += 1) {
        const td = this.cell(row, column);
        td?.setAttribute("aria-selected", "true");
        mark(td, "in");
      }
    }
    for (let column = left; column <= right; column += 1) mark(this.head.children[1]?.children[column + 1], "on");
    mark(this.cell(range.focus.row, range.focus.column), "at");
    for (const row of lit) mark(this.body.children[row], "lit");
  }
}

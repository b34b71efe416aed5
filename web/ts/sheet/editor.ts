/*
 * The editor: selection, keys, typing, clipboard, steps. One input lives in the active cell and always has the focus, so that an
 * input method can begin a word right there; while nothing is written it is empty and cannot be seen.
 */
import { composing, el } from "../dom.ts";
import { display, fill, letters, meaning, normalise, type Column } from "./cells.ts";
import { Choices } from "./choices.ts";
import { columnOf, Grid, type Marks } from "./grid.ts";
import * as model from "./model.ts";
import type { At, Range, Sheet } from "./model.ts";
import { heading, here, shownAs, type PageData, type Problem } from "./page.ts";
import * as tsv from "./tsv.ts";

const find = <E extends HTMLElement>(root: HTMLElement, name: string): E => root.querySelector<E>(`[data-${name}]`) as E;

export class Editor {
  readonly history: model.History;
  private readonly grid: Grid;
  private readonly input = document.createElement("input");
  private readonly bar: HTMLInputElement;
  private readonly choices: Choices;
  private readonly scroller: HTMLElement;
  /** Where something is being written, if anywhere. */
  private writing: "cell" | "bar" | null = null;
  private dragging = false;
  private problems: Problem[] = [];
  private cautions = new Set<number>();
  private lit: number[] = [];
  private example: string[] | null = null;
  private comparing = true;
  private said = "";

  /** `changed` is told after each step that changes the table. */
  constructor(
    private readonly root: HTMLElement,
    private readonly data: PageData,
    private readonly changed: () => void,
  ) {
    const sheet = model.fromTable(data.table, data.base);
    this.history = new model.History({ sheet, range: { anchor: { row: 0, column: 0 }, focus: { row: 0, column: 0 } } });
    this.grid = new Grid(find<HTMLTableElement>(root, "grid"), data);
    this.bar = find<HTMLInputElement>(root, "formula");
    this.scroller = find(root, "scroll");
    this.input.className = "cell-input";
    this.input.autocomplete = "off";
    this.input.spellcheck = false;
    this.input.setAttribute("autocapitalize", "off");
    this.input.setAttribute("aria-describedby", "sheet-validity");
    this.choices = new Choices(this.input, root, () => this.commit(1, 0));
    root.classList.toggle("readonly", data.readonly);
    if (data.readonly) this.bar.readOnly = this.input.readOnly = true;
    this.listen();
    this.draw();
  }

  get sheet(): Sheet {
    return this.history.sheet;
  }

  private get range(): Range {
    return this.history.range;
  }

  private get at(): At {
    return this.range.focus;
  }

  private get column(): Column | undefined {
    return this.sheet.columns[this.at.column];
  }

  private get text(): string {
    return this.sheet.rows[this.at.row]?.cells[this.at.column] ?? "";
  }

  get difference(): model.Difference {
    return model.difference(this.comparing ? this.data.base : null, this.sheet);
  }

  /** Takes what the server found. */
  found(problems: Problem[], cautions: Set<number>): void {
    this.problems = problems;
    this.cautions = cautions;
    // An input method would lose its word if its cell were drawn anew.
    if (!this.writing) this.draw();
    else this.tell();
  }

  /** Selects and shows rows, from 0, and an example above them. */
  show(rows: number[], example: string[] | null, column = 0): void {
    this.lit = rows;
    this.example = example;
    const row = rows[0];
    if (row !== undefined && row < this.sheet.rows.length) this.history.select({ anchor: { row, column }, focus: { row, column } });
    this.draw();
    this.focus();
  }

  /** Takes a step to another sheet, which may be undone. */
  step(sheet: Sheet, range?: Range): void {
    if (this.data.readonly) return;
    const before = this.sheet;
    if (!this.history.to(sheet, range && this.inside(range, sheet))) return;
    if (before.columns !== sheet.columns) this.example = null;
    this.after();
  }

  private after(): void {
    this.history.select(this.inside(this.range, this.sheet));
    // What was found belongs to rows that may be elsewhere now; the server is asked again at once.
    this.draw();
    this.changed();
  }

  private inside(range: Range, sheet: Sheet): Range {
    const keep = (at: At): At => ({ row: Math.max(0, Math.min(at.row, sheet.rows.length - 1)), column: Math.max(0, Math.min(at.column, sheet.columns.length - 1)) });
    return { anchor: keep(range.anchor), focus: keep(range.focus) };
  }

  private draw(): void {
    const marks: Marks = { difference: this.difference, problems: this.problems, cautions: this.cautions, case: this.example };
    const focused = document.activeElement === this.input;
    this.grid.draw(this.sheet, marks);
    this.place();
    if (focused) this.input.focus({ preventScroll: true });
    this.tell();
  }

  /** Puts the input into the active cell. */
  private place(): void {
    const cell = this.grid.cell(this.at.row, this.at.column);
    if (cell && this.input.parentElement !== cell) {
      const focused = document.activeElement === this.input;
      cell.append(this.input);
      if (focused) this.input.focus({ preventScroll: true });
    }
    this.grid.paint(this.range, this.lit);
  }

  focus(): void {
    this.input.focus({ preventScroll: true });
    this.grid.cell(this.at.row, this.at.column)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** The bar above the grid, and what a screen reader says of the cell. */
  private tell(): void {
    const { words } = this.data;
    const column = this.column;
    const name = `${letters(this.at.column)}${this.at.row + 1}`;
    const text = this.writing ? this.written : this.text;
    const { top, bottom, left, right } = model.box(this.range);
    const many = top !== bottom || left !== right;
    find(this.root, "cell-name").textContent = many ? `${letters(left)}${top + 1}:${letters(right)}${bottom + 1}` : name;
    if (this.writing !== "bar") this.bar.value = text;
    const shown = column && shownAs(this.data, column);
    const meant = column && shown ? meaning(this.writing ? normalise(text, column, shown, words) : text, column, shown, words) : "";
    find(this.root, "meaning").textContent = column ? fill(words["of_column"], heading(this.data, column), meant) : "";
    const problem = this.problems.find((p) => p.row === this.at.row + 1 && columnOf(this.sheet, p) === this.at.column);
    const validity = find(this.root, "validity");
    validity.className = `validity st ${problem ? "bad" : "ok"}`;
    validity.hidden = !column || this.sheet.rows.length === 0;
    find(validity, "good").hidden = problem !== undefined;
    find(validity, "wrong").hidden = problem === undefined;
    find(validity, "wrong").lastChild!.textContent = problem ? here(problem.text) : "";
    if (column && shown && !this.writing) {
      this.input.setAttribute("aria-label", `${name}, ${heading(this.data, column)}: ${display(text, column, shown, words)}`);
      this.input.setAttribute("aria-invalid", String(problem !== undefined));
    }
  }

  /** Tells screen readers. */
  say(text: string): void {
    // The same words twice would be told once.
    this.said = text === this.said ? `${text}\u00a0` : text;
    find(this.root, "say").textContent = this.said;
  }

  // Selecting

  private select(range: Range): void {
    this.lit = [];
    this.history.select(this.inside(range, this.sheet));
    this.place();
    this.tell();
    this.focus();
  }

  private go(down: number, right: number, extend = false): void {
    const focus = { row: this.at.row + down, column: this.at.column + right };
    this.select({ anchor: extend ? this.range.anchor : focus, focus });
  }

  // Writing

  private get written(): string {
    return this.writing === "bar" ? this.bar.value : this.input.value;
  }

  /** Begins to write in the cell: over what is there, or with it. */
  private begin(keep: boolean): void {
    const column = this.column;
    if (this.data.readonly || !column) return;
    this.writing = "cell";
    if (keep) {
      this.input.value = this.text;
      this.input.setSelectionRange(this.text.length, this.text.length);
    }
    this.input.classList.add("writing");
    this.input.inputMode = "text";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-controls", "sheet-choices");
    this.offer();
    this.tell();
  }

  private offer(): void {
    const column = this.column;
    if (column) this.choices.offer(column, shownAs(this.data, column), this.data.words, heading(this.data, column));
  }

  private end(): void {
    this.writing = null;
    this.choices.close();
    this.input.value = "";
    this.input.classList.remove("writing");
    this.input.removeAttribute("role");
    this.input.removeAttribute("aria-controls");
    this.input.removeAttribute("aria-expanded");
    this.input.inputMode = matchMedia("(pointer: coarse)").matches ? "none" : "text";
  }

  /** Ends writing with what is written, and goes on by as many cells. */
  private commit(down: number, right: number): void {
    if (!this.writing) return;
    const column = this.column;
    const text = this.written;
    this.end();
    if (column) {
      const read = normalise(text, column, shownAs(this.data, column), this.data.words);
      const sheet = model.withCells(this.sheet, [{ at: this.at, text: read }]);
      if (sheet === this.sheet) this.draw();
      else this.step(sheet);
    }
    // At the end of the last row a new one begins.
    if (down > 0 && this.at.row + down >= this.sheet.rows.length) this.tell();
    else if (down || right) this.go(down, right);
  }

  private cancel(): void {
    this.end();
    this.draw();
    this.focus();
  }

  // What buttons and keys do

  /** Carries out an act by its name; false if there is none. */
  act(name: string): boolean {
    const { top, bottom } = model.box(this.range);
    const rows = (from: number, to: number): Range => ({ anchor: { row: from, column: this.range.anchor.column }, focus: { row: to, column: this.at.column } });
    const count = bottom - top + 1;
    this.commit(0, 0);
    switch (name) {
      case "undo":
        if (this.history.undo()) this.after();
        break;
      case "redo":
        if (this.history.redo()) this.after();
        break;
      case "insert-above":
        this.step(model.withRows(this.sheet, top, count), rows(top, bottom));
        break;
      case "insert-below":
        this.step(model.withRows(this.sheet, bottom + 1, count), rows(bottom + 1, bottom + count));
        break;
      case "add-row": {
        const last = this.sheet.rows.length;
        this.step(model.withRows(this.sheet, last, 1), { anchor: { row: last, column: 0 }, focus: { row: last, column: 0 } });
        break;
      }
      case "duplicate":
        this.step(model.withRows(this.sheet, bottom + 1, 1, this.sheet.rows[bottom]?.cells), rows(bottom + 1, bottom + 1));
        break;
      case "remove-rows":
        if (this.sheet.rows.length > 0) this.step(model.withoutRows(this.sheet, top, bottom), rows(top, top));
        this.say(fill(this.data.words["rows_removed"], String(count)));
        break;
      case "move-up":
        this.step(model.moved(this.sheet, top, bottom, -1), rows(this.range.anchor.row - 1, this.at.row - 1));
        break;
      case "move-down":
        this.step(model.moved(this.sheet, top, bottom, 1), rows(this.range.anchor.row + 1, this.at.row + 1));
        break;
      case "copy-down":
        this.step(model.copiedDown(this.sheet, this.range));
        break;
      case "clear":
        this.fillWith((column) => model.blank(column));
        break;
      case "remove-column":
        if (this.sheet.columns.length > 1) this.step(model.withoutColumn(this.sheet, this.at.column));
        break;
      case "compare":
        this.comparing = !this.comparing;
        this.draw();
        break;
      default:
        return false;
    }
    this.focus();
    return true;
  }

  addColumn(column: Column): void {
    this.step(model.withColumn(this.sheet, column));
    this.focus();
  }

  /** A new row with these cells, before row `at`. */
  addRow(cells: string[], at: number): void {
    const row = this.sheet.columns.map((c, n) => cells[n] ?? model.blank(c));
    const column = Math.max(0, this.sheet.columns.findIndex((c) => c.side === "then"));
    this.step(model.withRows(this.sheet, at, 1, row), { anchor: { row: at, column }, focus: { row: at, column } });
    this.focus();
  }

  private fillWith(text: (column: Column) => string): void {
    const { top, bottom, left, right } = model.box(this.range);
    const changes: { at: At; text: string }[] = [];
    for (let row = top; row <= bottom; row += 1) {
      for (let column = left; column <= right; column += 1) {
        const head = this.sheet.columns[column];
        if (head) changes.push({ at: { row, column }, text: text(head) });
      }
    }
    this.step(model.withCells(this.sheet, changes));
  }

  private paste(text: string): void {
    const block = tsv.read(text);
    if (block.length === 0) return;
    const read = (cell: string, column: Column) => normalise(cell, column, shownAs(this.data, column), this.data.words);
    const { sheet, range, lost } = model.pasted(this.sheet, this.range, block, read);
    this.step(sheet, range);
    this.say(fill(this.data.words[lost > 0 ? "pasted_lost" : "pasted"], String(block.length), String(lost)));
  }

  // Events

  private listen(): void {
    const { input, bar, grid } = this;
    this.end();
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("input", () => {
      if (!this.writing) this.begin(false);
      else this.tell();
      this.offer();
    });
    input.addEventListener("blur", () => this.writing === "cell" && this.commit(0, 0));
    for (const kind of ["copy", "cut"] as const) {
      input.addEventListener(kind, (event) => {
        if (this.writing) return;
        event.preventDefault();
        event.clipboardData?.setData("text/plain", tsv.write(model.block(this.sheet, this.range)));
        if (kind === "cut") this.act("clear");
      });
    }
    input.addEventListener("paste", (event) => {
      if (this.writing) return;
      event.preventDefault();
      this.paste(event.clipboardData?.getData("text/plain") ?? "");
    });

    bar.addEventListener("focus", () => {
      if (!this.data.readonly) this.writing = "bar";
    });
    bar.addEventListener("input", () => {
      this.grid.preview(this.sheet, this.at.row, this.at.column, bar.value);
      this.tell();
    });
    bar.addEventListener("blur", () => this.writing === "bar" && this.commit(0, 0));
    bar.addEventListener("keydown", (event) => {
      if (composing(event)) return;
      if (event.key === "Enter") {
        event.preventDefault();
        this.commit(1, 0);
        this.focus();
      } else if (event.key === "Escape") {
        event.preventDefault();
        this.cancel();
      }
    });

    grid.table.addEventListener("mousedown", (event) => this.press(event));
    grid.table.addEventListener("dblclick", (event) => {
      if (grid.at(event.target)?.row !== null && !this.writing) this.begin(true);
    });
    document.addEventListener("mousemove", (event) => {
      if (!this.dragging || event.buttons !== 1) return void (this.dragging = false);
      const at = grid.at(document.elementFromPoint(event.clientX, event.clientY));
      if (at?.row == null || at.column === null) return;
      if (at.row === this.at.row && at.column === this.at.column) return;
      this.select({ anchor: this.range.anchor, focus: { row: at.row, column: at.column } });
    });
    // The heads stand before what scrolls beneath them.
    new ResizeObserver(() => this.scroller.style.setProperty("--head", `${grid.table.tHead?.offsetHeight ?? 0}px`)).observe(grid.table);
  }

  private press(event: MouseEvent): void {
    if (event.button !== 0 || (event.target === this.input && this.writing)) return;
    const at = this.grid.at(event.target);
    if (!at) return;
    event.preventDefault();
    this.commit(0, 0);
    const last = { row: this.sheet.rows.length - 1, column: this.sheet.columns.length - 1 };
    const again = at.row === this.at.row && at.column === this.at.column && document.activeElement === this.input;
    if (at.row === null && at.column !== null) this.select({ anchor: { row: last.row, column: at.column }, focus: { row: 0, column: at.column } });
    else if (at.row !== null && at.column === null) this.select({ anchor: { row: event.shiftKey ? this.range.anchor.row : at.row, column: last.column }, focus: { row: at.row, column: 0 } });
    else if (at.row !== null && at.column !== null) {
      const focus = { row: at.row, column: at.column };
      this.select({ anchor: event.shiftKey ? this.range.anchor : focus, focus });
      this.dragging = true;
      // A finger has no double click that a list could be scrolled by.
      if (again && matchMedia("(pointer: coarse)").matches) this.begin(true);
    }
  }

  private key(event: KeyboardEvent): void {
    if (composing(event)) return;
    const handled = this.writing === "cell" ? this.keyWhileWriting(event) : this.keyWhileWalking(event);
    if (!handled) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private keyWhileWriting(event: KeyboardEvent): boolean {
    const by = event.shiftKey ? -1 : 1;
    switch (event.key) {
      case "Enter":
      case "Tab":
        if (event.metaKey || event.ctrlKey || event.altKey) return false;
        this.choices.take();
        this.commit(event.key === "Enter" ? by : 0, event.key === "Tab" ? by : 0);
        return true;
      case "Escape":
        if (this.choices.open) this.choices.close();
        else this.cancel();
        return true;
      case "ArrowDown":
      case "ArrowUp":
        if (this.choices.open) this.choices.move(event.key === "ArrowDown" ? 1 : -1);
        else this.commit(event.key === "ArrowDown" ? 1 : -1, 0);
        return true;
      default:
        return false;
    }
  }

  private keyWhileWalking(event: KeyboardEvent): boolean {
    const mod = event.metaKey || event.ctrlKey;
    const { rows, columns } = this.sheet;
    const last = { row: rows.length - 1, column: columns.length - 1 };
    const [up, left] = [event.key === "ArrowUp" || event.key === "PageUp" ? -1 : 1, event.key === "ArrowLeft" ? -1 : 1];
    switch (event.key) {
      case "ArrowUp":
      case "ArrowDown":
        if (event.altKey) return this.act(up < 0 ? "move-up" : "move-down");
        this.go(mod ? up * rows.length : up, 0, event.shiftKey);
        return true;
      case "ArrowLeft":
      case "ArrowRight":
        if (event.altKey) return false;
        this.go(0, mod ? left * columns.length : left, event.shiftKey);
        return true;
      case "PageUp":
      case "PageDown":
        this.go(up * 10, 0, event.shiftKey);
        return true;
      case "Home":
      case "End": {
        const column = event.key === "Home" ? 0 : last.column;
        const row = mod ? (event.key === "Home" ? 0 : last.row) : this.at.row;
        this.select({ anchor: event.shiftKey ? this.range.anchor : { row, column }, focus: { row, column } });
        return true;
      }
      case "Tab": {
        // In the last cell Tab leaves the grid, so that nobody is caught in it.
        const to = this.at.row * columns.length + this.at.column + (event.shiftKey ? -1 : 1);
        if (to < 0 || to >= rows.length * columns.length) return false;
        const at = { row: Math.floor(to / columns.length), column: to % columns.length };
        this.select({ anchor: at, focus: at });
        return true;
      }
      case "Enter":
        if (mod) return false;
        if (event.shiftKey) this.go(-1, 0);
        else this.begin(true);
        return true;
      case "F2":
        this.begin(true);
        return true;
      case "Escape":
        this.root.querySelector<HTMLElement>("[data-act=add-row]")?.focus();
        return true;
      case "Delete":
      case "Backspace":
        return this.act("clear");
      case " ":
        if (!event.shiftKey) return false;
        this.select({ anchor: { row: this.range.anchor.row, column: last.column }, focus: { row: this.at.row, column: 0 } });
        return true;
      default:
        return mod && !event.altKey && this.keyWithCommand(event);
    }
  }

  private keyWithCommand(event: KeyboardEvent): boolean {
    switch (event.key.toLowerCase()) {
      case "a":
        this.select({ anchor: { row: this.sheet.rows.length - 1, column: this.sheet.columns.length - 1 }, focus: { row: 0, column: 0 } });
        return true;
      case "d":
        return this.act("copy-down");
      case "z":
        return this.act(event.shiftKey ? "redo" : "undo");
      case "y":
        return this.act("redo");
      default:
        return false;
    }
  }
}

/** A button that looks like a link. */
export const linkButton = (text: string): HTMLButtonElement => {
  const button = el("button", "link plain", text) as HTMLButtonElement;
  button.type = "button";
  return button;
};

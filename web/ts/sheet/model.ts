/* A table under edit: values that never change, and functions that make others of them. Pure. */
import type { Column } from "./cells.ts";

/** As the server has a table. */
export interface Table {
  id: string;
  name: string;
  hit: string;
  inputs: { id: string; label: string; expression: string; kind: string; allowed: string }[];
  outputs: { id: string; name: string; label: string; kind: string; allowed: string; default: string }[];
  rows: { id: string; inputs: string[]; outputs: string[]; note: string }[];
}

export interface Row {
  /** Its own while the page is open. */
  readonly key: number;
  readonly id: string;
  readonly cells: readonly string[];
  readonly note: string;
  /** Its place in the version that it is compared with; null if it is new. */
  readonly was: number | null;
}

export interface Sheet {
  readonly id: string;
  readonly name: string;
  readonly hit: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** A cell, by row and column from 0. */
export interface At {
  row: number;
  column: number;
}

/** Cells from one corner to the other, both included. */
export interface Range {
  anchor: At;
  focus: At;
}

let keys = 0;
const key = (): number => (keys += 1);

/** What a cell holds that nobody has written into. */
export const blank = (column: Pick<Column, "side">): string => (column.side === "when" ? "-" : "");

export function fromTable(table: Table, base: Table | null): Sheet {
  const columns: Column[] = [
    ...table.inputs.map((c): Column => ({ side: "when", id: c.id, name: c.expression, label: c.label, kind: c.kind, allowed: c.allowed, default: "" })),
    ...table.outputs.map((c): Column => ({ side: "then", id: c.id, name: c.name, label: c.label, kind: c.kind, allowed: c.allowed, default: c.default })),
  ];
  const was = base ? matched(base, table) : [];
  const rows = table.rows.map((r, at): Row => ({ key: key(), id: r.id, cells: [...r.inputs, ...r.outputs], note: r.note, was: was[at] ?? null }));
  return { id: table.id, name: table.name, hit: table.hit, columns, rows };
}

export function toTable(sheet: Sheet): Table {
  const when = sheet.columns.filter((c) => c.side === "when");
  return {
    id: sheet.id,
    name: sheet.name,
    hit: sheet.hit,
    inputs: when.map((c) => ({ id: c.id, label: c.label, expression: c.name, kind: c.kind, allowed: c.allowed })),
    outputs: sheet.columns.filter((c) => c.side === "then").map((c) => ({ id: c.id, name: c.name, label: c.label, kind: c.kind, allowed: c.allowed, default: c.default })),
    rows: sheet.rows.map((r) => ({ id: r.id, inputs: r.cells.slice(0, when.length), outputs: r.cells.slice(when.length), note: r.note })),
  };
}

/** Which row of `base` each row of `table` was: the same id, else the same cells in the same order, else the same place between such. */
export function matched(base: Table, table: Table): (number | null)[] {
  const texts = (t: Table) => t.rows.map((r) => JSON.stringify([r.inputs, r.outputs]));
  const [old, now] = [texts(base), texts(table)];
  const found: (number | null)[] = now.map(() => null);
  const ids = base.rows.map((r) => r.id);
  const distinct = ids.every((id) => id !== "") && new Set(ids).size === ids.length;
  if (distinct && table.rows.every((r) => r.id !== "")) return table.rows.map((r) => (ids.includes(r.id) ? ids.indexOf(r.id) : null));

  let [from, to, end] = [0, now.length, old.length];
  while (from < Math.min(to, end) && old[from] === now[from]) found[from] = from++;
  while (to > from && end > from && old[end - 1] === now[to - 1]) found[--to] = --end;
  for (const [a, b] of common(old.slice(from, end), now.slice(from, to))) found[from + b] = from + a;
  // What is left between two that are the same was changed in its place, as far as there were as many.
  for (let at = from; at < to; at += 1) {
    if (found[at] !== null) continue;
    const before = at > 0 ? found[at - 1] : -1;
    const next = (before ?? -2) + 1;
    if (before !== null && next < end && !found.includes(next)) found[at] = next;
  }
  return found;
}

/** Pairs of a longest common subsequence. */
function common(a: string[], b: string[]): [number, number][] {
  const width = b.length + 1;
  const most = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [below, right] = [most[(i + 1) * width + j] ?? 0, most[i * width + j + 1] ?? 0];
      most[i * width + j] = a[i] === b[j] ? (most[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(below, right);
    }
  }
  const pairs: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++]);
    else if ((most[(i + 1) * width + j] ?? 0) >= (most[i * width + j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return pairs;
}

export function box(range: Range): { top: number; bottom: number; left: number; right: number } {
  const { anchor, focus } = range;
  return {
    top: Math.min(anchor.row, focus.row),
    bottom: Math.max(anchor.row, focus.row),
    left: Math.min(anchor.column, focus.column),
    right: Math.max(anchor.column, focus.column),
  };
}

/** The sheet with cells changed; rows whose cells stay the same stay the same value. */
export function withCells(sheet: Sheet, changes: readonly { at: At; text: string }[]): Sheet {
  const rows = [...sheet.rows];
  for (const { at, text } of changes) {
    const row = rows[at.row];
    if (!row || row.cells[at.column] === text || at.column >= sheet.columns.length) continue;
    rows[at.row] = { ...row, cells: row.cells.with(at.column, text) };
  }
  return rows.every((row, at) => row === sheet.rows[at]) ? sheet : { ...sheet, rows };
}

/** Rows of blank cells, or of the given ones, before row `at`. */
export function withRows(sheet: Sheet, at: number, count: number, cells?: readonly string[]): Sheet {
  const fresh = Array.from({ length: count }, (): Row => ({ key: key(), id: "", cells: cells ?? sheet.columns.map(blank), note: "", was: null }));
  return { ...sheet, rows: sheet.rows.toSpliced(at, 0, ...fresh) };
}

export const withoutRows = (sheet: Sheet, from: number, to: number): Sheet => ({ ...sheet, rows: sheet.rows.toSpliced(from, to - from + 1) });

/** Rows `from`..`to` one place up or down; the same sheet at the edge. */
export function moved(sheet: Sheet, from: number, to: number, by: 1 | -1): Sheet {
  if (from + by < 0 || to + by >= sheet.rows.length) return sheet;
  const rows = [...sheet.rows];
  const block = rows.splice(from, to - from + 1);
  rows.splice(from + by, 0, ...block);
  return { ...sheet, rows };
}

/** A column at the end of its side. */
export function withColumn(sheet: Sheet, column: Column): Sheet {
  const last = sheet.columns.findLastIndex((c) => c.side === column.side);
  const at = last >= 0 ? last + 1 : column.side === "when" ? 0 : sheet.columns.length;
  const rows = sheet.rows.map((r) => ({ ...r, cells: r.cells.toSpliced(at, 0, blank(column)) }));
  return { ...sheet, columns: sheet.columns.toSpliced(at, 0, column), rows };
}

export function withoutColumn(sheet: Sheet, at: number): Sheet {
  const rows = sheet.rows.map((r) => ({ ...r, cells: r.cells.toSpliced(at, 1) }));
  return { ...sheet, columns: sheet.columns.toSpliced(at, 1), rows };
}

/** Pastes a block: one cell fills the whole range; a larger block grows rows, and cells beyond the last column are counted as lost. */
export function pasted(sheet: Sheet, range: Range, block: string[][], read: (text: string, column: Column) => string): { sheet: Sheet; range: Range; lost: number } {
  const { top, bottom, left, right } = box(range);
  const width = Math.max(0, ...block.map((row) => row.length));
  const changes: { at: At; text: string }[] = [];
  const put = (row: number, column: number, text: string) => {
    const head = sheet.columns[column];
    if (head) changes.push({ at: { row, column }, text: read(text, head) });
  };
  if (block.length === 1 && width === 1) {
    for (let row = top; row <= bottom; row += 1) for (let column = left; column <= right; column += 1) put(row, column, block[0]?.[0] ?? "");
    return { sheet: withCells(sheet, changes), range, lost: 0 };
  }
  const missing = top + block.length - sheet.rows.length;
  const grown = missing > 0 ? withRows(sheet, sheet.rows.length, missing) : sheet;
  block.forEach((cells, down) => cells.forEach((text, over) => put(top + down, left + over, text)));
  const lost = Math.max(0, left + width - sheet.columns.length);
  const focus = { row: top + block.length - 1, column: Math.min(left + width, sheet.columns.length) - 1 };
  return { sheet: withCells(grown, changes), range: { anchor: { row: top, column: left }, focus }, lost };
}

/** The cells of a range. */
export function block(sheet: Sheet, range: Range): string[][] {
  const { top, bottom, left, right } = box(range);
  return sheet.rows.slice(top, bottom + 1).map((r) => r.cells.slice(left, right + 1));
}

/** The first row of a range copied over the others; of one row, the row above over it. */
export function copiedDown(sheet: Sheet, range: Range): Sheet {
  const { top, bottom, left, right } = box(range);
  const from = top === bottom ? top - 1 : top;
  const source = sheet.rows[from];
  if (!source) return sheet;
  const changes: { at: At; text: string }[] = [];
  for (let row = from + 1; row <= bottom; row += 1) {
    for (let column = left; column <= right; column += 1) changes.push({ at: { row, column }, text: source.cells[column] ?? "" });
  }
  return withCells(sheet, changes);
}

/** What every step can be taken back to. */
interface Step {
  sheet: Sheet;
  range: Range;
}

/** The steps of this session, all of them. */
export class History {
  private past: Step[] = [];
  private future: Step[] = [];

  constructor(private now: Step) {}

  get sheet(): Sheet {
    return this.now.sheet;
  }

  get range(): Range {
    return this.now.range;
  }

  /** Selecting is no step, but a step leads back to where it was taken. */
  select(range: Range): void {
    this.now = { ...this.now, range };
  }

  /** Takes a step, unless nothing changes; whether something did. */
  to(sheet: Sheet, range: Range = this.now.range): boolean {
    if (sheet === this.now.sheet) return false;
    this.past.push(this.now);
    this.future = [];
    this.now = { sheet, range };
    return true;
  }

  undo(): boolean {
    return this.turn(this.past, this.future);
  }

  redo(): boolean {
    return this.turn(this.future, this.past);
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  private turn(from: Step[], to: Step[]): boolean {
    const step = from.pop();
    if (!step) return false;
    to.push(this.now);
    this.now = step;
    return true;
  }
}

/** How a sheet differs from the version that it is compared with. */
export interface Difference {
  /** The old text of the cells that changed, by row and column. */
  old: Map<number, Map<number, string>>;
  /** Rows that are new. */
  fresh: Set<number>;
  changed: number;
  removed: number;
  /** Columns that are new, and how many are gone. */
  columns: Set<number>;
  columnsGone: number;
}

export function difference(base: Table | null, sheet: Sheet): Difference {
  const found: Difference = { old: new Map(), fresh: new Set(), changed: 0, removed: 0, columns: new Set(), columnsGone: 0 };
  if (!base) return found;
  const heads = [...base.inputs.map((c) => `when ${c.expression}`), ...base.outputs.map((c) => `then ${c.name}`)];
  const from = sheet.columns.map((c) => heads.indexOf(`${c.side} ${c.name}`));
  from.forEach((at, column) => at < 0 && found.columns.add(column));
  found.columnsGone = heads.filter((_, at) => !from.includes(at)).length;
  const kept = new Set<number>();
  sheet.rows.forEach((row, at) => {
    const old = row.was === null ? undefined : base.rows[row.was];
    if (row.was === null || !old) return void found.fresh.add(at);
    kept.add(row.was);
    const cells = [...old.inputs, ...old.outputs];
    row.cells.forEach((text, column) => {
      const before = cells[from[column] ?? -1];
      if (before === undefined || before === text) return;
      const own = found.old.get(at) ?? new Map<number, string>();
      found.old.set(at, own.set(column, before));
    });
  });
  found.changed = found.old.size;
  found.removed = base.rows.length - kept.size;
  return found;
}

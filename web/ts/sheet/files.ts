/* Sheets and .dmn files in, with a look at what would change; and out. */
import { el, icon } from "../dom.ts";
import { isProblem, toast } from "../toast.ts";
import { display, fill, letters, type Column } from "./cells.ts";
import type { Editor } from "./editor.ts";
import { difference, fromTable, toTable, type Sheet, type Table } from "./model.ts";
import { heading, here, shownAs, type PageData, type Problem } from "./page.ts";

/** Most changes that are listed. */
const most = 30;

/** The words of a refusal: its title, then each field's. */
export async function refusal(answer: Response, words: Record<string, string>): Promise<string[]> {
  if (!isProblem(answer.headers.get("Content-Type"))) return [`${words["failed"]} (${answer.status})`];
  const problem = (await answer.json()) as { title?: string; fields?: { field: string; message: string }[] };
  const fields = (problem.fields ?? []).map((f) => f.message);
  return fields.length > 0 ? fields : [problem.title ?? ""];
}

/** Downloads the table as it is on the page. */
export async function save(data: PageData, sheet: Sheet, format: string): Promise<void> {
  const answer = await fetch(`${data.write}?format=${format}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(labelled(data, sheet)) }).catch(() => null);
  if (!answer?.ok) {
    const said = answer ? await refusal(answer, data.words) : [];
    return toast("bad", data.words["failed"] ?? "", said.join(" "));
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${sheet.name || sheet.id || "table"}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The table with the headings that the page shows. */
function labelled(data: PageData, sheet: Sheet): Table {
  return toTable({ ...sheet, columns: sheet.columns.map((c) => ({ ...c, label: heading(data, c) })) });
}

/** A table from a file, as this table's next state: columns known by name or heading keep what is known of them. */
export function taken(data: PageData, now: Sheet, file: Table): Sheet {
  const read = fromTable(file, null);
  const known = [...now.columns, ...data.vocabulary];
  const columns = read.columns.map((column): Column => {
    const same = known.find((k) => k.side === column.side && (k.name === column.name || heading(data, k) === column.name));
    return same ? { ...same, allowed: same.allowed || column.allowed, default: column.default || same.default } : column;
  });
  const table = toTable({ ...read, id: now.id, name: now.name, columns });
  const base = data.base;
  const sheet = fromTable(table, base);
  return { ...sheet, rows: sheet.rows };
}

/** A table of a file, and what is wrong with its cells. */
interface Read {
  table: Table;
  problems: Problem[];
}

export class Import {
  private tables: Read[] = [];

  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly data: PageData,
    private readonly editor: Editor,
  ) {
    const input = dialog.querySelector<HTMLInputElement>("input[type=file]")!;
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void this.look(file);
      input.value = "";
    });
    dialog.addEventListener("close", () => this.preview.replaceChildren());
  }

  private get preview(): HTMLElement {
    return this.dialog.querySelector<HTMLElement>("[data-preview]")!;
  }

  private async look(file: File): Promise<void> {
    const form = new FormData();
    form.append("file", file);
    const answer = await fetch(this.data.read, { method: "POST", body: form, headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) {
      const said = answer ? await refusal(answer, this.data.words) : [this.data.words["failed"] ?? ""];
      const box = el("div", "finding bad", icon("circle-x"), el("div", "", el("h3", "", file.name), ...said.map((text) => el("p", "", text))));
      box.setAttribute("role", "alert");
      return this.preview.replaceChildren(box);
    }
    this.tables = ((await answer.json()) as { tables: Read[] }).tables;
    this.offer(file.name, 0);
  }

  private offer(name: string, chosen: number): void {
    const { words } = this.data;
    const read = this.tables[chosen];
    if (!read) return;
    const { table, problems } = read;
    const parts: Node[] = [];
    if (this.tables.length > 1) {
      const select = document.createElement("select");
      select.setAttribute("aria-label", words["which_table"] ?? "");
      select.append(...this.tables.map(({ table: t }, at) => new Option(t.name || t.id, String(at), false, at === chosen)));
      select.addEventListener("change", () => this.offer(name, Number(select.value)));
      parts.push(select);
    }
    const now = this.editor.sheet;
    const next = taken(this.data, now, table);
    const before = toTable(now);
    // Compared with what is on the page, not with the version in force.
    const compared = fromTable(toTable(next), before);
    const changes = difference(before, compared);
    const counts = [
      fill(words["file_rows"], String(compared.rows.length)),
      fill(words["file_changed"], String(changes.changed)),
      fill(words["file_new"], String(changes.fresh.size)),
      fill(words["file_removed"], String(changes.removed)),
    ];
    if (changes.columns.size + changes.columnsGone > 0) counts.push(fill(words["file_columns"], String(changes.columns.size), String(changes.columnsGone)));
    parts.push(el("p", "", el("b", "", name), ` · ${counts.join(" · ")}`));
    const list = el("ul", "sheet-changes");
    for (const [row, old] of [...changes.old].slice(0, most)) {
      for (const [at, text] of old) {
        const column = compared.columns[at];
        if (!column) continue;
        const told = (raw: string) => display(raw, column, shownAs(this.data, column), words);
        list.append(el("li", "", el("b", "", `${letters(at)}${row + 1}`), ` ${heading(this.data, column)}: `, el("del", "", told(text)), " ", told(compared.rows[row]?.cells[at] ?? "")));
      }
    }
    if (list.childElementCount > 0) parts.push(list);
    if (problems.length > 0) {
      const lines = problems.slice(0, most).map((p) => el("li", "", el("b", "", `${p.cell ?? ""} `), here(p.text)));
      parts.push(el("div", "finding warn", icon("triangle-alert"), el("div", "", el("h3", "", fill(words["file_problems"], String(problems.length))), el("ul", "", ...lines))));
    }
    const use = el("button", "btn primary", words["use_file"] ?? "") as HTMLButtonElement;
    use.type = "button";
    use.addEventListener("click", () => {
      this.editor.step({ ...next, hit: next.hit }, { anchor: { row: 0, column: 0 }, focus: { row: 0, column: 0 } });
      this.dialog.close();
      this.editor.focus();
    });
    parts.push(el("div", "form-acts", use));
    this.preview.replaceChildren(...parts);
    use.focus();
  }
}

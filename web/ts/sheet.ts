/* The spreadsheet-like editor of a decision table: `[data-sheet]` around the markup of templates/parts/sheet.html, and `#sheet-data`. */
import { all, closest, pageJson, word } from "./dom.ts";
import { toast } from "./toast.ts";
import { fill, type Column } from "./sheet/cells.ts";
import { Checks } from "./sheet/checks.ts";
import { Editor } from "./sheet/editor.ts";
import { Import, refusal, save } from "./sheet/files.ts";
import { fromTable, toTable, type Table } from "./sheet/model.ts";
import { heading, type PageData } from "./sheet/page.ts";

/** A table as the draft has it. */
interface Stored {
  version: number;
  table: Table;
}

const root = document.querySelector<HTMLElement>("[data-sheet]");
const data = pageJson<PageData | null>("sheet-data", null);
if (root && data) begin(root, data);

function begin(root: HTMLElement, data: PageData): void {
  const words = data.words;
  const one = (selector: string) => root.querySelector<HTMLElement>(selector) ?? document.querySelector<HTMLElement>(selector);
  let saved: unknown = null;
  const editor: Editor = new Editor(root, data, () => after());
  const checks = new Checks(one("[data-checks]")!, data, editor);
  saved = editor.sheet;
  let known = JSON.stringify(toTable(editor.sheet));
  if (data.found) checks.show(data.found);
  else checks.later();
  const hit = root.querySelector<HTMLSelectElement>("[data-hit]");
  status();

  function after(): void {
    checks.later();
    status();
  }

  /** Counts, what is unsaved, and which buttons can act. */
  function status(): void {
    const sheet = editor.sheet;
    const changes = editor.difference;
    const count = (key: string, n: number) => (n > 0 ? [fill(words[n === 1 && words[`${key}_one`] ? `${key}_one` : key], String(n))] : []);
    const parts = [fill(words[sheet.rows.length === 1 ? "rows_one" : "rows"], String(sheet.rows.length)), ...count("changed", changes.changed), ...count("new_rows", changes.fresh.size), ...count("removed", changes.removed)];
    const place = one("[data-status]");
    if (place) place.textContent = parts.join(" · ");
    for (const [act, can] of [["undo", editor.history.canUndo], ["redo", editor.history.canRedo], ["save", editor.sheet !== saved]] as const) {
      for (const button of all<HTMLButtonElement>(`[data-act="${act}"]`)) button.disabled = !can;
    }
    const unsaved = one("[data-unsaved]");
    if (unsaved) unsaved.hidden = editor.sheet === saved;
    if (hit) hit.value = sheet.hit;
    const menu = one("[data-columns]");
    menu?.replaceChildren(...addable().map(columnButton));
    menu?.closest("[data-column-menu]")?.toggleAttribute("hidden", addable().length === 0);
  }

  /** Columns of the vocabulary that the table has not. */
  function addable(): Column[] {
    return data.vocabulary.filter((v) => !editor.sheet.columns.some((c) => c.side === v.side && c.name === v.name));
  }

  function columnButton(column: Column): HTMLButtonElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "menu-item";
    button.textContent = `${words[column.side] ?? ""} · ${heading(data, column)}`;
    button.addEventListener("click", () => editor.addColumn(column));
    return button;
  }

  document.addEventListener("click", (event) => {
    const button = closest<HTMLButtonElement>(event, "[data-act]");
    const act = button?.dataset["act"];
    if (!button || !act) return;
    if (act === "save") void store();
    else if (act.startsWith("export-")) void save(data, editor.sheet, act.slice(7));
    else if (act === "compare") button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    if (editor.act(act) && act === "compare") status();
  });
  // What is tried is what is saved.
  document.addEventListener(
    "submit",
    (event) => {
      const form = closest<HTMLFormElement>(event, "[data-try]");
      if (!form || editor.sheet === saved) return;
      event.preventDefault();
      event.stopPropagation();
      void store().then((done) => done && form.requestSubmit());
    },
    true,
  );
  if (hit) hit.disabled = data.readonly;
  hit?.addEventListener("change", () => editor.step({ ...editor.sheet, hit: hit.value }));
  document.addEventListener("keydown", (event) => {
    if (!(event.metaKey || event.ctrlKey) || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    void store();
  });
  addEventListener("beforeunload", (event) => {
    if (editor.sheet !== saved && !data.readonly) event.preventDefault();
  });
  const dialog = document.querySelector<HTMLDialogElement>("#sheet-import");
  if (dialog) new Import(dialog, data, editor);

  const conflict = one("[data-conflict]");

  /** Saves into the draft; where somebody else has saved since, both are kept until one is chosen. */
  async function store(): Promise<boolean> {
    editor.act("commit");
    if (!data.save || editor.sheet === saved) return true;
    const sheet = editor.sheet;
    const body = JSON.stringify({ version: data.version, table: toTable(sheet) });
    const answer = await fetch(data.save, { method: "PUT", headers: { "Content-Type": "application/json", Accept: "application/json" }, body }).catch(() => null);
    if (answer?.status === 409) {
      const theirs = await stored();
      // Somebody changed another part of the draft: this table is as it was.
      if (theirs && JSON.stringify(theirs.table) === known) {
        data.version = theirs.version;
        return store();
      }
      if (conflict) conflict.hidden = false;
      conflict?.querySelector<HTMLElement>("button")?.focus();
      return false;
    }
    if (!answer?.ok) {
      toast("bad", words["not_saved"] ?? "", answer ? (await refusal(answer, words)).join(" ") : word("network_error"));
      return false;
    }
    const now = (await answer.json()) as Stored;
    data.version = now.version;
    saved = sheet;
    known = JSON.stringify(now.table);
    status();
    editor.say(words["saved"] ?? "");
    window.htmx.trigger(document.body, "sheet:saved");
    return true;
  }

  conflict?.addEventListener("click", (event) => {
    const choice = closest<HTMLButtonElement>(event, "[data-choose]")?.dataset["choose"];
    if (choice) void settle(choice);
  });

  /** The table as the draft has it now. */
  async function stored(): Promise<Stored | null> {
    const answer = await fetch(data.save, { headers: { Accept: "application/json" } }).catch(() => null);
    return answer?.ok ? ((await answer.json()) as Stored) : null;
  }

  /** After a conflict: mine over theirs, or theirs over mine, which can be undone. */
  async function settle(choice: string): Promise<void> {
    const theirs = await stored();
    if (!theirs) return toast("bad", words["failed"] ?? "");
    data.version = theirs.version;
    if (conflict) conflict.hidden = true;
    if (choice === "theirs") {
      const sheet = fromTable(theirs.table, data.base);
      saved = sheet;
      known = JSON.stringify(theirs.table);
      editor.step(sheet);
      status();
    } else await store();
    editor.focus();
  }
}

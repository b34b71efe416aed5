/* What the server finds in the table while it is written. */
import { el, icon } from "../dom.ts";
import { fill, letters, value } from "./cells.ts";
import { linkButton, type Editor } from "./editor.ts";
import { columnOf } from "./grid.ts";
import { toTable } from "./model.ts";
import { here, heading, shownAs, type Check, type Found, type PageData, type Problem } from "./page.ts";

const waitMs = 250;
const icons = { warn: "triangle-alert", bad: "circle-x", info: "info" };
/** Most lines of one list; the rest is counted. */
const most = 12;

export class Checks {
  private timer = 0;
  private asked: AbortController | null = null;

  constructor(
    private readonly place: HTMLElement,
    private readonly data: PageData,
    private readonly editor: Editor,
  ) {}

  /** Asks soon; what is typed meanwhile is asked together. */
  later(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.ask(), waitMs);
  }

  private async ask(): Promise<void> {
    if (!this.data.check) return;
    this.asked?.abort();
    const asked = (this.asked = new AbortController());
    const changed = [...this.editor.difference.fresh, ...this.editor.difference.old.keys()].map((row) => row + 1).sort((a, b) => a - b);
    const body = JSON.stringify({ table: toTable(this.editor.sheet), rising: this.data.rising, changed: changed.slice(0, 50) });
    try {
      const answer = await fetch(this.data.check, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body, signal: asked.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      this.show((await answer.json()) as Found);
    } catch (error) {
      if (asked.signal.aborted) return;
      this.place.replaceChildren(this.line("warn", this.data.words["unchecked"] ?? String(error)));
    }
  }

  show(found: Found): void {
    const { words } = this.data;
    this.editor.found(found.problems, new Set(found.checks.filter((c) => c.tone !== "info").flatMap((c) => c.rows.slice(-1).map((row) => row - 1))));
    const lines = [
      ...found.problems.slice(0, most).map((p) => this.problem(p)),
      ...found.checks.slice(0, most).map((c) => this.check(c)),
      ...found.fine.map((text) => this.line("ok", here(text))),
    ];
    const left = Math.max(0, found.problems.length - most) + Math.max(0, found.checks.length - most);
    if (left > 0) lines.push(this.line("info", fill(words["more"], String(left))));
    this.place.replaceChildren(...lines);
    const count = found.problems.length;
    this.editor.say(count > 0 ? `${fill(words[count === 1 ? "problem" : "problems"], String(count))} ${here(found.problems[0]!.text)}` : (words["no_problems"] ?? ""));
  }

  private line(tone: string, title: string, detail = "", ...acts: Node[]): HTMLElement {
    const line = el("li", tone, icon(tone === "ok" ? "circle-check" : icons[tone as keyof typeof icons]), el("b", "", title));
    if (detail) line.append(el("span", "muted", detail));
    if (acts.length > 0) line.append(el("span", "acts", ...acts));
    return line;
  }

  private problem(problem: Problem): HTMLElement {
    const column = columnOf(this.editor.sheet, problem);
    const name = (column === null ? "" : letters(column)) + (problem.row ?? "");
    if (problem.row === undefined && column === null) return this.line("bad", here(problem.text));
    const show = linkButton(this.data.words["show"] ?? "");
    show.addEventListener("click", () => this.editor.show([(problem.row ?? 1) - 1], null, column ?? 0));
    return this.line("bad", name, here(problem.text), show);
  }

  private check(check: Check): HTMLElement {
    const { words } = this.data;
    const show = linkButton(words["show_case"] ?? "");
    show.addEventListener("click", () => this.editor.show(check.rows.map((row) => row - 1), check.higher ?? check.example));
    const acts: Node[] = check.example.length > 0 || check.rows.length > 0 ? [show] : [];
    if (check.kind === "gap" && check.cells && !this.data.readonly) {
      const add = linkButton(words["add_this_row"] ?? "");
      const { cells } = check;
      add.addEventListener("click", () => this.editor.addRow(cells, this.editor.sheet.rows.length));
      acts.unshift(add);
    }
    return this.line(check.tone, here(check.title), this.example(check), ...acts);
  }

  private example(check: Check): string {
    const when = this.editor.sheet.columns.filter((c) => c.side === "when");
    const told = (example: string[]) =>
      when
        .map((column, at) => ({ column, text: example[at] ?? "" }))
        .filter(({ text }, at, all) => text !== "" && text !== "null" && all.findIndex((o) => o.column.name === all[at]?.column.name) === at)
        .map(({ column, text }) => {
          const said = value(text, shownAs(this.data, column), this.data.words);
          return text.startsWith('"') ? said : `${heading(this.data, column)} ${said}`;
        })
        .join(this.data.words["comma"] ?? ", ");
    const answers = (check.answers ?? []).map((text) => value(text, { names: this.data.names }, this.data.words));
    if (check.higher) return fill(this.data.words["falls"], told(check.example), answers[0] ?? "", told(check.higher), answers[1] ?? "");
    if (answers.length === 2) return fill(this.data.words["was_now"], told(check.example), answers[0] ?? "", answers[1] ?? "");
    return told(check.example);
  }
}

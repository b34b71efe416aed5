/*
 * Cells of a decision table: what is typed becomes FEEL, FEEL becomes what is shown and what is said of it. Pure.
 * The server's parser is the judge of what is valid; what is not understood here is shown as it is written.
 */

/** A column of the table. `when` asks, `then` answers. */
export interface Column {
  side: "when" | "then";
  id: string;
  /** The expression that is asked about, or the name of the answer. */
  name: string;
  label: string;
  kind: string;
  allowed: string;
  /** The answer where no row matches; of `when` columns empty. */
  default: string;
}

/** How the values of a column are shown. */
export interface Shown {
  /** `percent` shows 0.1 as 10%. */
  format?: "percent";
  /** Texts that stand for something, and the words people use for it. */
  names: Record<string, string>;
  /** The codes of a column that has an order, from low to high. */
  ranked?: string[];
}

/** Words of the reader's language; `%1` and `%2` are places for values. */
export type Words = Record<string, string>;

export type Test =
  | { is: "value"; value: string }
  | { is: "compare"; sign: string; value: string }
  | { is: "range"; low: string; high: string; from: boolean; to: boolean };

export interface Tests {
  not: boolean;
  /** Empty for a cell that asks nothing. */
  all: Test[];
}

const opening = "([{";
const closing = ")]}";

/** Parts of a text between a sign that stands outside quotes and brackets. */
export function split(text: string, sign: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at] ?? "";
    if (c === "\\" && quoted) at += 1;
    else if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (depth === 0 && text.startsWith(sign, at)) {
      parts.push(text.slice(start, at).trim());
      start = at + sign.length;
      at = start - 1;
    } else if (opening.includes(c)) depth += 1;
    else if (closing.includes(c)) depth -= 1;
  }
  parts.push(text.slice(start).trim());
  return parts;
}

/** Reads what a cell asks. */
export function tests(text: string): Tests {
  const bare = text.trim();
  if (bare === "" || bare === "-") return { not: false, all: [] };
  const inside = /^not\s*\((.*)\)$/s.exec(bare);
  if (inside && split(inside[1] ?? "", ")").length === 1) return { not: true, all: split(inside[1] ?? "", ",").map(test) };
  return { not: false, all: split(bare, ",").map(test) };
}

function test(text: string): Test {
  const compared = /^(<=|>=|!=|<|>|=)\s*(.+)$/s.exec(text);
  if (compared) return { is: "compare", sign: compared[1] ?? "", value: (compared[2] ?? "").trim() };
  const first = text[0] ?? "";
  const last = text.at(-1) ?? "";
  if ("[](".includes(first) && "])[".includes(last) && text.length > 2) {
    const ends = split(text.slice(1, -1), "..");
    if (ends.length === 2) return { is: "range", low: ends[0] ?? "", high: ends[1] ?? "", from: first === "[", to: last === "]" };
  }
  return { is: "value", value: text };
}

const numeric = /^-?(\d+\.?\d*|\.\d+)$/;

/** A decimal with its point moved to the right (or, with a minus, to the left); exact, since it stays text. */
export function shifted(text: string, places: number): string {
  const sign = text.startsWith("-") ? "-" : "";
  const [whole = "", part = ""] = text.replace("-", "").split(".");
  const digits = whole + part;
  const point = whole.length + places;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const at = point <= 0 ? 1 : point;
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, "") || "0";
  const right = padded.slice(at).replace(/0+$/, "");
  return sign + left + (right && `.${right}`);
}

/** `12345.6` as `12,345.6`. */
function grouped(text: string): string {
  const [whole = "", part] = text.split(".");
  const apart = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return (part === undefined ? apart : `${apart}.${part}`).replace("-", "−");
}

/** A value as people read it. */
export function value(text: string, shown: Shown, words: Words): string {
  const bare = text.trim();
  if (numeric.test(bare)) return shown.format === "percent" ? `${grouped(shifted(bare, 2))}%` : grouped(bare);
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(bare);
  if (quoted) {
    const inside = (quoted[1] ?? "").replace(/\\(.)/g, (_, c: string) => ({ n: "\n", t: "\t", r: "\r" })[c] ?? c);
    return shown.names[inside] ?? inside;
  }
  const moment = /^(?:date|time|date and time|duration)\("([^"]*)"\)$/.exec(bare) ?? /^@"([^"]*)"$/.exec(bare);
  if (moment) return moment[1] ?? "";
  if (bare === "null") return words["null"] ?? bare;
  if (bare === "true") return words["yes"] ?? bare;
  if (bare === "false") return words["no"] ?? bare;
  return bare;
}

const signs: Record<string, string> = { "<=": "≤", ">=": "≥", "!=": "≠", "<": "<", ">": ">", "=": "=" };

/** The sign before the value of a cell that makes one comparison, and the value; for old beside new. */
export function compared(text: string): { sign: string; value: string } | null {
  const { not, all } = tests(text);
  const only = all[0];
  if (not || all.length !== 1 || only?.is !== "compare") return null;
  return { sign: signs[only.sign] ?? only.sign, value: only.value };
}

function shortTest(t: Test, shown: Shown, words: Words): string {
  const told = (text: string) => value(text, shown, words);
  switch (t.is) {
    case "value":
      return told(t.value);
    case "compare":
      return `${signs[t.sign] ?? t.sign} ${told(t.value)}`;
    case "range":
      return t.from && t.to ? `${told(t.low)} – ${told(t.high)}` : `${t.from ? "≥" : ">"} ${told(t.low)}, ${t.to ? "≤" : "<"} ${told(t.high)}`;
  }
}

/** Codes that follow each other, as the first and the last; null for what is told one by one. */
function stretch(all: Test[], shown: Shown): { low: string; high: string; open: boolean } | null {
  const { ranked } = shown;
  const at = all.map((t) => (t.is === "value" ? (ranked ?? []).findIndex((code) => quote(code) === t.value) : -1));
  const [first, last] = [at[0] ?? -1, at.at(-1) ?? -1];
  const follows = at.every((n, nth) => n >= 0 && n === first + nth);
  const open = last === (ranked?.length ?? 0) - 1;
  if (!follows || all.length < (open ? 2 : 3)) return null;
  const code = (t: Test | undefined) => (t?.is === "value" ? t.value : "");
  return { low: code(all[0]), high: code(all.at(-1)), open };
}

function listed(all: Test[], shown: Shown, words: Words, one: typeof shortTest, between: string): string {
  const run = stretch(all, shown);
  if (!run) return all.map((t) => one(t, shown, words)).join(between);
  const [low, high] = [value(run.low, shown, words), value(run.high, shown, words)];
  return run.open ? fill(words["and_up"], low) : fill(words["to"], low, high);
}

/** What a cell shows. */
export function display(text: string, column: Pick<Column, "side">, shown: Shown, words: Words): string {
  if (column.side === "then") return text.trim() === "" ? "—" : value(text, shown, words);
  const { not, all } = tests(text);
  if (all.length === 0) return words["any"] ?? "-";
  return (not ? words["not"] ?? "%1" : "%1").replace("%1", () => listed(all, shown, words, shortTest, words["comma"] ?? ", "));
}

/** A sentence with its places filled. */
export function fill(pattern: string | undefined, ...values: string[]): string {
  return (pattern ?? "%1").replace(/%(\d)/g, (_, n: string) => values[Number(n) - 1] ?? "");
}

function longTest(t: Test, shown: Shown, words: Words): string {
  const told = (text: string) => value(text, shown, words);
  switch (t.is) {
    case "value":
      return told(t.value);
    case "compare": {
      const keys: Record<string, string> = { "<=": "at_most", ">=": "at_least", "<": "below", ">": "above", "!=": "unequal", "=": "equal" };
      return fill(words[keys[t.sign] ?? "equal"], told(t.value));
    }
    case "range": {
      const key = t.from ? (t.to ? "between" : "from_below") : t.to ? "above_to" : "inside";
      return fill(words[key], told(t.low), told(t.high));
    }
  }
}

/** What a cell means, in words. */
export function meaning(text: string, column: Pick<Column, "side">, shown: Shown, words: Words): string {
  if (column.side === "then") return text.trim() === "" ? (words["no_answer"] ?? "") : fill(words["answers"], value(text, shown, words));
  const { not, all } = tests(text);
  if (all.length === 0) return words["asks_nothing"] ?? "";
  const list = listed(all, shown, words, longTest, words["or"] ?? " / ");
  return not ? fill(words["none_of"], list) : list;
}

const typed: Record<string, string> = {
  "≥": ">=", "≤": "<=", "≠": "!=", "，": ",", "、": ",", "（": "(", "）": ")", "＞": ">", "＜": "<", "＝": "=", "“": '"', "”": '"', "－": "-", "—": "-", "–": "-", "−": "-", "％": "%",
};

/** Signs that people type, as FEEL knows them; what stands in quotes stays. */
function plainSigns(text: string): string {
  return text
    .split(/("(?:[^"\\]|\\.)*")/)
    .map((part, at) => (at % 2 ? part : part.replace(/[≥≤≠，、（）＞＜＝“”－—–−％]/g, (c) => typed[c] ?? c).replace(/[０-９]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))))
    .join("");
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, "\\$&")}"`;

/** `P7+` and `P7..P9` as the codes that they hold; null for anything else. */
function run(text: string, shown: Shown): string | null {
  const { ranked } = shown;
  const ends = /^(.+?)\s*\+$/.exec(text) ?? /^(.+?)\s*\.\.\s*(.+)$/.exec(text);
  if (!ranked || !ends) return null;
  const at = (code: string) => ranked.findIndex((c) => c === code || shown.names[c] === code);
  const [from, to] = [at(ends[1] ?? ""), ends[2] === undefined ? ranked.length - 1 : at(ends[2])];
  return from < 0 || to < from ? null : ranked.slice(from, to + 1).map(quote).join(", ");
}

/** The code that people's word stands for, in quotes. */
function named(text: string, shown: Shown): string {
  const bare = text.trim();
  if (bare === "null" || bare.startsWith('"')) return bare;
  const lower = bare.toLocaleLowerCase();
  const code = Object.entries(shown.names).find(([, name]) => name.toLocaleLowerCase() === lower)?.[0];
  return quote(code ?? bare);
}

/** `10%` is 0.1, `5,000` is 5000 and `¥500` is 500 wherever numbers are asked for. */
function plainNumbers(text: string): string {
  return text
    .replace(/[¥￥€$£]\s*(?=[\d.])/g, "")
    .replace(/(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])/g, (n) => n.replaceAll(",", ""))
    .replace(/(\d+\.?\d*|\.\d+)\s*%/g, (_, n: string) => shifted(n, -2));
}

const day = /(?<![\d"-])(\d{4}-\d{2}-\d{2})(?![\d"T-])/g;
const anything = ["-", "—", "–", "－", "*", "任意", "不限", "any", "anything"];

/** What is typed or pasted into a cell, as FEEL. What is FEEL already stays as it is. */
export function normalise(text: string, column: Pick<Column, "side" | "kind">, shown: Shown, words: Words): string {
  const bare = text.trim();
  if (column.side === "when" && (bare === "" || anything.includes(bare.toLowerCase()) || bare === words["any"])) return "-";
  if (column.side === "then" && bare === "—") return "";
  if (column.side === "then" && bare.toLowerCase() === words["null"]) return "null";
  if (bare === "") return "";
  const plain = plainSigns(bare);
  switch (column.kind) {
    case "string": {
      // FEEL as it is.
      if (/["“”?@{}[\]]/.test(bare) || /^if\b/.test(bare)) return plain;
      if (column.side === "then") return named(bare, shown);
      const inside = /^not\s*[(（](.*)[)）]$/s.exec(bare)?.[1];
      const list = (inside ?? bare).split(/[,，、]/).map((part) => {
        const sign = /^\s*(!=|=|≠)\s*/.exec(part)?.[0] ?? "";
        const text = part.slice(sign.length).trim();
        return plainSigns(sign) + (run(text, shown) ?? named(text, shown));
      });
      return inside === undefined ? list.join(", ") : `not(${list.join(", ")})`;
    }
    case "number":
      return plain.includes('"') ? plain : plainNumbers(plain);
    case "date":
      return plain.includes('"') ? plain : plain.replace(day, 'date("$1")');
    case "boolean": {
      const lower = plain.toLowerCase();
      if (["是", "yes", "true", words["yes"]?.toLowerCase()].includes(lower)) return "true";
      if (["否", "no", "false", words["no"]?.toLowerCase()].includes(lower)) return "false";
      return plain;
    }
    default:
      return plain;
  }
}

/** A column's letters: 0 is A, 26 is AA. */
export function letters(column: number): string {
  let name = "";
  for (let rest = column + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) name = String.fromCharCode(65 + ((rest - 1) % 26)) + name;
  return name;
}

/** The values that a column names one by one, in FEEL. */
export function choices(column: Pick<Column, "allowed">): string[] {
  const { not, all } = tests(column.allowed);
  return !not && all.every((t) => t.is === "value") ? all.map((t) => (t.is === "value" ? t.value : "")) : [];
}

/* What the page gives the editor, and what the server answers. */
import type { Column, Shown, Words } from "./cells.ts";
import type { Table } from "./model.ts";

/** A text in both languages. */
export interface Both {
  zh: string;
  en: string;
}

/** Something wrong with a table; rows and columns from 1. */
export interface Problem {
  row?: number;
  column?: { input?: number; output?: number };
  /** As a spreadsheet names it. */
  cell?: string;
  text: Both;
}

/** Something that was found in a table that is sound. `example` has a value for each input, in FEEL. */
export interface Check {
  kind: "gap" | "overlap" | "dead" | "hides" | "fall" | "caveat";
  tone: "warn" | "bad" | "info";
  title: Both;
  rows: number[];
  example: string[];
  /** The greater of two inputs, where an answer falls. */
  higher?: string[];
  /** The answers to both. */
  answers?: string[];
  /** A row that would fill the gap: a cell for each input. */
  cells?: string[];
}

export interface Found {
  problems: Problem[];
  checks: Check[];
  /** What was looked for and not found, in words. */
  fine: Both[];
}

/** How a value looks: an icon and a tone beside its words. */
export interface Look {
  icon: string;
  tone: string;
}

export interface PageData {
  table: Table;
  /** The version in force, which changes are marked against. */
  base: Table | null;
  /** Columns that may be added. */
  vocabulary: Column[];
  /** Words for texts that stand in cells. */
  names: Record<string, string>;
  looks: Record<string, Look>;
  /** Names of columns whose numbers are shares. */
  percent: string[];
  /** Codes that have an order, by the name of their column, from low to high. */
  ranked: Record<string, string[]>;
  found: Found | null;
  /** Pairs of a column that grows and an answer that may not fall with it, by name. */
  rising: { input: string; output: string }[];
  readonly: boolean;
  /** The draft's version, for saving. */
  version: number;
  check: string;
  save: string;
  read: string;
  write: string;
  words: Words;
}

export function shownAs(data: PageData, column: Column): Shown {
  return {
    names: data.names,
    ...(data.percent.includes(column.name) && { format: "percent" as const }),
    ...(data.ranked[column.name] && { ranked: data.ranked[column.name] }),
  };
}

/** The heading of a column: the vocabulary's, the table's, or its name. */
export function heading(data: PageData, column: Column): string {
  const known = data.vocabulary.find((c) => c.side === column.side && c.name === column.name);
  return known?.label || column.label || column.name || data.words["answer"] || "";
}

/** A text in the language of the page. */
export const here = (text: Both): string => (document.documentElement.lang.startsWith("zh") ? text.zh : text.en);

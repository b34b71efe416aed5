import assert from "node:assert/strict";
import { test } from "node:test";
import * as m from "../ts/sheet/model.ts";

const table = (rows, ids = []) => ({
  id: "t", name: "T", hit: "F",
  inputs: [{ id: "", label: "", expression: "a", kind: "number", allowed: "" }, { id: "", label: "", expression: "b", kind: "string", allowed: "" }],
  outputs: [{ id: "", name: "c", label: "", kind: "string", allowed: "", default: "" }],
  rows: rows.map((r, n) => ({ id: ids[n] ?? "", inputs: r.slice(0, 2), outputs: r.slice(2), note: "" })),
});
const cells = (sheet) => sheet.rows.map((r) => r.cells.join("|"));
const at = (row, column) => ({ row, column });
const range = (r1, c1, r2 = r1, c2 = c1) => ({ anchor: at(r1, c1), focus: at(r2, c2) });
const three = table([["1", "x", "A"], ["2", "y", "B"], ["3", "z", "C"]]);
const asIs = (text) => text;

test("a table comes back as it was", () => {
  assert.deepEqual(m.toTable(m.fromTable(three, null)), three);
});

test("a pasted block grows rows, one cell fills a range, and columns that do not fit are counted", () => {
  const sheet = m.fromTable(three, null);
  const grown = m.pasted(sheet, range(2, 1), [["q", "Q"], ["r", "R"], ["s"]], asIs);
  assert.deepEqual(cells(grown.sheet), ["1|x|A", "2|y|B", "3|q|Q", "-|r|R", "-|s|"]);
  assert.equal(grown.lost, 0);
  assert.deepEqual(grown.range, range(2, 1, 4, 2));
  assert.deepEqual(cells(m.pasted(sheet, range(0, 0, 1, 1), [["9"]], asIs).sheet), ["9|9|A", "9|9|B", "3|z|C"]);
  const wide = m.pasted(sheet, range(0, 2), [["Q", "gone", "gone"]], asIs);
  assert.equal(wide.lost, 2);
  assert.deepEqual(cells(wide.sheet)[0], "1|x|Q");
});

test("rows move within the table, and copy down", () => {
  const sheet = m.fromTable(three, null);
  assert.deepEqual(cells(m.moved(sheet, 0, 1, 1)), ["3|z|C", "1|x|A", "2|y|B"]);
  assert.equal(m.moved(sheet, 0, 0, -1), sheet);
  assert.equal(m.moved(sheet, 1, 2, 1), sheet);
  assert.deepEqual(cells(m.copiedDown(sheet, range(0, 1, 2, 2))), ["1|x|A", "2|x|A", "3|x|A"]);
  assert.deepEqual(cells(m.copiedDown(sheet, range(1, 0))), ["1|x|A", "1|y|B", "3|z|C"]);
  assert.equal(m.copiedDown(sheet, range(0, 0)), sheet);
});

test("columns are added on their side and removed", () => {
  const sheet = m.fromTable(three, null);
  const wider = m.withColumn(sheet, { side: "when", id: "", name: "d", label: "", kind: "date", allowed: "", default: "" });
  assert.deepEqual(wider.columns.map((c) => c.name), ["a", "b", "d", "c"]);
  assert.equal(cells(wider)[0], "1|x|-|A");
  assert.deepEqual(cells(m.withoutColumn(wider, 2)), cells(sheet));
});

test("undo and redo go through every step, and a new step ends what could be redone", () => {
  const first = m.fromTable(three, null);
  const history = new m.History({ sheet: first, range: range(0, 0) });
  for (let n = 0; n < 500; n += 1) history.to(m.withCells(history.sheet, [{ at: at(0, 0), text: String(n + 10) }]));
  const last = history.sheet;
  assert.equal(history.to(last), false);
  for (let n = 0; n < 500; n += 1) assert.ok(history.undo());
  assert.equal(history.undo(), false);
  assert.equal(history.sheet, first);
  while (history.redo());
  assert.equal(history.sheet, last);
  history.undo();
  history.to(m.withRows(history.sheet, 0, 1));
  assert.equal(history.canRedo, false);
});

test("rows are known again by id, by their cells, or by their place between such", () => {
  const changed = table([["0", "n", "N"], ["1", "x", "A"], ["2", "y", "X"], ["3", "z", "C"]]);
  assert.deepEqual(m.matched(three, changed), [null, 0, 1, 2]);
  assert.deepEqual(m.matched(three, table([["3", "z", "C"]])), [2]);
  assert.deepEqual(m.matched(table([["1", "x", "A"], ["2", "y", "B"]], ["p", "q"]), table([["9", "y", "B"], ["1", "x", "A"]], ["q", "p"])), [1, 0]);
  // Against a slow reading of the same: what is left of a random table keeps its order.
  let seed = 7;
  const random = (n) => (seed = (seed * 16807) % 2147483647) % n;
  for (let round = 0; round < 200; round += 1) {
    const rows = Array.from({ length: 1 + random(12) }, () => [String(random(4)), "x", "A"]);
    const found = m.matched(table(rows), table(rows.filter(() => random(3) > 0)));
    assert.deepEqual(found, [...found].sort((a, b) => a - b));
    assert.ok(found.every((was) => was !== null));
  }
});

test("what changed, is new or gone is told, and a row keeps its past when it moves", () => {
  const sheet = m.fromTable(three, three);
  const none = m.difference(three, sheet);
  assert.deepEqual([none.changed, none.fresh.size, none.removed, none.columns.size], [0, 0, 0, 0]);
  let now = m.withCells(sheet, [{ at: at(1, 0), text: "5" }]);
  now = m.moved(now, 1, 1, -1);
  now = m.withRows(now, 3, 1);
  now = m.withoutRows(now, 2, 2);
  const found = m.difference(three, now);
  assert.deepEqual([...found.old], [[0, new Map([[0, "2"]])]]);
  assert.deepEqual([...found.fresh], [2]);
  assert.equal(found.removed, 1);
});

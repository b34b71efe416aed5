import assert from "node:assert/strict";
import { test } from "node:test";
import { choices, display, letters, meaning, normalise, shifted, split } from "../ts/sheet/cells.ts";

const words = {
  any: "Any", comma: ", ", not: "not %1", or: " or ", at_most: "up to and including %1", above_to: "more than %1, up to and including %2", asks_nothing: "anything",
  none_of: "none of: %1", answers: "answers %1", no_answer: "no answer", and_up: "%1 and up", to: "%1 to %2", yes: "Yes", no: "No",
};
const plain = { names: {} };
const when = (kind) => ({ side: "when", kind });
const then = (kind) => ({ side: "then", kind });
const read = (text, column, shown = plain) => normalise(text, column, shown, words);

test("a point moves exactly, whatever the digits", () => {
  assert.equal(shifted("0.1", 2), "10");
  assert.equal(shifted("0.055", 2), "5.5");
  assert.equal(shifted("12345678901234567890.12345678901234", 2), "1234567890123456789012.345678901234");
  assert.equal(shifted("10", -2), "0.1");
  assert.equal(shifted("-0.5", -2), "-0.005");
  assert.equal(shifted("0", 2), "0");
});

test("a text is split outside quotes and brackets alone", () => {
  assert.deepEqual(split('"a, b", [1..2], date("2026-01-01")', ","), ['"a, b"', "[1..2]", 'date("2026-01-01")']);
  assert.deepEqual(split('"a \\", b", c', ","), ['"a \\", b"', "c"]);
});

test("cells are shown as people read them", () => {
  assert.equal(display("-", when("number"), plain, words), "Any");
  assert.equal(display("<= 20000.5", when("number"), plain, words), "≤ 20,000.5");
  assert.equal(display("(100..2500]", when("number"), plain, words), "> 100, ≤ 2,500");
  assert.equal(display("[100..2500]", when("number"), plain, words), "100 – 2,500");
  assert.equal(display("<= 0.10", when("number"), { format: "percent", names: {} }, words), "≤ 10%");
  assert.equal(display('not("a", "b")', when("string"), { names: { a: "Air" } }, words), "not Air, b");
  assert.equal(display('date("2026-03-01")', when("date"), plain, words), "2026-03-01");
  assert.equal(display("", then("string"), plain, words), "—");
  assert.equal(display("-1234567", then("number"), plain, words), "−1,234,567");
  // What is not understood is shown as it is.
  assert.equal(display("? > limit * 2", when("number"), plain, words), "? > limit * 2");
});

test("codes in their order are told as a stretch", () => {
  const shown = { names: { P7: "Lead" }, ranked: ["P5", "P6", "P7", "P8"] };
  assert.equal(display('"P7", "P8"', when("string"), shown, words), "Lead and up");
  assert.equal(display('"P5", "P6", "P7"', when("string"), shown, words), "P5 to Lead");
  assert.equal(display('"P5", "P7"', when("string"), shown, words), "P5, Lead");
  assert.equal(read("P7+", when("string"), shown), '"P7", "P8"');
  assert.equal(read("P5..Lead", when("string"), shown), '"P5", "P6", "P7"');
  assert.equal(read("P9+", when("string"), shown), '"P9+"');
});

test("a cell's meaning is told in words", () => {
  assert.equal(meaning("<= 0.10", when("number"), { format: "percent", names: {} }, words), "up to and including 10%");
  assert.equal(meaning('"a", "b"', when("string"), { names: { a: "Air" } }, words), "Air or b");
  assert.equal(meaning("-", when("number"), plain, words), "anything");
  assert.equal(meaning('"x"', then("string"), plain, words), "answers x");
});

test("what people type becomes FEEL, and FEEL stays", () => {
  assert.equal(read("≤ 5,000", when("number")), "<= 5000");
  assert.equal(read("￥５００", when("number")), "500");
  assert.equal(read("100, 200", when("number")), "100, 200");
  assert.equal(read("> 10%", when("number")), "> 0.1");
  assert.equal(read("（100..200]", when("number")), "(100..200]");
  assert.equal(read("北京，上海", when("string")), '"北京", "上海"');
  assert.equal(read("Air、train", when("string"), { names: { air: "Air" } }), '"air", "train"');
  assert.equal(read("not(a, b)", when("string")), 'not("a", "b")');
  assert.equal(read('"a", "b"', when("string")), '"a", "b"');
  assert.equal(read("上海（浦东）", when("string")), '"上海（浦东）"');
  assert.equal(read('starts with(?, "上")', when("string")), 'starts with(?, "上")');
  assert.equal(read("!= Air", when("string"), { names: { air: "Air" } }), '!= "air"');
  assert.equal(read("Dept head, finance", then("string")), '"Dept head, finance"');
  assert.equal(read(">= 2026-03-01", when("date")), '>= date("2026-03-01")');
  assert.equal(read('date("2026-03-01")', when("date")), 'date("2026-03-01")');
  assert.equal(read("是", when("boolean")), "true");
  for (const text of ["", " - ", "—", "任意", "any", "Any"]) assert.equal(read(text, when("string")), "-", text);
  assert.equal(read("", then("string")), "");
});

test("a text with quotes or a backslash is quoted so that it is read again", () => {
  assert.equal(read("C:\\x", then("string")), '"C:\\\\x"');
  assert.equal(display('"C:\\\\x"', then("string"), plain, words), "C:\\x");
});

test("columns have letters and choices", () => {
  assert.deepEqual([0, 25, 26, 701, 702].map(letters), ["A", "Z", "AA", "ZZ", "AAA"]);
  assert.deepEqual(choices({ allowed: '"a", "b"' }), ['"a"', '"b"']);
  assert.deepEqual(choices({ allowed: ">= 0" }), []);
});

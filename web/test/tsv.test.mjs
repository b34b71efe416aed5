import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write } from "../ts/sheet/tsv.ts";

test("a block as Excel copies it is read: quoted cells, tabs and line ends inside, CR LF", () => {
  assert.deepEqual(read('a\tb\r\n"two\nlines"\t"say ""hi"""\r\n'), [["a", "b"], ["two\nlines", 'say "hi"']]);
  assert.deepEqual(read("a\t\n\tb"), [["a", ""], ["", "b"]]);
  assert.deepEqual(read(""), []);
});

test("FEEL that begins with a quote is no quoted cell", () => {
  assert.deepEqual(read('"a", "b"\tc'), [['"a", "b"', "c"]]);
});

test("what is written is read again", () => {
  const rows = [['"a", "b"', '"a"', "<= 5"], ["two\nlines", "tab\there", ""], ["", "-", '""']];
  assert.deepEqual(read(write(rows)), rows);
});

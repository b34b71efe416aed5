/* Blocks of cells as spreadsheets put them on the clipboard: tabs between cells, quotes around what holds tabs or line ends. Pure. */

/** Reads a block. Rows may have different lengths. */
export function read(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  const cell = (): string => {
    if (text[at] !== '"') return plain();
    let out = "";
    for (let next = at + 1; next < text.length; next += 1) {
      if (text[next] !== '"') out += text[next];
      else if (text[next + 1] === '"') {
        out += '"';
        next += 1;
      } else if (next + 1 === text.length || "\t\r\n".includes(text[next + 1] ?? "")) {
        at = next + 1;
        return out;
      } else break;
    }
    // FEEL begins with a quote, too: `"a", "b"` is no quoted cell.
    return plain();
  };
  const plain = (): string => {
    const end = text.slice(at).search(/[\t\r\n]/);
    const out = end < 0 ? text.slice(at) : text.slice(at, at + end);
    at += out.length;
    return out;
  };
  while (at < text.length) {
    row.push(cell());
    if (text[at] === "\t") {
      at += 1;
      if (at === text.length) row.push("");
      continue;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

/** Writes a block. */
export function write(rows: string[][]): string {
  const cell = (text: string) => (/[\t\r\n]|^"/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join("\t")).join("\n");
}

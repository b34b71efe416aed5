// Puts a gallery page into its shell, as the server's templates do: the page's first line names language, title and place.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const gallery = join(dirname(fileURLToPath(import.meta.url)), "../gallery");

export async function compose(name) {
  const text = await readFile(join(gallery, `${name}.html`), "utf8");
  const head = text.match(/^<!-- page (.*?) -->\n/);
  if (!head) return text;
  const set = Object.fromEntries([...head[1].matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
  const shell = await readFile(join(gallery, "shell", `${set.shell ?? set.lang}.html`), "utf8");
  return shell
    .replace("{{lang}}", set.lang)
    .replace("{{theme}}", set.theme ?? "")
    .replace("{{title}}", set.title)
    .replace("{{scripts}}", ["charts", "sheet"].filter((name) => set[name]).map((name) => `<script type="module" src="/assets/${name}.js"></script>`).join(""))
    .replaceAll(` data-nav="${set.nav}"`, ` data-nav="${set.nav}" aria-current="page"`)
    .replaceAll(/ data-nav="[^"]*"/g, "")
    .replace("{{main}}", () => text.slice(head[0].length).trimEnd());
}

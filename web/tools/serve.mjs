// Serves the gallery with the same headers as the server: `npm run gallery`, then http://127.0.0.1:8090/.
import { createServer } from "node:http";
import { readFile, readdir } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compose, gallery } from "./page.mjs";

const dist = join(gallery, "../dist");
const types = { ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".html": "text/html" };
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

async function answer(url) {
  const path = decodeURIComponent(url.pathname);
  if (path.startsWith("/assets/")) return { type: types[extname(path)] ?? "text/plain", body: await readFile(join(dist, normalize(path.slice(8)))) };
  if (path === "/") return { type: "text/html", body: await index() };
  const name = normalize(path.slice(1)).replace(/\.html$/, "");
  return { type: "text/html", body: await compose(name) };
}

async function index() {
  const names = (await readdir(gallery)).filter((name) => name.endsWith(".html")).sort();
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title><main><h1>Gallery</h1><ul>${names.map((n) => `<li><a href="/${n}">${n}</a></li>`).join("")}</ul></main></html>`;
}

export function start(port) {
  const server = createServer((request, response) => {
    answer(new URL(request.url, "http://localhost")).then(
      ({ type, body }) => response.writeHead(200, { "Content-Type": `${type}; charset=utf-8`, "Content-Security-Policy": csp, "X-Content-Type-Options": "nosniff" }).end(body),
      () => response.writeHead(404, { "Content-Type": "application/problem+json" }).end('{"title":"Not in the gallery","status":404}'),
    );
  });
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href || process.argv[1] === fileURLToPath(import.meta.url)) {
  await start(8090);
  console.log("http://127.0.0.1:8090/");
}

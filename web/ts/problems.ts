import { word } from "./dom.ts";
import { isProblem, toast, type Problem } from "./toast.ts";

interface Context { text?: string; response?: { status: number; headers: Headers } }

document.addEventListener("htmx:after:request", (event) => {
  const { text, response } = (event as CustomEvent<{ ctx: Context }>).detail.ctx;
  if (!response || !isProblem(response.headers.get("Content-Type"))) return;
  event.preventDefault();
  const problem = JSON.parse(text ?? "{}") as Problem;
  toast("bad", problem.title ?? word("request_failed"), problem.detail);
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx?: Context }>).detail;
  if (ctx) toast("bad", word("network_error"));
});

import { all } from "./dom.ts";

/** One live message: what changed, and the rail's counts if they did. */
interface Live {
  kind: string;
  counts?: Record<string, number>;
}

let source: EventSource | null = null;
let wasAway = false;

/*
 * `/live` is open only while the tab can be seen: browsers allow few connections a host over HTTP/1.1. Coming back
 * announces `live:refresh`, so that lists (`hx-trigger="live:inbox from:body, live:refresh from:body"`) catch up.
 */
function connect(): void {
  if (source || document.hidden || !document.body.hasAttribute("data-live")) return;
  source = new EventSource("/live");
  source.addEventListener("message", (event: MessageEvent<string>) => apply(JSON.parse(event.data) as Live));
  if (wasAway) window.htmx.trigger(document.body, "live:refresh");
}

function disconnect(): void {
  wasAway = source !== null || wasAway;
  source?.close();
  source = null;
}

function apply(message: Live): void {
  for (const [name, value] of Object.entries(message.counts ?? {})) {
    for (const place of all(`[data-count="${CSS.escape(name)}"]`)) place.textContent = value > 0 ? String(value) : "";
  }
  window.htmx.trigger(document.body, `live:${message.kind}`, message);
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);

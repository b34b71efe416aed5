/** The part of htmx 4 that the islands call. */
interface Htmx {
  process(root: Element): void;
  trigger(on: Element | string, event: string, detail?: unknown): boolean;
  ajax(method: string, path: string, context?: unknown): Promise<void>;
}
interface Window { htmx: Htmx }
declare module "htmx.org" { const htmx: Htmx; export default htmx; }

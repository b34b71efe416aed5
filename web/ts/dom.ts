/** All elements under `root` that match. */
export const all = <E extends HTMLElement>(selector: string, root: ParentNode = document): E[] => [...root.querySelectorAll<E>(selector)];

/** The nearest element at or above the event's target that matches. */
export function closest<E extends HTMLElement>(event: Event, selector: string): E | null {
  return event.target instanceof Element ? event.target.closest<E>(selector) : null;
}

/** Parses the JSON of a `<script type="application/json" id=…>`; `fallback` when it is absent. */
export function pageJson<T>(id: string, fallback: T): T {
  const text = document.getElementById(id)?.textContent;
  return text ? (JSON.parse(text) as T) : fallback;
}

const words: Record<string, string> = pageJson("words", {});

/** A text in the page's language, rendered by the server into `#words`. */
export const word = (key: string): string => words[key] ?? key;

/** An icon of the sprite. */
export function icon(name: string): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", `/assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Element with a class and children; text children stay text. */
export function el(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** True while a key event belongs to an input method, whose Enter must not act. */
export const composing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;

/** True where typing makes text. */
export const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit], [type=file])"));

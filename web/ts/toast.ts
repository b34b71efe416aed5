import { el, icon, word } from "./dom.ts";

/** RFC 9457 problem details, as every error of the server that isn't a page. */
export interface Problem {
  title?: string;
  detail?: string;
  status?: number;
  instance?: string;
  fields?: { field: string; code: string; message?: string }[];
}

export const isProblem = (contentType: string | null): boolean => contentType?.includes("application/problem+json") ?? false;

const shownMs = 8000;
const icons = { ok: "circle-check", warn: "triangle-alert", bad: "circle-x", info: "info" };

/** A short message at the corner; it stays while the pointer or focus is on it. */
export function toast(tone: keyof typeof icons, title: string, detail?: string): void {
  const place = document.getElementById("toasts");
  if (!place) return;
  const close = el("button", "btn ghost icon small", icon("x"));
  close.setAttribute("aria-label", word("close"));
  const text = el("div", "", el("b", "", title));
  if (detail) text.append(el("p", "", detail));
  const box = el("div", `toast ${tone}`, icon(icons[tone]), text, close);
  place.append(box);
  close.addEventListener("click", () => box.remove());
  const leave = () => (box.matches(":hover, :focus-within") ? void setTimeout(leave, 1000) : box.remove());
  setTimeout(leave, shownMs);
}

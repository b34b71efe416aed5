import { caps, commands, run } from "./commands.ts";
import { composing, el, typing } from "./dom.ts";
import { moveInList } from "./list.ts";
import { openPalette } from "./palette.ts";

const sequenceMs = 900;
let first = "";
let firstAt = 0;

/** Single keys can be switched off in the profile (WCAG 2.1.4): `<html data-single-keys="off">`. */
const singleKeys = (): boolean => document.documentElement.dataset["singleKeys"] !== "off";

document.addEventListener("keydown", (event) => {
  if (composing(event) || event.defaultPrevented) return;
  const mod = event.metaKey || event.ctrlKey;
  if (mod && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    openPalette();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (mod && event.key === "Enter") {
    const command = commands().find((c) => c.key === "mod+enter");
    if (command) {
      event.preventDefault();
      run(command);
    }
    return;
  }
  if (mod || event.altKey || typing(event.target) || !singleKeys()) return;
  if (moveInList(event)) return;
  if (event.key === "?") {
    event.preventDefault();
    showSheet();
    return;
  }
  const now = event.key.toLowerCase();
  const keys = first && event.timeStamp - firstAt < sequenceMs ? `${first} ${now}` : now;
  const list = commands();
  const command = list.find((c) => c.key === keys) ?? list.find((c) => c.key === now);
  first = "";
  if (command) {
    event.preventDefault();
    run(command);
  } else if (list.some((c) => c.key?.startsWith(`${now} `))) {
    first = now;
    firstAt = event.timeStamp;
  }
});

/** Fills `#shortcuts` from the registry, so that the sheet never lies, and shows it. */
export function showSheet(): void {
  const dialog = document.getElementById("shortcuts") as HTMLDialogElement | null;
  const grid = dialog?.querySelector("[data-shortcuts]");
  if (!dialog || !grid || dialog.open) return;
  grid.replaceChildren(
    ...commands()
      .filter((command) => command.key)
      .map((command) => el("div", "", el("dt", "", command.label), el("dd", "", ...caps(command.key ?? "").map((cap) => el("kbd", "", cap))))),
  );
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target instanceof Element && event.target.closest("[data-shortcuts-open]")) showSheet();
});

import { all, pageJson } from "./dom.ts";

/** Something a person can do by palette, key or sheet. */
export interface Command {
  id: string;
  label: string;
  group: string;
  icon?: string;
  /** Key or sequence: "c", "g i", "mod+k", "mod+enter". */
  key?: string;
  /** Further words it is found by, such as its name in the other language. */
  words?: string;
  href?: string;
  run?: () => void;
}

/**
 * Commands of this page: those of the shell (`<script type="application/json" id="commands">`), then every visible
 * element with `data-command` (its label in `data-label` or its text; its key in `data-key`), which is clicked to run.
 */
export function commands(): Command[] {
  const here = all("[data-command]")
    .filter((element) => element.checkVisibility() && !element.matches(":disabled"))
    .map((element): Command => ({
      id: element.dataset["command"] ?? "",
      label: element.dataset["label"] ?? element.textContent?.trim().replace(/\s+/g, " ") ?? "",
      group: element.dataset["group"] ?? document.querySelector("h1")?.textContent?.trim() ?? "",
      icon: element.dataset["icon"],
      key: element.dataset["key"],
      run: () => element.click(),
    }));
  const ids = new Set(here.map((command) => command.id));
  return [...here, ...pageJson<Command[]>("commands", []).filter((command) => !ids.has(command.id))];
}

export function run(command: Command): void {
  if (command.run) command.run();
  else if (command.href) location.assign(command.href);
}

/** Keys of a command as key caps would show them on this machine. */
export function caps(key: string): string[] {
  const mac = /Mac|iP(hone|ad)/.test(navigator.platform);
  return key.split(" ").map((part) =>
    part
      .split("+")
      .map((name) => ({ mod: mac ? "⌘" : "Ctrl", enter: "↵", space: "Space", esc: "Esc" })[name] ?? name.toUpperCase())
      .join(mac ? "" : " "),
  );
}

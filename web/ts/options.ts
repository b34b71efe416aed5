import { all } from "./dom.ts";

/*
 * `select[data-options="id"]` has few options in the page; the rest stand once, in `<template id="id">`, and join here.
 */
export function fillOptions(root: ParentNode = document): void {
  for (const select of all<HTMLSelectElement>("select[data-options]", root)) {
    const template = document.getElementById(select.dataset["options"] ?? "");
    if (!(template instanceof HTMLTemplateElement)) continue;
    const there = new Set([...select.options].map((option) => option.value));
    const options = [...template.content.querySelectorAll("option")].filter((option) => !there.has(option.value));
    select.append(...options.map((option) => option.cloneNode(true)));
    delete select.dataset["options"];
  }
}

fillOptions();
document.addEventListener("htmx:after:swap", () => fillOptions());

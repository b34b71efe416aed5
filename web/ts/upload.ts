import { all, closest, el, icon, word } from "./dom.ts";
import { isProblem, type Problem } from "./toast.ts";

/*
 * `form[data-drop]`: files chosen, dropped on it or pasted anywhere on the page go up one by one, each with its
 * progress in `[data-uploads]`. The answer is a fragment for `data-target` (default: none), or a problem shown in the row.
 */

let queue: Promise<void> = Promise.resolve();

function send(form: HTMLFormElement, file: File): Promise<void> {
  const row = el("div", "upload neutral", icon("file-text"), el("span", "cut", file.name));
  const state = el("span", "cap", "0 %");
  const bar = document.createElement("progress");
  bar.max = file.size || 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  row.append(state, bar);
  form.querySelector("[data-uploads]")?.append(row);

  const data = new FormData(form);
  const field = form.querySelector<HTMLInputElement>("input[type=file]")?.name ?? "file";
  data.delete(field);
  data.append(field, file);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("Accept", "text/html, application/problem+json");
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.loaded;
      state.textContent = `${Math.floor((100 * event.loaded) / Math.max(1, event.total))} %`;
    });
    request.addEventListener("loadend", () => {
      finish(form, row, state, bar, request);
      done();
    });
    request.send(data);
  });
}

function finish(form: HTMLFormElement, row: HTMLElement, state: HTMLElement, bar: HTMLProgressElement, request: XMLHttpRequest): void {
  const redirect = request.getResponseHeader("HX-Redirect");
  if (redirect) {
    location.assign(redirect);
    return;
  }
  if (request.status >= 200 && request.status < 300) {
    row.remove();
    const target = document.querySelector(form.dataset["target"] || "#none");
    if (target && request.responseText.trim()) {
      target.innerHTML = request.responseText;
      window.htmx.process(target);
    }
    window.htmx.trigger(document.body, "live:receipts");
    return;
  }
  bar.remove();
  state.remove();
  row.className = "upload bad";
  row.append(el("div", "t-bad span-2", ...failure(request)));
}

/** What the server says: the paragraphs of its fragment, or a problem's words. */
function failure(request: XMLHttpRequest): (Node | string)[] {
  const type = request.getResponseHeader("Content-Type");
  if (isProblem(type)) {
    const problem = JSON.parse(request.responseText) as Problem;
    return [problem.detail ?? problem.title ?? word("upload_failed")];
  }
  const fragment = document.createElement("template");
  if (type?.startsWith("text/html")) fragment.innerHTML = request.responseText;
  const said = [...fragment.content.querySelectorAll('[role="alert"] > p')];
  if (said.length > 0) return said;
  return [request.status === 0 ? word("network_error") : `${word("upload_failed")} (${request.status})`];
}

function take(form: HTMLFormElement, files: Iterable<File>): void {
  for (const file of files) queue = queue.then(() => send(form, file));
}

document.addEventListener("change", (event) => {
  const input = closest<HTMLInputElement>(event, "form[data-drop] input[type=file]");
  if (!input?.form || !input.files) return;
  take(input.form, [...input.files]);
  input.value = "";
});
document.addEventListener("dragover", (event) => {
  const form = closest<HTMLFormElement>(event, "form[data-drop]");
  if (!form) return;
  event.preventDefault();
  form.querySelector(".drop")?.classList.add("over");
});
for (const kind of ["dragleave", "drop"]) {
  document.addEventListener(kind, (event) => closest(event, "form[data-drop]")?.querySelector(".drop")?.classList.remove("over"));
}
document.addEventListener("drop", (event) => {
  const form = closest<HTMLFormElement>(event, "form[data-drop]");
  if (!form) return;
  event.preventDefault();
  take(form, [...(event.dataTransfer?.files ?? [])]);
});
document.addEventListener("paste", (event) => {
  const form = all<HTMLFormElement>("form[data-drop]")[0];
  const files = [...(event.clipboardData?.files ?? [])];
  if (!form || files.length === 0) return;
  event.preventDefault();
  take(form, files);
});

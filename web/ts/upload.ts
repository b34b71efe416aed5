import { all, closest, el, icon, word } from "./dom.ts";
import { isProblem, type Problem } from "./toast.ts";

/*
 * `form[data-drop]`: files chosen, dropped on it or pasted anywhere on the page go up a few at a time, each in a row of
 * its own in `[data-uploads]` with its progress. What fails stays there in words and can be tried again; the others are
 * not held up by it.
 *
 * With `data-api` the file goes there, with a key by which a repeated try makes nothing twice; each document of the answer
 * becomes the row that `data-row` + id + `/row` gives, at the top of `data-target`. Without, the answer of the form's own
 * address is a fragment for `data-target`.
 */

const AT_ONCE = 3;
const waiting: (() => Promise<void>)[] = [];
let running = 0;

function next(): void {
  while (running < AT_ONCE) {
    const work = waiting.shift();
    if (!work) return;
    running += 1;
    void work().finally(() => {
      running -= 1;
      next();
    });
  }
}

/** A file on its way, in its row. */
class Upload {
  readonly #form: HTMLFormElement;
  readonly #file: File;
  readonly #key = crypto.randomUUID();
  readonly #row = el("div", "upload neutral");

  constructor(form: HTMLFormElement, file: File) {
    this.#form = form;
    this.#file = file;
    form.querySelector("[data-uploads]")?.append(this.#row);
    this.#begin();
  }

  #begin(): void {
    const state = el("span", "cap", word("upload_waiting"));
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", this.#file.name);
    this.#row.className = "upload neutral";
    this.#row.replaceChildren(icon("file-text"), el("span", "cut", this.#file.name), state, bar);
    waiting.push(() => this.#send(state, bar));
    next();
  }

  #send(state: HTMLElement, bar: HTMLProgressElement): Promise<void> {
    const data = new FormData(this.#form);
    const field = this.#form.querySelector<HTMLInputElement>("input[type=file]")?.name ?? "file";
    data.delete(field);
    data.append(field, this.#file);
    const api = this.#form.dataset["api"];
    return new Promise((done) => {
      const request = new XMLHttpRequest();
      request.open("POST", api ?? this.#form.action);
      if (api) request.setRequestHeader("Idempotency-Key", this.#key);
      else request.setRequestHeader("HX-Request", "true");
      request.setRequestHeader("Accept", api ? "application/json" : "text/html, application/problem+json");
      request.upload.addEventListener("progress", (event) => {
        const part = event.loaded / Math.max(1, event.total);
        bar.value = part;
        state.textContent = part < 1 ? `${Math.floor(100 * part)} %` : word("upload_reading");
      });
      request.addEventListener("loadend", () => {
        this.#ended(request).finally(done);
      });
      request.send(data);
    });
  }

  async #ended(request: XMLHttpRequest): Promise<void> {
    const redirect = request.getResponseHeader("HX-Redirect");
    if (redirect) {
      location.assign(redirect);
      return;
    }
    if (request.status < 200 || request.status >= 300) {
      this.#failed(request);
      return;
    }
    const target = document.querySelector<HTMLElement>(this.#form.dataset["target"] || "#none");
    const rows = this.#form.dataset["row"];
    if (target && rows) {
      for (const { id } of JSON.parse(request.responseText) as { id: string }[]) await put(target, rows, id);
    } else if (target && request.responseText.trim()) {
      target.innerHTML = request.responseText;
      window.htmx.process(target);
    }
    this.#row.remove();
    window.htmx.trigger(document.body, "live:receipts");
  }

  #failed(request: XMLHttpRequest): void {
    // What is wrong with the file itself will be so the next time, too.
    const again = request.status === 0 || request.status === 409 || request.status === 429 || request.status >= 500;
    const acts = el("span", "row");
    if (again) {
      const retry = button("rotate-ccw", word("upload_retry"));
      retry.addEventListener("click", () => this.#begin());
      acts.append(retry);
    }
    const dismiss = button("x", word("close"));
    dismiss.addEventListener("click", () => this.#row.remove());
    acts.append(dismiss);
    this.#row.className = "upload bad";
    this.#row.setAttribute("role", "alert");
    const said = el("div", "t-bad", el("b", "cut", this.#file.name), ...failure(request));
    this.#row.replaceChildren(icon("circle-x"), said, acts);
  }
}

function button(name: string, label: string): HTMLButtonElement {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn small ghost icon";
  made.setAttribute("aria-label", label);
  made.title = label;
  made.append(icon(name));
  return made;
}

/** Puts the row of a document at the top of a list, in place of the one that may be there. */
async function put(target: HTMLElement, rows: string, id: string): Promise<void> {
  const answer = await fetch(`${rows}${id}/row`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  document.getElementById(`receipt-${id}`)?.remove();
  target.insertAdjacentHTML("afterbegin", await answer.text());
  const row = document.getElementById(`receipt-${id}`);
  if (row) window.htmx.process(row);
  document.querySelector("[data-empty]")?.remove();
}

/** What the server says: the paragraphs of its fragment, or a problem's words. */
function failure(request: XMLHttpRequest): (Node | string)[] {
  const type = request.getResponseHeader("Content-Type");
  if (isProblem(type)) {
    const problem = JSON.parse(request.responseText) as Problem;
    const fields = (problem.fields ?? []).map((f) => el("p", "", f.message ?? f.code));
    return fields.length > 0 ? fields : [el("p", "", problem.detail ?? problem.title ?? word("upload_failed"))];
  }
  const fragment = document.createElement("template");
  if (type?.startsWith("text/html")) fragment.innerHTML = request.responseText;
  const said = [...fragment.content.querySelectorAll('[role="alert"] > p')];
  if (said.length > 0) return said;
  return [el("p", "", request.status === 0 ? word("network_error") : `${word("upload_failed")} (${request.status})`)];
}

function take(form: HTMLFormElement, files: Iterable<File>): void {
  for (const file of files) new Upload(form, file);
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

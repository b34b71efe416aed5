/*
 * `form[data-preferences]` posts theme, language or single keys to the server. A theme shows at once and is stored in
 * the background; the rest submits and reloads as a plain form.
 */
document.addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  const button = event.submitter as HTMLButtonElement | null;
  if (!form.matches("form[data-preferences]") || button?.name !== "theme") return;
  event.preventDefault();
  document.documentElement.dataset["theme"] = button.value;
  for (const other of form.querySelectorAll<HTMLButtonElement>("button[name=theme]")) other.setAttribute("aria-pressed", String(other === button));
  dispatchEvent(new Event("themechange"));
  void fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button) as unknown as Record<string, string>) });
});

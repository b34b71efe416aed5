import { all, closest } from "./dom.ts";

/* Dialogs open by `command="show-modal" commandfor="id"`; older browsers get the same from here. */
const native = "commandForElement" in HTMLButtonElement.prototype;

document.addEventListener("click", (event) => {
  const button = native ? null : closest<HTMLButtonElement>(event, "button[commandfor]");
  const dialog = button && document.getElementById(button.getAttribute("commandfor") ?? "");
  if (dialog instanceof HTMLDialogElement) {
    if (button?.getAttribute("command") === "show-modal") dialog.showModal();
    else dialog.close();
  }
  if (event.target instanceof HTMLDialogElement && event.target.open) event.target.close();

  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) {
    if (!menu.contains(event.target as Node)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
    event.preventDefault();
  }
}, { capture: true });

/* One dialog for many rows: the button that opens it says where its form goes and what its title is. */
document.addEventListener("click", (event) => {
  const button = closest<HTMLButtonElement>(event, "button[commandfor][data-action]");
  const dialog = button && document.getElementById(button.getAttribute("commandfor") ?? "");
  const [form, title] = [dialog?.querySelector("form"), dialog?.querySelector("h2")];
  if (!button || !form || !title) return;
  form.action = button.dataset["action"] ?? "";
  title.textContent = button.dataset["title"] ?? title.textContent;
}, { capture: true });

/* Print and download links may sit in menus: choosing one closes the menu. */
document.addEventListener("click", (event) => {
  const menu = closest(event, ".menu-list a, .menu-list button")?.closest<HTMLDetailsElement>("details.menu");
  if (menu) menu.open = false;
});

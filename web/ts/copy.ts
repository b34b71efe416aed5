import { closest, word } from "./dom.ts";
import { toast } from "./toast.ts";

/* `button[data-copy="text"]` */
document.addEventListener("click", (event) => {
  const button = closest<HTMLButtonElement>(event, "button[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset["copy"] ?? "").then(
    () => toast("ok", word("copied"), button.dataset["copyHidden"] === undefined ? button.dataset["copy"] : undefined),
    () => toast("bad", word("copy_failed")),
  );
});

import "htmx.org";
import "./commands.ts";
import "./palette.ts";
import "./keys.ts";
import "./list.ts";
import "./picks.ts";
import "./live.ts";
import "./upload.ts";
import "./rows.ts";
import "./dialogs.ts";
import "./copy.ts";
import "./preferences.ts";
import "./problems.ts";

document.documentElement.classList.add("js");
/* On a phone the settings navigation scrolls sideways: show where one is. */
document.querySelector(".subnav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

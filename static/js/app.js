// The entry, on every page. Each module finds its own elements by data attributes; docs/frontend.md lists them.
import * as combo from "./combo.js";
import * as dialog from "./dialog.js";
import * as keys from "./keys.js";
import * as toast from "./toast.js";

const root = document.documentElement;
root.dataset.js = "";

// What only some pages carry is fetched only there.
const parts = {
  "[data-draft]": () => import("./draft.js"),
  "[data-lease-until]": () => import("./lease.js"),
  "[data-preview]": () => import("./preview.js"),
  "[data-preference]": () => import("./preference.js"),
  "[data-stepwise]": () => import("./stepwise.js"),
  "[data-viewer]": () => import("./viewer.js"),
};

// What scrolls sideways inside a text can be scrolled with the keys too.
function reachable(scope) {
  for (const element of scope.querySelectorAll(".prose :is(.math, pre, table), .tabs, .stepper")) {
    if (element.scrollWidth > element.clientWidth && !element.querySelector("a")) element.tabIndex = 0;
  }
}

// On a phone the tab one is on may lie outside its bar.
function reveal(scope) {
  for (const here of scope.querySelectorAll(":is(.tabs, .nav) [aria-current]")) {
    const bar = here.closest(".tabs, .nav-box");
    bar.scrollLeft += Math.max(0, here.getBoundingClientRect().right - bar.getBoundingClientRect().right);
  }
}

async function start(scope) {
  for (const part of [combo, toast]) part.start(scope);
  const found = (selector) => scope.matches?.(selector) || scope.querySelector(selector);
  await Promise.all(
    Object.entries(parts)
      .filter(([selector]) => found(selector))
      .map(async ([, load]) => (await load()).start(scope)),
  );
  reachable(scope);
  reveal(scope);
  for (const input of scope.querySelectorAll("[data-time-zone]")) {
    input.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
  scope.querySelector("[data-focus]")?.focus();
}

function switchTheme() {
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}

async function copy(button) {
  await navigator.clipboard.writeText(button.dataset.copy);
  toast.show("Copied.", "success");
}

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  if (hit("[data-theme-switch]")) switchTheme();
  if (hit("[data-keys-help]")) keys.help();
  if (hit("[data-copy]")) copy(hit("[data-copy]"));
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target) || hit("[data-keys-help]")) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-autosubmit]")) event.target.form.requestSubmit();
  if (event.target.matches("[data-check-all]")) {
    for (const box of event.target.form.querySelectorAll(`[name="${event.target.dataset.checkAll}"]`)) {
      box.checked = event.target.checked;
    }
  }
});

// One click is one request: a form on its way cannot be sent again. Runs last, so whoever stopped it has been heard.
window.addEventListener("submit", (event) => {
  if (event.defaultPrevented) return;
  if (event.target.dataset.sending !== undefined) return event.preventDefault();
  event.target.dataset.sending = "";
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("[data-sending]")) delete form.dataset.sending;
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
});

// htmx brings new parts, and says when it could not.
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) start(event.detail.elt);
});
document.addEventListener("htmx:sendError", () => toast.show("No connection. Nothing was changed.", "danger"));
document.addEventListener("htmx:responseError", (event) => {
  toast.show(event.detail.xhr.status === 403 ? "Your role does not allow this." : "That did not work. Nothing was changed.", "danger");
});

// allauth's passkey scripts say so when the device or the person said no.
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  toast.show("The passkey was not used. Try again, or choose another way.", "warning");
});

dialog.listen();
keys.listen();
start(document).then(() => (root.dataset.ready = "")); // whoever waits for the keys to work, as the browser tests do

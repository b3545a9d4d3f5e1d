// Printed keys. An element with data-key="s" is clicked (or, if one writes in it, focused) when S is pressed.
// Single keys act outside text fields only, never while an input method composes, and not at all when switched off.
// "ctrl+enter" means Ctrl or ⌘ and acts everywhere.
const STORE = "quorum-keys";
const WRITES = "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=button], [type=submit])";
const registered = new Map(); // key → {label, act}

const name = (event) => {
  const plain = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return `ctrl+${plain}`;
  return event.shiftKey && /^[a-z]$/.test(plain) ? `shift+${plain}` : plain;
};

const off = () => document.documentElement.dataset.keys === "off" || localStorage.getItem(STORE) === "off";

/** Binds `key` for a page's own act (it wins over data-key); `label` is what the list says. */
export function register(key, label, act) {
  registered.set(key, { label, act });
}

function press(element) {
  if (element.matches(WRITES)) element.focus();
  else element.click();
}

function find(key) {
  const within = document.querySelector("dialog[open]") ?? document;
  return [...within.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key.toLowerCase() === key && !element.disabled && element.offsetParent !== null,
  );
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.keyCode === 229 || event.altKey) return;
  const key = name(event);
  const single = !key.startsWith("ctrl+");
  if (single && (event.target.closest(WRITES) || off())) return leave(event);
  const own = document.querySelector("dialog[open]") ? undefined : registered.get(key);
  const element = own ? undefined : find(key);
  if (!element && !own) return;
  event.preventDefault();
  if (own) own.act(event);
  else press(element);
}

function leave(event) {
  if (event.key === "Escape" && event.target.matches("textarea")) event.target.blur();
}

const PRETTY = { "ctrl+enter": "Ctrl ⏎", "ctrl+s": "Ctrl S", enter: "⏎", escape: "Esc" };
const pretty = (key) => PRETTY[key] ?? key.replace("shift+", "Shift ").replace("ctrl+", "Ctrl ").toUpperCase();

function label(element) {
  if (element.dataset.keyLabel) return element.dataset.keyLabel;
  const copy = (element.closest("label") ?? element).cloneNode(true);
  for (const printed of copy.querySelectorAll("kbd, svg")) printed.remove();
  return copy.textContent.trim() || element.getAttribute("aria-label") || element.dataset.key;
}

function rows() {
  const shown = [...document.querySelectorAll("[data-key]")].filter((element) => element.offsetParent !== null);
  const all = new Map(shown.map((element) => [element.dataset.key.toLowerCase(), label(element)]));
  for (const [key, { label: text }] of registered) if (text) all.set(key, text);
  return all;
}

/** Opens the list of this page's keys, with the switch that turns single keys off. */
export function help() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = `<h2 id="keys-title">Keyboard shortcuts</h2><dl class="keys"></dl>
    <label class="check"><input type="checkbox"><span>Single-key shortcuts on this device</span></label>
    <form method="dialog" class="actions"><button class="button">Close</button></form>`;
  const list = dialog.querySelector("dl");
  for (const [key, text] of rows()) {
    const [term, what] = [document.createElement("dt"), document.createElement("dd")];
    term.append(Object.assign(document.createElement("kbd"), { textContent: pretty(key) }));
    what.textContent = text;
    list.append(term, what);
  }
  const box = dialog.querySelector("input");
  box.checked = !off();
  box.disabled = document.documentElement.dataset.keys === "off"; // switched off for the account: changed there
  box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

export function listen() {
  register("?", "This list", help);
  document.addEventListener("keydown", onKey);
}

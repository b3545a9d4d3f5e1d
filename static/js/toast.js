// Short news in the corner: polite, six seconds (errors stay), never the only place for an error or for money.
// From the server: Django messages, or a response header  HX-Trigger: {"toast": {"text": "Saved.", "tone": "success"}}
const SECONDS = 6;
const STAYS = new Set(["danger", "error"]);

function arm(element) {
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", "Dismiss");
  close.addEventListener("click", () => element.remove());
  element.append(close);
  if ([...element.classList].some((name) => STAYS.has(name))) return;
  let timer;
  const run = () => (timer = setTimeout(() => element.remove(), SECONDS * 1000));
  const hold = () => clearTimeout(timer);
  for (const name of ["mouseenter", "focusin"]) element.addEventListener(name, hold);
  for (const name of ["mouseleave", "focusout"]) element.addEventListener(name, run);
  run();
}

/** Shows `text`; `tone` is info, success, warning or danger; `undo` adds a button that calls it. */
export function show(text, tone = "info", undo = null) {
  const element = document.createElement("div");
  element.className = `toast ${tone}`;
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.addEventListener("click", () => {
      element.remove();
      undo();
    });
    element.append(button);
  }
  document.getElementById("toasts").append(element);
  arm(element);
  return element;
}

export function start(scope) {
  for (const element of scope.querySelectorAll("[data-toast]")) {
    delete element.dataset.toast;
    arm(element);
  }
}

document.addEventListener("toast", (event) => show(event.detail.text, event.detail.tone));

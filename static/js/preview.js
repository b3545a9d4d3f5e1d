// Markdown, maths and code as the reader will see them: the server renders, so there is one renderer.
//   <button type="button" data-preview="#id_reason" data-preview-url="/preview" data-key="p">Preview <kbd>P</kbd></button>
import { show } from "./toast.js";

function write(button, field) {
  field.hidden = false;
  field.nextElementSibling.remove();
  button.setAttribute("aria-pressed", "false");
  field.focus();
}

async function toggle(button) {
  const field = document.querySelector(button.dataset.preview);
  const open = button.getAttribute("aria-pressed") === "true";
  if (open) return write(button, field);
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const answer = await fetch(button.dataset.previewUrl, { method: "POST", body: new URLSearchParams({ text: field.value }), headers: { "X-CSRFToken": token } });
    if (!answer.ok) throw new Error(answer.statusText);
    const shown = Object.assign(document.createElement("div"), { className: "prose card", innerHTML: await answer.text(), tabIndex: -1 });
    field.after(shown);
    field.hidden = true;
    button.setAttribute("aria-pressed", "true");
    shown.focus();
  } catch {
    show("The preview could not be fetched. Your text is unchanged.", "danger");
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const button of scope.querySelectorAll("[data-preview]")) {
    if (done.has(button)) continue;
    done.add(button);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => toggle(button));
    const field = document.querySelector(button.dataset.preview);
    field.addEventListener("invalid", () => field.hidden && write(button, field)); // a hidden field cannot be pointed at
  }
}

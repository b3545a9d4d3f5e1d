// Compare answers: 1…7 choose on the scale, A and D show one answer at full width and back, N jumps to the reason.
//   <form data-preference> … .answer.a … .answer.b … .scale input[type=radio] … <textarea data-reason>
import { register } from "./keys.js";

function focusAnswer(root, side) {
  if (root.dataset.full === side) {
    delete root.dataset.full;
    return;
  }
  root.dataset.full = side;
  root.querySelector(`.answer.${side}`).scrollIntoView({ block: "nearest" });
}

export function start(scope) {
  const root = scope.querySelector("[data-preference]");
  if (!root) return;
  root.querySelectorAll(".scale input[type=radio]").forEach((input, index) => {
    register(String(index + 1), index ? "" : "Choose on the scale, 1 to 7", () => (input.click(), input.focus()));
  });
  if (root.querySelector(".answer.a")) register("a", "Answer A at full width, and back", () => focusAnswer(root, "a"));
  if (root.querySelector(".answer.b")) register("d", "Answer B at full width, and back", () => focusAnswer(root, "b"));
  const reason = root.querySelector("[data-reason], textarea[name=rationale]");
  if (reason) register("n", "Jump to the reason", () => reason.focus());
}

// Label a chain of steps: J/K walk, G/B/U rate, F says "the first wrong step is here", C comments.
//   <form data-stepwise><ol class="steps"><li class="step" data-step tabindex="-1"> …
//     .picks input[type=radio][value="1" | "0" | "-1"]  and, if wanted, <button type="button" data-first-wrong> … </ol>
//   <div class="detail" data-correction><textarea name="correction"></textarea></div>
// The correction moves to the first step that is rated −1, and hides while there is none.
import { register } from "./keys.js";

class Chain {
  constructor(root) {
    this.steps = [...root.querySelectorAll("[data-step]")];
    this.correction = root.querySelector("[data-correction]");
    this.at = 0;
    root.addEventListener("click", (event) => {
      if (event.target.closest("[data-first-wrong]")) this.firstWrong();
    });
    root.addEventListener("change", () => this.draw());
    root.addEventListener("focusin", (event) => {
      const index = this.steps.findIndex((step) => step.contains(event.target));
      if (index >= 0) this.mark(index);
    });
    register("j", "Next step", () => this.go(this.at + 1));
    register("k", "Previous step", () => this.go(this.at - 1));
    for (const [key, label, value] of [["g", "Step is good", "1"], ["b", "Step is bad", "-1"], ["u", "Unsure", "0"]]) {
      register(key, label, () => this.rate(this.at, value));
    }
    register("f", "The first wrong step is here", () => this.firstWrong());
    register("c", "Comment", () => (this.steps[this.at].querySelector("[data-comment]") ?? root.querySelector("[data-comment], textarea[name=comment]"))?.focus());
    this.draw();
    this.mark(0);
  }

  rating(step) {
    return step.querySelector(".picks input:checked")?.value;
  }

  mark(index) {
    this.steps[this.at].classList.remove("current");
    this.at = index;
    this.steps[index].classList.add("current");
  }

  go(index) {
    if (index < 0 || index >= this.steps.length) return;
    this.mark(index);
    this.steps[index].focus({ preventScroll: true });
    this.steps[index].scrollIntoView({ block: "nearest" });
  }

  rate(index, value) {
    this.steps[index].querySelector(`.picks input[value="${value}"]`)?.click();
    if (value !== "-1") this.go(index + 1);
  }

  firstWrong() {
    for (const step of this.steps.slice(0, this.at)) {
      if (this.rating(step) === "-1" || !this.rating(step)) step.querySelector('.picks input[value="1"]').click();
    }
    this.rate(this.at, "-1");
    this.correction?.querySelector("textarea").focus();
  }

  draw() {
    const wrong = this.steps.findIndex((step) => this.rating(step) === "-1");
    this.steps.forEach((step, index) => {
      const rating = this.rating(step);
      if (rating === undefined) delete step.dataset.rating;
      else step.dataset.rating = rating;
      step.classList.toggle("first-wrong", index === wrong);
    });
    if (!this.correction) return;
    this.correction.hidden = wrong < 0;
    this.correction.querySelector("textarea").disabled = wrong < 0; // what is hidden is not handed in
    if (wrong >= 0 && !this.steps[wrong].contains(this.correction)) this.steps[wrong].append(this.correction);
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const root of scope.querySelectorAll("[data-stepwise]")) {
    if (done.has(root)) continue;
    done.add(root);
    new Chain(root);
  }
}

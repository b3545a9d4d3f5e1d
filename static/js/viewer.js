// Pages of a document as pictures: zoom and rotate by attributes, since the policy forbids inline styles.
//   <div class="viewer" data-viewer aria-label="diploma.pdf"><div class="viewer-pages" tabindex="0"><img …></div></div>
import { register } from "./keys.js";

const ZOOMS = [50, 75, 100, 150, 200, 300];

class Viewer {
  constructor(element) {
    this.element = element;
    this.zoom = ZOOMS.indexOf(100);
    this.turn = 0;
    const tools = document.createElement("div");
    tools.className = "viewer-tools";
    const pages = element.querySelectorAll("img").length;
    for (const [key, text, label, act] of [
      ["-", "−", "Smaller", () => this.scale(-1)],
      ["+", "+", "Larger", () => this.scale(1)],
      ["r", "⟳", "Turn right", () => this.rotate()],
    ]) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button ghost small", textContent: text });
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
      if (key === "r") button.append(" ", Object.assign(document.createElement("kbd"), { textContent: "R" }));
      tools.append(button);
      register(key, label, act);
    }
    register("=", "", () => this.scale(1));
    this.shown = Object.assign(document.createElement("span"), { className: "page" });
    this.pages = `${pages} page${pages === 1 ? "" : "s"}`;
    tools.append(this.shown);
    element.prepend(tools);
    this.draw();
  }

  scale(step) {
    this.zoom = Math.min(Math.max(this.zoom + step, 0), ZOOMS.length - 1);
    this.draw();
  }

  rotate() {
    this.turn = (this.turn + 90) % 360;
    this.draw();
  }

  draw() {
    this.element.dataset.zoom = ZOOMS[this.zoom];
    this.element.dataset.turn = this.turn;
    this.shown.textContent = `${this.pages}, ${ZOOMS[this.zoom]} %`;
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const element of scope.querySelectorAll("[data-viewer]")) {
    if (done.has(element)) continue;
    done.add(element);
    new Viewer(element);
  }
}

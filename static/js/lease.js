// How long the task is still held, visibly; five minutes before the end it says so and offers the one extension.
//   <div class="clock" data-lease-until="ISO" data-lease-now="ISO of the server" data-lease-extend="/tasks/…/extend">
//     <b data-lease-left></b><small>left on this task</small></div>
// Extending POSTs there; the server answers {"until": ISO} or {"message": …}.
import { show } from "./toast.js";

const WARN = 5 * 60;

function text(seconds) {
  if (seconds <= 0) return "0:00";
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

class Lease {
  constructor(element) {
    this.element = element;
    this.left = element.querySelector("[data-lease-left]");
    this.until = Date.parse(element.dataset.leaseUntil);
    this.ahead = element.dataset.leaseNow ? Date.parse(element.dataset.leaseNow) - Date.now() : 0;
    this.told = "";
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  tick() {
    if (!this.element.isConnected) return clearInterval(this.timer);
    const seconds = Math.round((this.until - Date.now() - this.ahead) / 1000);
    this.left.textContent = text(seconds);
    const stage = seconds <= 0 ? "over" : seconds <= WARN ? "soon" : "";
    this.element.classList.toggle("soon", stage === "soon");
    this.element.classList.toggle("over", stage === "over");
    if (stage && stage !== this.told) this[stage]();
    this.told = stage;
  }

  soon() {
    show("Five minutes left on this task. Your draft is saved as you type.", "warning");
    if (!this.element.dataset.leaseExtend || this.element.querySelector("button")) return;
    this.button = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: "Extend" });
    this.button.addEventListener("click", () => this.extend());
    this.element.append(this.button);
  }

  over() {
    show("The time for this task is over. Submit now if nobody else has taken it; your draft is kept.", "danger");
    this.element.dispatchEvent(new CustomEvent("lease:over", { bubbles: true }));
  }

  async extend() {
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    try {
      const answer = await fetch(this.element.dataset.leaseExtend, { method: "POST", headers: { "X-CSRFToken": token, Accept: "application/json" } });
      const said = await answer.json();
      if (!answer.ok) return show(said.message ?? "The time could not be extended.", "danger");
      this.until = Date.parse(said.until);
      delete this.element.dataset.leaseExtend; // once
      this.button?.remove();
      this.tick();
      show("Extended.", "success");
    } catch {
      show("Server not reached: the time was not extended. Try again.", "danger");
    }
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const element of scope.querySelectorAll("[data-lease-until]")) {
    if (done.has(element)) continue;
    done.add(element);
    const lease = new Lease(element);
    element.querySelector("[data-lease-extend-now]")?.addEventListener("click", () => lease.extend());
  }
}

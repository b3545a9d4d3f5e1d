// Work that cannot be lost: saved 600 ms after the last key, and kept on this device while the server is out of reach.
//   <form data-draft="/tasks/…/draft" data-draft-version="3">  …  <span class="status" data-draft-status></span>
// POSTs the form's fields and `version` there. The server answers 200 {"version": 4, "saved_at": ISO}, or 409 when
// another window saved a newer version: then nothing is overwritten and the person decides.
// `seconds` goes along with each save and with the submit: time in which the page was seen and somebody was at it.
import { confirm } from "./dialog.js";
import { register } from "./keys.js";
import { show } from "./toast.js";

const PAUSE = 600;
const RETRY = [2, 5, 10, 20, 30]; // seconds
const KEEP = 30 * 86_400_000;
const IDLE = 60_000; // nobody touched anything for this long: the clock of active time stands still
const PREFIX = "quorum-draft:";
const clock = (time) => new Date(time).toLocaleTimeString("en-GB");

class Draft {
  constructor(form) {
    this.form = form;
    this.url = form.dataset.draft;
    this.key = PREFIX + this.url;
    this.version = Number(form.dataset.draftVersion ?? form.dataset.version ?? 0);
    this.status = document.querySelector("[data-draft-status]");
    this.sent = this.served();
    this.failures = 0;
    this.stopped = false;
    this.active = 0;
    this.touched = Date.now();
    for (const sign of ["keydown", "pointerdown", "pointermove", "wheel"]) document.addEventListener(sign, () => (this.touched = Date.now()), { passive: true });
    setInterval(() => !document.hidden && Date.now() - this.touched < IDLE && this.active++, 1000);
    form.addEventListener("formdata", (event) => event.formData.set("seconds", this.active));
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", (event) => this.submit(event));
    form.addEventListener("keydown", (event) => {
      // Submitting costs: a bare Enter in a field or on a choice must not do it.
      if (event.key === "Enter" && event.target.matches("input") && !event.ctrlKey && !event.metaKey) event.preventDefault();
    });
    window.addEventListener("online", () => this.dirty() && this.save());
    window.addEventListener("beforeunload", (event) => this.dirty() && !this.leaving && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.dirty() && this.save());
    register("ctrl+s", "Save now", () => this.save());
    this.restore();
  }

  // Not what stands there now: one may have typed before this script arrived, and that is to be saved too.
  served() {
    const copy = this.form.cloneNode(true);
    copy.reset();
    return this.read(copy);
  }

  read(form = this.form) {
    const fields = [...new FormData(form)].filter(([name, value]) => !["csrfmiddlewaretoken", "seconds"].includes(name) && typeof value === "string");
    return JSON.stringify(fields);
  }

  dirty() {
    return this.read() !== this.sent;
  }

  say(text, state) {
    if (!this.status) return;
    this.status.textContent = text;
    this.status.dataset.state = state;
  }

  changed() {
    if (this.stopped) return;
    clearTimeout(this.timer);
    if (!this.dirty()) return;
    this.say("Not saved yet", "dirty");
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  async save() {
    clearTimeout(this.timer);
    if (this.stopped) return false;
    if (this.saving) return this.saving;
    this.saving = this.post().finally(() => (this.saving = null));
    const saved = await this.saving;
    if (saved && this.dirty()) this.changed(); // one typed on while it was under way
    return saved;
  }

  async post() {
    const fields = this.read();
    const body = new URLSearchParams(JSON.parse(fields));
    const { active } = this;
    body.set("version", this.version);
    body.set("seconds", active);
    this.say("Saving", "saving");
    let answer;
    try {
      const token = this.form.querySelector("[name=csrfmiddlewaretoken]").value;
      answer = await fetch(this.url, { method: "POST", body, headers: { "X-CSRFToken": token, Accept: "application/json" } });
    } catch {
      return this.keep(fields);
    }
    if (answer.status >= 500) return this.keep(fields);
    const said = await answer.json().catch(() => ({}));
    if (answer.ok && said.version !== undefined) {
      this.active -= active;
      return this.saved(fields, said);
    }
    this.refused(fields, answer.status, said);
    return false;
  }

  saved(fields, said) {
    this.sent = fields;
    this.version = said.version;
    this.failures = 0;
    localStorage.removeItem(this.key);
    this.say(`Saved ${clock(said.saved_at ?? Date.now())}`, "saved");
    return true;
  }

  store(fields) {
    try {
      localStorage.setItem(this.key, JSON.stringify({ fields, version: this.version, at: Date.now() }));
      return true;
    } catch {
      return false; // full or forbidden: said to the person by the caller
    }
  }

  keep(fields) {
    const kept = this.store(fields);
    this.say(kept ? `Server not reached. Kept on this device ${clock(Date.now())}` : "Server not reached. Keep this page open", "local");
    const wait = RETRY[Math.min(this.failures++, RETRY.length - 1)];
    this.timer = setTimeout(() => this.save(), wait * 1000);
    return false;
  }

  refused(fields, status, said) {
    this.store(fields);
    this.stopped = true;
    const why = { 401: "You are signed out.", 403: "You may no longer change this.", 409: "Another window saved a newer version." };
    this.say(`Not saved. ${said.message ?? why[status] ?? "The server refused it."}`, "conflict");
    show("This draft is no longer saved. Your text is kept on this device. Load the page again to go on.", "danger");
  }

  async restore() {
    const copy = JSON.parse(localStorage.getItem(this.key) ?? "null");
    const old = copy && (Date.now() - copy.at > KEEP || [this.sent, this.read()].includes(copy.fields));
    if (old || !(await this.wanted(copy))) {
      localStorage.removeItem(this.key);
      return this.changed();
    }
    this.fill(JSON.parse(copy.fields));
    show(`Restored what you typed at ${clock(copy.at)}.`, "success");
    this.save();
  }

  async wanted(copy) {
    if (!copy) return false;
    const typed = `It was typed at ${clock(copy.at)} and did not reach the server`;
    if (copy.version !== this.version) return confirm("Use the copy from this device?", `${typed}, which has a newer version.`, "Use the copy");
    return !this.dirty() || confirm("Use the copy from this device?", `${typed}. It takes the place of what you type now.`, "Use the copy");
  }

  fill(fields) {
    for (const element of this.form.elements) {
      if (!element.name || element.type === "file" || element.name === "csrfmiddlewaretoken") continue;
      const own = fields.filter(([name]) => name === element.name).map(([, value]) => value);
      if (["checkbox", "radio"].includes(element.type)) element.checked = own.includes(element.value);
      else if (element.multiple) for (const option of element.options) option.selected = own.includes(option.value);
      else if (own.length) element.value = own[0];
      element.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  async submit(event) {
    if (event.defaultPrevented) return;
    if (!this.dirty() || this.stopped) return (this.leaving = true);
    event.preventDefault();
    const { submitter } = event;
    if (await this.save()) {
      this.leaving = true;
      this.form.requestSubmit(submitter);
    } else show("Not sent: the server was not reached. Your work is kept on this device.", "danger");
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const form of scope.querySelectorAll("form[data-draft]")) {
    if (done.has(form)) continue;
    done.add(form);
    new Draft(form);
  }
}

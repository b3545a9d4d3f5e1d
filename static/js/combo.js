// Type to search over a <select multiple data-combo>. Without this script the select works as it is.
const LIMIT = 60;
const fold = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const make = (tag, props, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

class Combo {
  constructor(select) {
    this.select = select;
    this.active = -1;
    this.shown = [];
    const id = select.id || `combo-${Math.random().toString(36).slice(2)}`;
    this.input = make("input", { type: "text", id: `${id}-search`, autocomplete: "off", role: "combobox", placeholder: select.dataset.combo || "Type to search" });
    this.list = make("ul", { className: "combo-list", id: `${id}-list`, role: "listbox", hidden: true });
    this.list.setAttribute("aria-multiselectable", "true");
    const label = select.labels?.[0];
    this.list.setAttribute("aria-label", label?.firstChild?.textContent.trim() || "Choices");
    for (const [key, value] of Object.entries({ "aria-expanded": "false", "aria-controls": this.list.id, "aria-autocomplete": "list" })) this.input.setAttribute(key, value);
    for (const name of ["aria-describedby", "aria-invalid"]) if (select.hasAttribute(name)) this.input.setAttribute(name, select.getAttribute(name));
    if (label) label.htmlFor = this.input.id;
    this.box = make("div", { className: "combo-box" }, this.input);
    select.after(make("div", { className: "combo" }, this.box, this.list));
    select.hidden = true;
    select.required = false; // a hidden field cannot be pointed at; the server still says so
    this.listen();
    this.picks();
  }

  listen() {
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("focus", () => this.open());
    this.input.addEventListener("click", () => this.list.hidden && this.open());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("mousedown", (event) => event.target === this.box && (event.preventDefault(), this.input.focus()));
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // keeps the focus where one types
      const item = event.target.closest("[role=option]");
      if (item) this.toggle(this.shown[[...this.list.children].indexOf(item)]);
    });
    this.select.form?.addEventListener("reset", () => setTimeout(() => this.picks()));
  }

  picks() {
    for (const old of this.box.querySelectorAll(".combo-pick")) old.remove();
    for (const option of this.select.selectedOptions) {
      const pick = make("button", { type: "button", className: "combo-pick", textContent: option.text });
      pick.setAttribute("aria-label", `Remove ${option.text}`);
      pick.addEventListener("click", () => (this.toggle(option), this.input.focus()));
      this.input.before(pick);
    }
  }

  open() {
    const typed = this.input.value.trim();
    if (!typed || !this.select.dataset.source) return this.show(this.held(typed));
    this.asked(typed).then((found) => {
      const stale = typed !== this.input.value.trim() || document.activeElement !== this.input;
      if (!stale) this.show(found);
    });
  }

  // Options that hold every word: [option, note].
  held(typed) {
    const wanted = fold(typed).split(/\s+/);
    const matches = [...this.select.options].filter((option) => wanted.every((word) => fold(option.text).includes(word)));
    const begins = (option) => fold(option.text).startsWith(wanted.join(" "));
    matches.sort((one, other) => begins(other) - begins(one)); // else in the order of the page
    return matches.map((option) => [option, ""]);
  }

  // What the server finds for it, which knows more names than the options show. Without an answer: what they show.
  async asked(typed) {
    try {
      const response = await fetch(`${this.select.dataset.source}?${new URLSearchParams({ q: typed })}`);
      const options = new Map([...this.select.options].map((option) => [option.value, option]));
      return (await response.json()).filter(({ value }) => options.has(value)).map(({ value, note }) => [options.get(value), note]);
    } catch {
      return this.held(typed);
    }
  }

  show(matches) {
    this.shown = matches.slice(0, LIMIT).map(([option]) => option);
    this.list.replaceChildren(
      ...matches.slice(0, LIMIT).map(([option, note], index) => {
        const item = make("li", { role: "option", id: `${this.list.id}-${index}`, textContent: option.text });
        if (note) item.append(" ", make("small", { className: "muted", textContent: note }));
        item.setAttribute("aria-selected", String(option.selected));
        return item;
      }),
    );
    if (!matches.length) this.list.append(make("li", { className: "none", textContent: "Nothing matches" }));
    if (matches.length > LIMIT) this.list.append(make("li", { className: "none", textContent: `${matches.length - LIMIT} more: keep typing` }));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.move(this.input.value && this.shown.length ? 0 : -1);
  }

  close() {
    this.list.hidden = true;
    this.input.value = "";
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(index) {
    this.list.children[this.active]?.classList.remove("active");
    this.active = index;
    const item = this.shown[index] && this.list.children[index];
    item?.classList.add("active");
    item?.scrollIntoView({ block: "nearest" });
    if (item) this.input.setAttribute("aria-activedescendant", item.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  toggle(option) {
    option.selected = !option.selected;
    this.picks();
    this.close(); // the list covers what comes next, often the button that saves
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  key(event) {
    const last = this.shown.length - 1;
    const moves = { ArrowDown: Math.min(this.active + 1, last), ArrowUp: Math.max(this.active - 1, 0) };
    if (event.key in moves) {
      event.preventDefault();
      if (this.list.hidden) this.open();
      this.move(moves[event.key]);
    } else if (event.key === "Enter" && !this.list.hidden && this.shown[this.active]) {
      event.preventDefault();
      this.toggle(this.shown[this.active]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.stopPropagation();
      this.close();
    } else if (event.key === "Backspace" && !this.input.value && this.select.selectedOptions.length) {
      this.toggle([...this.select.selectedOptions].at(-1));
    }
  }
}

const done = new WeakSet();
export function start(scope) {
  for (const select of scope.querySelectorAll("select[multiple][data-combo]")) {
    if (done.has(select)) continue;
    done.add(select);
    new Combo(select);
  }
}

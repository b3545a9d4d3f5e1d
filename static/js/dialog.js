// Asks before what cannot be undone, and opens the page's own dialogs.
//   <button data-confirm="Withdraw 3 tasks?" data-confirm-text="Whoever holds one is paid." data-confirm-verb="Withdraw">
//   <button type="button" data-dialog="#decline">  …  <dialog id="decline">… <button type="button" data-close>Cancel</button>
const agreed = new WeakSet();

/** Resolves to true when the person agrees. Esc and Cancel are no; focus goes back by itself. */
export function confirm(question, text = "", verb = "Yes, do it") {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.innerHTML = `<h2 id="confirm-title"></h2><p></p><form method="dialog" class="actions">
    <button class="button" value="no" autofocus>Cancel</button><button class="button danger primary" value="yes"></button></form>`;
  dialog.querySelector("h2").textContent = question;
  dialog.querySelector("p").textContent = text;
  dialog.querySelector("p").hidden = !text;
  dialog.querySelector("[value=yes]").textContent = verb;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

const ask = ({ dataset }) => confirm(dataset.confirm, dataset.confirmText, dataset.confirmVerb);

async function onClick(event) {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.querySelector(opener.dataset.dialog).showModal();
  event.target.closest("[data-close]")?.closest("dialog").close();

  const element = event.target.closest("[data-confirm]");
  if (!element || element.matches("[hx-get], [hx-post], [hx-delete], [hx-put]") || agreed.delete(element)) return;
  if (element.form && !element.form.checkValidity()) return; // the browser says what is missing; then one may be asked
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await ask(element))) return;
  agreed.add(element);
  element.click();
}

export function listen() {
  document.addEventListener("click", onClick, true);
  document.addEventListener("htmx:confirm", async (event) => {
    if (!event.detail.elt.matches("[data-confirm]")) return;
    event.preventDefault();
    if (await ask(event.detail.elt)) event.detail.issueRequest(true);
  });
  // A dialog whose form came back with errors opens again.
  document.querySelector("dialog[data-open]")?.showModal();
}

// The gallery: filter, add photographs, change what is told of one, remove it.

import { Latest, ask, askJson, say, sendJson } from "./requests.js";
import { listenForFiles } from "./upload.js";

const filters = document.getElementById("filters");
const cards = document.getElementById("cards");
const dialog = document.getElementById("dialog");
const file = document.getElementById("file");
const adding = document.getElementById("adding");

const columns = document.getElementById("column");
const values = document.getElementById("value");
const every = values ? [...values.options].slice(1) : [];

// Offer the values of the chosen column alone.
function offerValues() {
  if (!columns) return;
  for (const option of every) option.remove();
  values.append(...every.filter((option) => option.dataset.column === columns.value));
  if (!columns.value || values.selectedOptions[0]?.dataset.column !== columns.value) values.value = "";
  values.disabled = !columns.value;
}

function readFilters() {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(filters)) if (value) asked.set(name, value);
  if (!asked.get("value")) asked.delete("column");
  return asked;
}

// Show the photographs that filters choose, and let the address be the link to them.
const show = new Latest(async (asked) => {
  cards.setAttribute("aria-busy", "true");
  try {
    cards.innerHTML = await (await ask(`/gallery/cards?${asked}`)).text();
    history.replaceState(null, "", `/gallery?${asked}`);
  } finally {
    cards.removeAttribute("aria-busy");
  }
});

if (filters) {
  const chosen = values?.value;
  offerValues();
  if (values && chosen) values.value = chosen;
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    show.call(readFilters());
  });
  filters.addEventListener("change", (event) => {
    if (event.target === columns) {
      offerValues();
      values.value = "";
    }
    filters.requestSubmit();
  });
  filters.querySelector("button").hidden = true; // every change is sent at once
}

// The card of a row, as the server draws it.
async function drawCard(row) {
  const holder = document.createElement("template");
  holder.innerHTML = (await (await ask(`/gallery/cards/${row}`)).text()).trim();
  return holder.content.firstElementChild;
}

// Add one photograph after the other, each with a line that says what became of it.
async function add(files) {
  adding.replaceChildren();
  let added = 0;
  for (const [index, one] of files.entries()) {
    const line = document.createElement("li");
    line.textContent = `${one.name}: adding, ${index + 1} of ${files.length} …`;
    adding.append(line);
    try {
      const headers = { "Content-Type": one.type || "application/octet-stream" };
      const item = await askJson("/api/items", { method: "POST", headers, body: one });
      const card = await drawCard(item.row);
      card.classList.add("new");
      const items = document.getElementById("items");
      items?.querySelector(`[data-row="${item.row}"]`)?.remove();
      items?.prepend(card);
      line.textContent = `${one.name}: added as ${item.item}`;
      added += 1;
    } catch (error) {
      line.textContent = `${one.name}: ${error.message}`;
      line.className = "failed";
    }
  }
  if (!document.getElementById("items")) show.call(readFilters());
  say(`${added} of ${files.length} added.`);
}

if (file) listenForFiles(file, add);

async function openForm(row) {
  dialog.innerHTML = await (await ask(`/gallery/forms/${row}`)).text();
  dialog.showModal();
}

function changedValues(form) {
  const changed = {};
  for (const field of form.querySelectorAll("[data-before]")) {
    if (field.value.trim() !== field.dataset.before) changed[field.name] = field.value;
  }
  const name = form.querySelector("#new-name").value.trim();
  if (name) changed[name] = form.querySelector("#new-value").value;
  return changed;
}

async function save(form) {
  const wrong = form.querySelector(".wrong");
  const changed = changedValues(form);
  if (!Object.keys(changed).length) return dialog.close();
  const button = form.querySelector(".primary");
  button.disabled = true;
  try {
    const row = form.dataset.row;
    const item = await sendJson(`/api/items/${row}`, { values: changed }, "PATCH");
    const card = await drawCard(item.row);
    cards.querySelector(`[data-row="${row}"]`).replaceWith(card);
    dialog.close();
    card.querySelector(".change").focus();
    say(`${item.item} is changed.`);
  } catch (error) {
    wrong.textContent = error.message;
    wrong.hidden = false;
  } finally {
    button.disabled = false;
  }
  return undefined;
}

const REMOVING = "It is taken out of the catalogue; its file stays where it is, and a sync of the folder takes it in again.";

async function remove(card) {
  const name = card.querySelector("figcaption .name").textContent;
  if (!window.confirm(`Remove ${name}? ${REMOVING}`)) return;
  await ask(`/api/items/${card.dataset.row}`, { method: "DELETE" });
  const next = card.nextElementSibling || card.previousElementSibling;
  card.remove();
  next?.querySelector(".remove").focus();
  say(`${name} is removed.`);
}

cards?.addEventListener("click", async (event) => {
  const card = event.target.closest("[data-row]");
  try {
    if (event.target.closest("button.change")) await openForm(card.dataset.row);
    else if (event.target.closest("button.remove")) await remove(card);
  } catch (error) {
    say(error.message);
  }
});

dialog?.addEventListener("submit", (event) => {
  event.preventDefault();
  save(event.target);
});
dialog?.addEventListener("click", (event) => {
  if (event.target.closest("button.close")) dialog.close();
});

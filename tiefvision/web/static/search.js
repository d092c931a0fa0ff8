// The search page: upload a photograph, choose or change a box, filter.

import { BoxLayer } from "./box_layer.js";
import { who } from "./labelling.js";
import { Latest, ask, askJson, say, sendJson } from "./requests.js";
import { listenForFiles, uploadPhoto } from "./upload.js";

const results = document.getElementById("results");
const filters = document.getElementById("filters");
const stage = document.getElementById("stage");

const asked = () => new URLSearchParams(window.location.search);
let wanted = asked(); // what was asked for last; the address is what is shown

// Show the results of other parameters, and let the address be the link to them.
// While a box is dragged, ranks by other rankers are left out (`isQuick`).
const show = new Latest(async (parameters, isQuick) => {
  results.setAttribute("aria-busy", "true");
  try {
    const response = await ask(`/search/results?${parameters}${isQuick ? "&quick=1" : ""}`);
    results.innerHTML = await response.text();
    offerWhy();
    history.replaceState(null, "", `/search?${parameters}`);
  } catch (error) {
    if (wanted === parameters) wanted = asked();
    throw error;
  } finally {
    results.removeAttribute("aria-busy");
  }
});

function change(values, isQuick = false) {
  const parameters = new URLSearchParams(wanted);
  for (const [name, value] of Object.entries(values)) {
    if (value === "" || value === false || value === null) parameters.delete(name);
    else parameters.set(name, value === true ? 1 : value);
  }
  // Enter in a field tells twice: that the field changed, and that the form is sent.
  const key = `${parameters} ${isQuick}`;
  if (show.isRunning && key === show.key) return;
  show.key = key;
  wanted = parameters;
  show.call(parameters, isQuick);
}

const located = JSON.parse(stage?.dataset.boxes || "[]").map(({ box }) => box);

// A box of the server goes back as it is, in the same digits as in its links: a rounded one
// may crop another pixel. By hand nobody draws a tenth of a pixel.
function text(box) {
  const isLocated = located.some((one) => one.every((value, side) => value === box[side]));
  const written = isLocated
    ? box.map((value) => (Math.abs(value) < 1e-6 ? 0 : value))
    : box.map((value) => Math.round(value * 10) / 10);
  return written.join(",");
}

listenForFiles(document.getElementById("file"), async ([file]) => {
  const { photo } = await uploadPhoto(file);
  const parameters = asked();
  for (const name of ["photo", "box", "category", "whole"]) parameters.delete(name);
  parameters.set("photo", photo);
  window.location.assign(`/search?${parameters}`);
});

if (filters) {
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    change(Object.fromEntries(readFilters()));
  });
  filters.addEventListener("change", ({ target }) => {
    if (target.dataset.column) choose(target);
    filters.requestSubmit();
  });
  showChoices();
  filters.elements.where.addEventListener("change", showChoices);
  filters.querySelector("button").hidden = true; // every change is sent at once
}

// A value chosen for a column becomes a part of the condition, which all can read.
function choose({ dataset, value, selectedOptions }) {
  const name = `[${dataset.column}]`;
  const literal = selectedOptions[0].dataset.number ? value : `'${value.replaceAll("'", "''")}'`;
  const field = filters.elements.where;
  const parts = field.value.split(" and ").filter((part) => part && !part.startsWith(name));
  if (value) parts.push(`${name} == ${literal}`);
  field.value = parts.join(" and ");
}

// What a condition says of a column is shown by its choice.
function showChoices() {
  for (const field of filters.querySelectorAll("[data-column]")) {
    const parts = filters.elements.where.value.split(" and ");
    const own = parts.find((part) => part.startsWith(`[${field.dataset.column}] == `)) || "";
    const value = own.slice(own.indexOf("==") + 3).replace(/^'|'$/g, "").replaceAll("''", "'");
    field.value = [...field.options].some((option) => option.value === value) ? value : "";
  }
}

function* readFilters() {
  for (const field of filters.elements) {
    if (!field.name || field.type === "hidden" || field.type === "submit") continue;
    yield [field.name, field.type === "checkbox" ? field.checked : field.value];
  }
}

let layer = null;

if (stage) {
  const tabs = [...document.querySelectorAll("#tabs a")];
  const svg = stage.querySelector("svg");
  const boxes = JSON.parse(stage.dataset.boxes);
  const mark = (chosen) => {
    for (const tab of tabs) {
      if (Number(tab.dataset.index) === chosen) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
  };
  const groups = document.getElementById("group");
  const search = (index, isFinal = true) => {
    const { box, group } = layer.boxes[index];
    groups.value = group || "";
    mark(index < boxes.length ? index : -2);
    change({ box: text(box), category: group, whole: false }, !isFinal);
  };
  layer = new BoxLayer(svg, {
    boxes,
    chosen: Number(stage.dataset.chosen),
    draw: true,
    onChoose: (index) => search(index),
    onChange: search,
  });
  groups.value = layer.boxes[layer.chosen]?.group || "";
  groups.addEventListener("change", () => {
    if (layer.chosen < 0) {
      say("Choose or draw a box first.");
      return;
    }
    layer.update(layer.chosen, { group: groups.value, name: "" });
    search(layer.chosen);
  });
  document.getElementById("save").addEventListener("click", () => saveBoxes(layer.boxes));
  for (const tab of tabs) {
    tab.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      const index = Number(tab.dataset.index);
      if (index >= 0) layer.choose(index);
      else {
        layer.reset(layer.boxes);
        mark(-1);
        change({ box: "", category: "", whole: true });
      }
    });
  }
}

// What was found and corrected here teaches the locator, as on the page of boxes.
async function saveBoxes(boxes) {
  const unknown = boxes.filter(({ group }) => !group).length;
  if (unknown || !boxes.length) {
    say(unknown ? "Say first what the drawn box shows." : "There is no box to save.");
    return;
  }
  const sent = boxes.map(({ box, group, name }) => ({
    box,
    group,
    name: name === group ? "" : name,
  }));
  const reference = asked().getAll("photo")[0];
  try {
    await sendJson(`/api/labels/photos/${reference}`, { boxes: sent, who: who() });
    say("The boxes are saved as labels.");
  } catch (error) {
    say(error.message);
  }
}

// A button on every result that draws where it agrees with what was searched for.
const SVG = "http://www.w3.org/2000/svg";

function drawContours(over, { width, height, contours }) {
  over.querySelector(".contours")?.remove();
  const drawing = document.createElementNS(SVG, "svg");
  drawing.setAttribute("class", "contours");
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  drawing.setAttribute("aria-hidden", "true");
  contours.forEach(({ path }, level) => {
    for (const kind of ["under", `level-${level}`]) {
      const line = document.createElementNS(SVG, "path");
      line.setAttribute("d", path);
      line.setAttribute("class", kind);
      drawing.append(line);
    }
  });
  over.append(drawing);
}

function clearContours() {
  for (const drawing of document.querySelectorAll(".contours")) drawing.remove();
  for (const button of results.querySelectorAll(".why")) button.setAttribute("aria-pressed", "false");
}

async function showWhy(button, found, box) {
  const isShown = button.getAttribute("aria-pressed") === "true";
  clearContours();
  if (isShown) return;
  const reference = asked().getAll("photo")[0];
  const chosen = layer.boxes[layer.chosen];
  const isWhole = asked().get("whole") || !chosen;
  const question = new URLSearchParams({ box: isWhole ? "" : text(chosen.box), other_box: box });
  try {
    const why = await askJson(`/api/photos/${reference}/why/${found}?${question}`);
    button.setAttribute("aria-pressed", "true");
    drawContours(stage, why.query);
    drawContours(button.closest(".hit").querySelector(".picture"), why.found);
    say(`Lines surround where both look most alike; cell by cell the cosine is ${why.similarity.toFixed(2)}.`);
  } catch (error) {
    say(error.message);
  }
}

function boxOf(picture) {
  const shape = picture.querySelector("rect.box");
  if (!shape) return "";
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(shape.getAttribute(name)));
  return text([x, y, x + width, y + height]);
}

function offerWhy() {
  if (!stage || !results) return;
  clearContours();
  for (const hit of results.querySelectorAll(".hit")) {
    const again = hit.querySelector("a.again");
    if (!again) continue;
    const found = new URL(again.href).searchParams.get("photo");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "why";
    button.textContent = "Why?";
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `Why ${hit.title} was found`);
    button.addEventListener("click", () => showWhy(button, found, boxOf(hit)));
    hit.append(button);
  }
}

offerWhy();

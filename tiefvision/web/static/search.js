// The search page: upload a photograph, choose or change a box, filter.

import { BoxLayer } from "./box_layer.js";
import { Latest, ask } from "./requests.js";
import { listenForFiles, uploadPhoto } from "./upload.js";

const results = document.getElementById("results");
const filters = document.getElementById("filters");
const stage = document.getElementById("stage");

const asked = () => new URLSearchParams(window.location.search);

// Show the results of other parameters, and let the address be the link to them.
const show = new Latest(async (parameters) => {
  results.setAttribute("aria-busy", "true");
  try {
    const response = await ask(`/search/results?${parameters}`);
    results.innerHTML = await response.text();
    history.replaceState(null, "", `/search?${parameters}`);
  } finally {
    results.removeAttribute("aria-busy");
  }
});

function change(values) {
  const parameters = asked();
  for (const [name, value] of Object.entries(values)) {
    if (value === "" || value === false || value === null) parameters.delete(name);
    else parameters.set(name, value === true ? 1 : value);
  }
  show.call(parameters);
}

function text(box) {
  return box.map((value) => Math.round(value * 10) / 10).join(",");
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
  filters.addEventListener("change", () => filters.requestSubmit());
  filters.querySelector("button").hidden = true; // every change is sent at once
}

function* readFilters() {
  for (const field of filters.elements) {
    if (!field.name || field.type === "hidden" || field.type === "submit") continue;
    yield [field.name, field.type === "checkbox" ? field.checked : field.value];
  }
}

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
  const search = (index) => {
    const { box, group } = layer.boxes[index];
    mark(index < boxes.length ? index : -2);
    change({ box: text(box), category: group, whole: false });
  };
  const layer = new BoxLayer(svg, {
    boxes,
    chosen: Number(stage.dataset.chosen),
    draw: true,
    onChoose: search,
    onChange: search,
  });
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

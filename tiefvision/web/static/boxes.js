// The box editor: correct the boxes of a photograph, save them, and go on.

import { BoxLayer } from "./box_layer.js";
import { Saves, isPlain, isTyping, rememberWho, who } from "./labelling.js";
import { ask, say, sendJson } from "./requests.js";

const editor = document.getElementById("editor");
const shortcuts = document.getElementById("shortcuts");
const lists = [...document.querySelectorAll("datalist")];
const saves = new Saves("boxes");
const SHARE = 0.5; // of the photograph's sides: a box that is drawn by the keyboard

let boxing = null; // the photograph that is edited

const listOf = (group) => lists.find((list) => list.dataset.group === group);
const copyOf = (boxes) =>
  boxes.map(({ box, group, name }) => ({ box: [...box], group, name }));

class Boxing {
  constructor(root) {
    this.root = root;
    this.photo = root.dataset.photo;
    this.rows = root.querySelector(".box-rows");
    const stage = root.querySelector(".stage");
    const boxes = JSON.parse(stage.dataset.boxes);
    this.layer = new BoxLayer(stage.querySelector("svg"), {
      boxes,
      chosen: boxes.length ? 0 : -1,
      draw: true,
      onChoose: () => this.show(),
      onDraw: (index) => this.layer.update(index, { group: this.newGroup(), name: "" }),
      onChange: (index, isFinal) => isFinal && this.changed(),
    });
    this.edits = []; // states before each edit
    this.now = copyOf(boxes);
    this.show();
  }

  // The group of a new box: an outfit, then what was chosen last.
  newGroup() {
    const groups = this.now.map((one) => one.group);
    return groups.includes("outfit") ? this.lastGroup || "upper" : "outfit";
  }

  changed() {
    const boxes = copyOf(this.layer.boxes);
    if (JSON.stringify(boxes) === JSON.stringify(this.now)) return;
    this.edits.push(this.now);
    this.now = boxes;
    this.show();
  }

  undo() {
    if (!this.edits.length) return false;
    this.now = this.edits.pop();
    this.layer.reset(this.now, Math.min(this.layer.chosen, this.now.length - 1));
    this.show();
    return true;
  }

  set(index, facts) {
    if (index < 0) return;
    if (facts.group) {
      this.lastGroup = facts.group;
      const named = ["upper", "outer", "lower", "full"].includes(facts.group);
      if (!named) facts.name = "";
    }
    this.layer.update(index, facts);
    this.changed();
  }

  add() {
    const { width, height } = this.layer;
    // Each a little beside the one before, so that none hides another.
    const shift = 0.04 * (this.layer.boxes.length % 5);
    const [x, y] = [width, height].map((side) => side * ((1 - SHARE) / 2 - shift));
    const [dx, dy] = [width * SHARE, height * SHARE];
    const group = this.newGroup();
    this.layer.boxes.push({ box: [x, y, x + dx, y + dy], group, name: "" });
    this.layer.choose(this.layer.boxes.length - 1);
    this.changed();
    this.layer.focus(this.layer.chosen);
  }

  remove(index) {
    if (index < 0 || index >= this.layer.boxes.length) return;
    this.layer.remove(index);
    this.changed();
    if (this.layer.chosen >= 0) this.layer.focus(this.layer.chosen);
    else this.root.querySelector('[data-do="add"]').focus();
  }

  // The rows beside the photograph; one is made anew only where their number changed.
  show() {
    const { boxes, chosen } = this.layer;
    while (this.rows.children.length > boxes.length) this.rows.lastElementChild.remove();
    while (this.rows.children.length < boxes.length) this.rows.append(this.row());
    boxes.forEach((one, index) => this.fill(this.rows.children[index], one, index));
    [...this.rows.children].forEach((row, index) => {
      row.classList.toggle("chosen", index === chosen);
      row.querySelector(".pick").setAttribute("aria-pressed", index === chosen);
    });
    this.root.querySelector(".none").hidden = boxes.length > 0;
    this.root.querySelector('[data-do="save"]').disabled = !boxes.length;
  }

  row() {
    const row = document.getElementById("row").content.firstElementChild.cloneNode(true);
    const index = () => [...this.rows.children].indexOf(row);
    const [group, name] = ["group", "name"].map((f) => row.querySelector(`[data-field="${f}"]`));
    row.querySelector(".pick").addEventListener("click", () => this.layer.choose(index()));
    row.querySelector(".remove").addEventListener("click", () => this.remove(index()));
    group.addEventListener("change", () => this.set(index(), { group: group.value }));
    name.addEventListener("change", () => this.set(index(), { name: name.value.trim() }));
    row.addEventListener("focusin", (event) => {
      if (!event.target.matches(".pick, .remove")) this.layer.choose(index());
    });
    return row;
  }

  fill(row, { group, name }, index) {
    const [choice, text] = ["group", "name"].map((f) => row.querySelector(`[data-field="${f}"]`));
    if (![...choice.options].some((one) => one.value === group)) choice.add(new Option(group));
    choice.value = group;
    choice.setAttribute("aria-label", `Group of box ${index + 1}`);
    if (document.activeElement !== text) text.value = name;
    text.disabled = !["upper", "outer", "lower", "full"].includes(group);
    text.setAttribute("aria-label", `Name of box ${index + 1}`);
    text.setAttribute("list", listOf(group)?.id || "");
    row.className = `box-row ${listOf(group)?.dataset.state || "group-other"}`;
    row.querySelector(".pick").textContent = index + 1;
    row.querySelector(".pick").setAttribute("aria-label", `Box ${index + 1}`);
    row.querySelector(".remove").setAttribute("aria-label", `Delete box ${index + 1}`);
  }
}

// Show a photograph, or the next one to label.
async function open(photo = "") {
  const question = photo ? `?photo=${photo}` : "";
  const response = await ask(`/boxes/photo${question}`);
  editor.innerHTML = await response.text();
  history.replaceState(null, "", `/boxes${question}`);
  begin();
  editor.querySelector(".stage svg [data-box], [data-do]")?.focus({ preventScroll: true });
}

function begin() {
  const root = editor.querySelector(".boxing");
  boxing = root ? new Boxing(root) : null;
  rememberWho(editor);
}

// Run what talks to the server, one at a time; errors are told and nothing is lost.
async function doing(run) {
  if (editor.classList.contains("saving")) return;
  editor.classList.add("saving");
  try {
    await run();
  } catch (error) {
    say(error.message);
  } finally {
    editor.classList.remove("saving");
  }
}

function save(state) {
  return doing(async () => {
    const boxes = state === "boxes" ? copyOf(boxing.layer.boxes) : [];
    const sent = { state, boxes, who: who() };
    const { number } = await sendJson(`/api/labels/photos/${boxing.photo}`, sent);
    saves.add(number);
    const words = { boxes: "Saved.", nothing: "Saved: nothing here.", skipped: "Skipped." };
    say(`${words[state]} U takes it back.`);
    await open();
  });
}

function undo() {
  if (boxing?.undo()) return;
  doing(async () => {
    const { photo } = await saves.undo();
    await open(photo);
    say("The last save was taken back.");
  });
}

const ACTIONS = {
  save: () => boxing?.layer.boxes.length && save("boxes"),
  nothing: () => boxing && save("nothing"),
  skip: () => boxing && save("skipped"),
  undo,
  add: () => boxing?.add(),
  remove: () => boxing?.remove(boxing.layer.chosen),
  help: () => shortcuts.showModal(),
};

const KEYS = {
  Enter: "save",
  0: "nothing",
  s: "skip",
  u: "undo",
  n: "add",
  Delete: "remove",
  Backspace: "remove",
  "?": "help",
};

document.addEventListener("keydown", (event) => {
  if (shortcuts.open || !isPlain(event)) return;
  const typing = isTyping(event);
  if (typing && event.key === "Enter" && event.target.dataset.field === "name") {
    event.target.blur(); // its change counts before it is saved
  } else if (typing) return;
  if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
  const list = lists.find((one) => one.dataset.key && one.dataset.key === event.key);
  if (list && boxing) boxing.set(boxing.layer.chosen, { group: list.dataset.group });
  else if (KEYS[event.key] ?? KEYS[event.key.toLowerCase()]) {
    ACTIONS[KEYS[event.key] ?? KEYS[event.key.toLowerCase()]]();
  } else return;
  event.preventDefault();
});

editor.addEventListener("click", (event) => {
  const action = event.target.closest("[data-do]")?.dataset.do;
  if (action) ACTIONS[action]();
});
document.getElementById("help").addEventListener("click", ACTIONS.help);
begin();

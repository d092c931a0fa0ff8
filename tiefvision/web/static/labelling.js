// What the pages of labels share: the name of the person, and taking saves back.

import { sendJson } from "./requests.js";

const NAME = "tiefvision-who";

// Keep the name of the person in this browser; the field that holds it is filled.
export function rememberWho(root = document) {
  const field = root.querySelector('[data-field="who"]');
  if (!field) return;
  field.value = localStorage.getItem(NAME) || "";
  field.addEventListener("change", () => localStorage.setItem(NAME, field.value.trim()));
}

export function who() {
  return (localStorage.getItem(NAME) || "").trim() || "anonymous";
}

// Saves of this tab that can be taken back, the last one at the end.
export class Saves {
  constructor(kind) {
    this.kind = kind;
    this.key = `tiefvision-saves-${kind}`;
  }

  all() {
    return JSON.parse(sessionStorage.getItem(this.key) || "[]");
  }

  add(number) {
    sessionStorage.setItem(this.key, JSON.stringify([...this.all(), number].slice(-100)));
  }

  // Take the last save back, or the one of a number.
  async undo(number) {
    const saves = this.all();
    const chosen = number ?? saves.at(-1) ?? null;
    sessionStorage.setItem(this.key, JSON.stringify(saves.filter((one) => one !== chosen)));
    return sendJson("/api/labels/undo", { kind: this.kind, number: chosen, who: who() });
  }
}

// Whether a key is typed into a field, where letters are no shortcuts.
export function isTyping(event) {
  const { tagName, type } = event.target;
  return tagName === "SELECT" || (tagName === "INPUT" && type !== "checkbox");
}

export function isPlain(event) {
  return !(event.ctrlKey || event.metaKey || event.altKey);
}

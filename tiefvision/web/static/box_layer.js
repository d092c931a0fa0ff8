// Boxes over a photograph that can be chosen, moved, resized and drawn: by mouse, by
// finger and by keyboard. All coordinates are pixels of the photograph; the SVG that
// lies over it has its size as viewBox.

const SVG = "http://www.w3.org/2000/svg";
const LEAST = 8; // pixels of a side; the server refuses smaller boxes
const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

export class BoxLayer {
  // svg: the element to draw into. options:
  //   boxes: [{box: [x0, y0, x1, y1], group, name, ...}], copied
  //   chosen: index of the chosen box, or -1
  //   draw: whether a new box can be drawn
  //   onChoose(index), onChange(index, isFinal), onDraw(index): what happened
  constructor(svg, options) {
    this.svg = svg;
    this.options = options;
    const view = svg.viewBox.baseVal;
    [this.width, this.height] = [view.width, view.height];
    this.boxes = (options.boxes || []).map((one) => ({ ...one, box: [...one.box] }));
    this.chosen = options.chosen ?? -1;
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", (event) => this.#up(event));
    svg.addEventListener("keydown", (event) => this.#key(event));
    svg.addEventListener("focusin", (event) => {
      const index = this.#indexOf(event.target);
      if (index >= 0 && index !== this.chosen) this.choose(index);
    });
    new ResizeObserver(() => this.render()).observe(svg);
    this.render();
  }

  choose(index) {
    this.chosen = index;
    this.render();
    this.options.onChoose?.(index);
  }

  // Replace all boxes, as after a photograph changed or an edit was undone.
  reset(boxes, chosen = -1) {
    this.boxes = boxes.map((one) => ({ ...one, box: [...one.box] }));
    this.chosen = chosen;
    this.render();
  }

  // Change facts of a box, such as its group, and draw it again.
  update(index, facts) {
    Object.assign(this.boxes[index], facts);
    this.render();
  }

  remove(index) {
    this.boxes.splice(index, 1);
    this.chosen = Math.min(this.chosen, this.boxes.length - 1);
    this.render();
  }

  render() {
    const focused = this.#indexOf(document.activeElement);
    // Handles keep their size on the screen, whatever the photograph's is.
    this.scale = this.width / (this.svg.getBoundingClientRect().width || this.width);
    // In their own order, which is that of Tab; the chosen one is drawn again on top.
    const drawn = this.boxes.map((_, index) => this.#drawn(index));
    if (this.chosen >= 0) drawn.push(this.#top(this.chosen));
    this.svg.replaceChildren(...drawn);
    if (focused >= 0) this.focus(this.chosen >= 0 ? this.chosen : focused);
  }

  // Give a box the keyboard.
  focus(index) {
    this.svg.querySelector(`[data-box="${index}"]`)?.focus({ preventScroll: true });
  }

  #drawn(index) {
    const { box, group, name } = this.boxes[index];
    const outer = element("g", {
      class: `group-${group || "other"}`,
      "data-box": index,
      tabindex: 0,
      role: "button",
      "aria-pressed": index === this.chosen,
      "aria-label": `Box of ${name || group || "a garment"}`,
    });
    outer.append(...this.#outline(box));
    return outer;
  }

  #top(index) {
    const { box, group } = this.boxes[index];
    const outer = element("g", {
      class: `group-${group || "other"} chosen`,
      "data-box": index,
      "aria-hidden": true,
    });
    outer.append(...this.#outline(box), ...HANDLES.map((side) => this.#handle(side, box)));
    return outer;
  }

  #outline([x0, y0, x1, y1]) {
    const shape = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
    return ["halo", "box"].map((name) => element("rect", { class: name, ...shape }));
  }

  #handle(side, [x0, y0, x1, y1]) {
    const x = side.includes("w") ? x0 : side.includes("e") ? x1 : (x0 + x1) / 2;
    const y = side.includes("n") ? y0 : side.includes("s") ? y1 : (y0 + y1) / 2;
    const radius = 6 * this.scale;
    const knob = element("g", { class: `handle ${side}`, "data-side": side });
    // A larger circle that is not seen, for fingers.
    knob.append(element("circle", { class: "reach", cx: x, cy: y, r: 3 * radius }));
    knob.append(element("circle", { class: "knob", cx: x, cy: y, r: radius }));
    return knob;
  }

  #indexOf(target) {
    const outer = target?.closest?.("[data-box]");
    return outer && this.svg.contains(outer) ? Number(outer.dataset.box) : -1;
  }

  #point(event) {
    const place = this.svg.getBoundingClientRect();
    return [
      ((event.clientX - place.left) * this.width) / place.width,
      ((event.clientY - place.top) * this.height) / place.height,
    ];
  }

  #down(event) {
    if (event.button !== 0 || this.drag) return;
    const index = this.#indexOf(event.target);
    const side = event.target.closest?.("[data-side]")?.dataset.side;
    const start = this.#point(event);
    if (index >= 0) {
      if (index !== this.chosen) this.choose(index);
      this.drag = { index, side, start, from: [...this.boxes[index].box] };
    } else if (this.options.draw) {
      this.drag = { index: -1, side: "se", start, from: [...start, ...start] };
    } else return;
    this.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    if (index >= 0) this.focus(index);
  }

  #move(event) {
    if (!this.drag) return;
    const { start, from, side } = this.drag;
    const [x, y] = this.#point(event);
    const [dx, dy] = [x - start[0], y - start[1]];
    if (this.drag.index < 0) {
      if (Math.max(Math.abs(dx), Math.abs(dy)) < LEAST) return;
      this.boxes.push({ box: from, group: "", name: "", isNew: true });
      this.drag.index = this.chosen = this.boxes.length - 1;
    }
    this.drag.moved = true;
    const box = side ? this.#resized(from, side, dx, dy) : this.#moved(from, dx, dy);
    this.boxes[this.drag.index].box = box;
    this.render();
    this.options.onChange?.(this.drag.index, false);
  }

  #up(event) {
    if (!this.drag) return;
    const { index, moved } = this.drag;
    this.drag = null;
    if (this.svg.hasPointerCapture(event.pointerId)) {
      this.svg.releasePointerCapture(event.pointerId);
    }
    if (!moved) return;
    const isNew = this.boxes[index].isNew;
    delete this.boxes[index].isNew;
    if (isNew) this.options.onDraw?.(index);
    this.options.onChange?.(index, true);
  }

  #key(event) {
    const index = this.#indexOf(event.target);
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (index < 0) return;
    if (event.key === "Enter" || event.key === " ") {
      this.choose(index);
      event.preventDefault();
    } else if (event.key in steps && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const step = Math.max(1, this.width / 100);
      const [dx, dy] = steps[event.key].map((way) => way * step);
      const from = this.boxes[index].box;
      const box = event.shiftKey
        ? this.#resized(from, "se", dx, dy)
        : this.#moved(from, dx, dy);
      this.boxes[index].box = box;
      if (index !== this.chosen) this.chosen = index;
      this.render();
      this.options.onChange?.(index, true);
      event.preventDefault();
    }
  }

  #moved([x0, y0, x1, y1], dx, dy) {
    const x = Math.min(Math.max(dx, -x0), this.width - x1);
    const y = Math.min(Math.max(dy, -y0), this.height - y1);
    return [x0 + x, y0 + y, x1 + x, y1 + y];
  }

  #resized([x0, y0, x1, y1], side, dx, dy) {
    const inX = (value) => Math.min(Math.max(value, 0), this.width);
    const inY = (value) => Math.min(Math.max(value, 0), this.height);
    let box = [x0, y0, x1, y1];
    if (side.includes("w")) box[0] = inX(x0 + dx);
    if (side.includes("e")) box[2] = inX(x1 + dx);
    if (side.includes("n")) box[1] = inY(y0 + dy);
    if (side.includes("s")) box[3] = inY(y1 + dy);
    // Dragged over the opposite side, a box turns over.
    if (box[0] > box[2]) [box[0], box[2]] = [box[2], box[0]];
    if (box[1] > box[3]) [box[1], box[3]] = [box[3], box[1]];
    if (box[2] - box[0] < LEAST) box[2] = Math.min(box[0] + LEAST, this.width);
    if (box[2] - box[0] < LEAST) box[0] = box[2] - LEAST;
    if (box[3] - box[1] < LEAST) box[3] = Math.min(box[1] + LEAST, this.height);
    if (box[3] - box[1] < LEAST) box[1] = box[3] - LEAST;
    return box;
  }
}

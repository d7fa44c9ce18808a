// Maps beside each other that are read, enlarged and clicked together.
//
// A place is a share of the maps' sides: the same part of the sensor in each map's own cells.

const MOST_TIMES = 16;

class Maps {
  constructor(root) {
    this.root = root;
    this.view = { x: 0, y: 0, by: 1 };
    this.readout = element("div", { className: "readout" });
    const button = (label, text, act) => {
      const made = element("button", { type: "button", "aria-label": label, title: label, textContent: text });
      made.addEventListener("click", act);
      return made;
    };
    this.out = button("Smaller", "\u2212", () => this.zoom(0.5));
    this.whole = button("The whole map", "whole", () => this.zoom(0));
    this.foot = element("div", { className: "foot" }, this.readout, element("div", { className: "bar" },
      button("Larger", "+", () => this.zoom(2)), this.out, this.whole));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focus", () => { if (root.matches(":focus-visible")) this.point(this.place ?? [0.5, 0.5]); });
    root.addEventListener("blur", () => this.point(null));
    new ResizeObserver(() => this.content && this.mark()).observe(root);
  }

  load(bytes, pick) {
    this.pick = pick;
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    this.content = content;
    this.planes = content.maps.map((map, i) => this.made(map, i));
    const all = element("div", { className: "maps" }, ...this.planes.map((plane) => plane.figure), this.foot);
    all.style.setProperty("--columns", content.maps.length / content.rows);
    this.root.replaceChildren(all);
    this.root.setAttribute("aria-label", content.label + (content.layer === null ? "" : ". Arrow keys go from place to place, plus and minus enlarge, Enter opens the neuron."));
    this.zoom(0);
  }

  made(map, i) {
    const plane = new Plane(map.title);
    if (map.ink !== null) plane.title.style.color = INKS[map.ink];
    if (!map.values) { plane.refuse(map.note); return plane; }
    const [height, width] = map.shape;
    plane.fit(width, height);
    const table = this.content.tables[map.table];
    shaded(plane, table, (n) => (map.values[n] - map.low) / (map.high - map.low));
    plane.legend(this.number(map.low, map.signed), sample(table), this.number(map.high, map.signed));
    plane.fact.textContent = map.fact;
    plane.canvas.setAttribute("aria-label", `${this.content.label}: ${map.title}, ${map.fact}`);
    if (map.busiest) plane.box.classList.add("open");
    let from = null;
    plane.box.addEventListener("pointerdown", (event) => {
      this.root.focus({ preventScroll: true });
      from = plane.place(event);
      if (event.pointerType !== "touch") plane.box.setPointerCapture(event.pointerId);
    });
    plane.box.addEventListener("pointermove", (event) => {
      const to = plane.place(event);
      this.point(to);
      // A finger scrolls the page; a mouse draws the part that is to be enlarged.
      this.drawn = event.buttons && event.pointerType !== "touch" ? this.between(from, to) : null;
      if (this.drawn) this.planes.forEach((one) => one.frame(this.drawn.x, this.drawn.y, this.drawn.side, this.drawn.side));
    });
    plane.box.addEventListener("pointerup", () => {
      if (!this.drawn) return;
      const { x, y, side } = this.drawn;
      this.look(x, y, 1 / side);
      this.dragged = true;
      this.drawn = null;
    });
    plane.box.addEventListener("pointerleave", () => { if (!this.drawn) this.point(null); });
    plane.box.addEventListener("click", (event) => {
      if (this.dragged) { this.dragged = false; return; }
      this.point(plane.place(event));
      this.choose(i);
    });
    // A pinch on a touchpad comes as a turn of the wheel with Control.
    plane.box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.point(plane.place(event));
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8);
    }, { passive: false });
    return plane;
  }

  number(value, sign) {
    const digits = this.content.digits;
    return sign ? signed(value, Math.min(2, digits)) : String(Number(value.toFixed(Math.min(2, digits))));
  }

  // The square between two places, or null where it is too small to be meant.
  between(from, to) {
    if (!from || !to) return null;
    const side = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1 / MOST_TIMES);
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) * this.view.by < 0.04) return null;
    return { x: Math.min(from[0], to[0]), y: Math.min(from[1], to[1]), side };
  }

  // Enlarge so many times more around what is pointed at; 0 shows the whole.
  zoom(times) {
    const { x, y, by } = this.view;
    const [u, v] = this.place ?? [x + 0.5 / by, y + 0.5 / by];
    const to = Math.min(MOST_TIMES, Math.max(1, by * times));
    this.look(u - ((u - x) * by) / to, v - ((v - y) * by) / to, to);
  }

  look(x, y, by) {
    const inside = (from) => Math.min(1 - 1 / by, Math.max(0, from));
    this.view = { x: inside(x), y: inside(y), by };
    for (const plane of this.planes) plane.zoom(this.view);
    this.out.disabled = by === 1;
    this.whole.disabled = by === 1;
    this.mark();
  }

  point(place) {
    this.place = place;
    this.mark();
  }

  cell([height, width]) {
    return [Math.min(width - 1, Math.floor(this.place[0] * width)), Math.min(height - 1, Math.floor(this.place[1] * height))];
  }

  mark() {
    this.planes.forEach((plane, i) => {
      const map = this.content.maps[i];
      plane.cell.hidden = true;
      if (!this.place || !map.values) return;
      const [x, y] = this.cell(map.shape);
      plane.frame(x / map.shape[1], y / map.shape[0], 1 / map.shape[1], 1 / map.shape[0]);
    });
    this.tell();
  }

  tell() {
    const { maps, unit, layer, digits, hint } = this.content;
    if (!this.place) { this.readout.textContent = hint; return; }
    const places = new Map();
    for (const map of maps) {
      if (!map.values) continue;
      const [x, y] = this.cell(map.shape);
      const value = map.values[y * map.shape[1] + x];
      const told = `${map.short} ${map.signed ? signed(value, digits) : value.toFixed(digits)}`;
      const where = `x ${x}, y ${y}`;
      places.set(where, [...(places.get(where) ?? []), told]);
    }
    this.readout.textContent = (layer === null ? "" : `${layer} at `)
      + [...places].map(([where, told]) => `${where}: ${told.join(" \u00b7 ")}`).join("; ") + ` ${unit}`;
  }

  // Ask for the neuron that fires most at the place pointed at.
  choose(i) {
    const map = [this.content.maps[i], ...this.content.maps].find((one) => one.busiest);
    if (!map || !this.place) return;
    const [x, y] = this.cell(map.shape);
    this.pick({ layer: this.content.layer, channel: map.busiest[y * map.shape[1] + x], y, x });
  }

  key(event) {
    if (event.target !== this.root || event.ctrlKey || event.metaKey || event.altKey) return;
    const shape = this.content.maps.filter((map) => map.values).map((map) => map.shape).sort((a, b) => b[0] - a[0])[0];
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) {
      this.place ??= [0.5, 0.5];
      const to = this.cell(shape).map((n, i) => (n + by[i] + 0.5) / shape[1 - i]);
      if (to.every((share) => share > 0 && share < 1)) this.place = to;
      const { x, y, by: times } = this.view;
      const seen = (from, share) => Math.min(share, Math.max(share - 0.999 / times, from));
      this.look(seen(x, this.place[0]), seen(y, this.place[1]), times);
    } else if (event.key === "Enter") this.choose(0);
    else if (event.key === "+") this.zoom(2);
    else if (event.key === "-") this.zoom(0.5);
    else if (event.key === "Escape") this.zoom(0);
    else return;
    event.preventDefault();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".group");
  root.shown ??= new Maps(root);
  root.shown.load(data, pickNeuron(setTriggerValue));
}

// Maps of one layer, or of the input, beside each other: A, B and their difference.

class Maps {
  constructor(root) {
    this.root = root;
    this.readout = element("div", { className: "readout" });
    this.glass = new Glass(root, { tell: () => this.content && this.tell(), open: (i) => this.open(i) });
    this.foot = element("div", { className: "foot" }, this.readout, this.glass.bar);
  }

  load(bytes, pick) {
    this.pick = pick;
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    this.content = content;
    const planes = content.maps.map((map) => this.made(map));
    const all = element("div", { className: "maps" }, ...planes.map((plane) => plane.figure), this.foot);
    all.style.setProperty("--columns", content.maps.length / content.rows);
    this.root.replaceChildren(all);
    const keys = "Arrow keys go from place to place, plus and minus enlarge, Enter opens the neuron.";
    this.root.setAttribute("aria-label", content.label + (content.layer === null ? "" : `. ${keys}`));
    this.glass.hold(planes, content.layer !== null);
  }

  made(map) {
    const plane = new Plane(map.title);
    if (map.ink !== null) plane.title.style.color = INKS[map.ink];
    if (!map.values) { plane.refuse(map.note); return plane; }
    const [height, width] = map.shape;
    plane.fit(width, height);
    plane.grid = { width, height, xs: evenly(width), ys: evenly(height) };
    const table = this.content.tables[map.table];
    shaded(plane, table, (n) => (map.values[n] - map.low) / (map.high - map.low));
    plane.legend(this.number(map.low, map.signed), sample(table), this.number(map.high, map.signed));
    plane.fact.textContent = map.fact;
    plane.canvas.setAttribute("aria-label", `${this.content.label}: ${map.title}, ${map.fact}`);
    plane.box.classList.toggle("open", Boolean(map.busiest));
    return plane;
  }

  number(value, sign) {
    const digits = this.content.digits;
    return sign ? signed(value, Math.min(2, digits)) : String(Number(value.toFixed(Math.min(2, digits))));
  }

  tell() {
    const { maps, unit, layer, digits } = this.content;
    if (!this.glass.place) { this.readout.textContent = this.glass.hint; return; }
    const places = new Map();
    maps.forEach((map, i) => {
      const at = this.glass.cell(this.glass.planes[i]);
      if (!at) return;
      const [x, y] = at;
      const value = map.values[y * map.shape[1] + x];
      const told = `${map.short}\u00a0${map.signed ? signed(value, digits) : value.toFixed(digits)}`;
      const where = `x ${x}, y ${y}`;
      places.set(where, [...(places.get(where) ?? []), told]);
    });
    this.readout.textContent = (layer === null ? "" : `${layer} at `)
      + [...places].map(([where, told]) => `${where}: ${told.join(" \u00b7 ")}`).join("; ") + ` ${unit}`;
  }

  // Ask for the neuron that fires most at the place pointed at.
  open(i) {
    const { maps, layer } = this.content;
    const which = [i, ...maps.keys()].find((n) => maps[n].busiest);
    if (which === undefined) return;
    const [x, y] = this.glass.cell(this.glass.planes[which]);
    this.pick({ layer, channel: maps[which].busiest[y * maps[which].shape[1] + x], y, x });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".group");
  root.shown ??= new Maps(root);
  root.shown.load(data, pickNeuron(setTriggerValue));
}

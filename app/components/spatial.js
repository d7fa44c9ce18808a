// A network's spatial gates as maps, and over them the events that it saw.
//
// "This step" is the player's: it says where it is by an event on the window, so that both go
// together without the server.

// Pixels of the picture for one of the input: enough for an event's rim, and half of them a border's
// share of a pixel; large inputs take fewer.
const pixelsFor = (side) => 2 * Math.min(4, Math.max(1, Math.floor(512 / side)));

class GateMap extends Plane {
  constructor(layer, [, rows, columns]) {
    super(layer.name);
    this.layer = layer;
    [this.T, this.height, this.width] = layer.shape;
    const shares = (borders, side) => Array.from(borders, (border) => border / side);
    this.grid = {
      width: this.width, height: this.height, xs: shares(layer.columns, columns), ys: shares(layer.rows, rows),
    };
    this.px = pixelsFor(Math.max(rows, columns));
    this.fit(columns * this.px, rows * this.px);
    this.canvas.tabIndex = layer.busiest ? 0 : -1;
    this.box.classList.toggle("open", Boolean(layer.busiest));
  }

  // Weights at one step, or their mean over all where step is null; none outside the window.
  weights(step) {
    const size = this.height * this.width;
    if (this.T === 1) return this.layer.gate;
    if (step !== null) return step < 0 ? null : this.layer.gate.subarray(step * size, (step + 1) * size);
    if (this.mean) return this.mean;
    this.mean = new Float32Array(size);
    for (let i = 0; i < this.layer.gate.length; i += 1) this.mean[i % size] += this.layer.gate[i] / this.T;
    return this.mean;
  }

  draw(weights, events, top, [low, high], table) {
    const [, , columns] = events.shape;
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const last = table.length / 3 - 1;
    const colour = (share) => {
      const at = 3 * Math.round(Math.min(1, Math.max(0, share)) * last);
      return [table[at], table[at + 1], table[at + 2]];
    };
    if (weights) {
      const [xs, ys] = [this.layer.columns, this.layer.rows].map((borders) => borders.map((border) => border * this.px));
      weights.forEach((w, i) => {
        const [x, y] = [i % this.width, Math.floor(i / this.width)];
        pen.fillStyle = `rgb(${colour((w - low) / (high - low || 1))})`;
        pen.fillRect(xs[x], ys[y], xs[x + 1] - xs[x], ys[y + 1] - ys[y]);
      });
    }
    if (events.shown) {
      // Dark within light: seen on closed and on open places alike.
      events.shown.forEach((n, i) => {
        if (!n) return;
        const { px } = this;
        const [x, y] = [(i % columns) * px, Math.floor(i / columns) * px];
        pen.globalAlpha = Math.min(1, n / top);
        pen.fillStyle = "#fff";
        pen.fillRect(x + px / 8, y + px / 8, 0.75 * px, 0.75 * px);
        pen.fillStyle = "#000";
        pen.fillRect(x + px / 4, y + px / 4, px / 2, px / 2);
      });
      pen.globalAlpha = 1;
    }
    const ends = [low, high].map((x) => String(Number(x.toFixed(3))));
    this.legend(ends[0], sample(table), ends[1]);
    const mean = weights && weights.reduce((sum, w) => sum + w, 0) / weights.length;
    this.fact.textContent = weights ? `mean ${mean.toFixed(3)}` : "outside the window";
    this.canvas.setAttribute("aria-label", `Spatial gate of ${this.layer.name}, ${this.fact.textContent}`);
  }
}

class SpatialGates {
  constructor(root) {
    this.tick = cursorHere();
    this.now = "all";
    this.scaling = "unit";
    this.events = true;
    const time = this.choice("show", { all: "mean of all steps", step: "this step of the player" }, (value) => { this.now = value; });
    const scale = this.choice("colours", { unit: "from 0 to 1", own: "over each layer's range" }, (value) => { this.scaling = value; });
    const box = element("input", { type: "checkbox", checked: true });
    box.addEventListener("change", () => { this.events = box.checked; this.draw(); });
    this.over = element("label", {}, box, "events");
    this.parts = element("div", { className: "parts" });
    this.readout = element("div", { className: "readout" });
    this.glass = new Glass(root, { tell: () => this.content && this.tell(), open: (i) => this.choose(i) });
    root.replaceChildren(
      element("div", { className: "bar" }, time, scale, this.over),
      this.parts, element("div", { className: "foot" }, this.readout, this.glass.bar));
    this.follow = (event) => {
      this.tick = event.detail;
      if (this.now === "step") this.draw();
    };
  }

  choice(label, options, act) {
    const box = element("select", {}, ...Object.entries(options).map(
      ([value, textContent]) => element("option", { value, textContent })));
    box.addEventListener("change", () => { act(box.value); this.draw(); });
    return element("label", {}, label, box);
  }

  load(bytes, pick) {
    this.pick = pick;
    window.addEventListener("masnn-tick", this.follow); // once, however often it is said
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    this.content = content;
    this.over.hidden = !content.over;
    this.over.lastChild.textContent = content.over;
    this.summed = null;
    this.maps = content.layers.map((layer) => new GateMap(layer, content.events.shape));
    this.parts.replaceChildren(...this.maps.map((map) => map.figure));
    this.glass.hold(this.maps, content.layers.some((layer) => layer.busiest));
    this.draw();
  }

  step() {
    const { steps } = this.content;
    return this.now === "all" ? null : steps[Math.min(this.tick, steps.length - 1)];
  }

  // Events of each pixel at one step, or of the whole window where step is null.
  seen(step) {
    const { counts, shape } = this.content.events;
    const size = shape[1] * shape[2];
    if (this.content.over !== "events") return counts; // a picture, the same at every step
    if (step !== null) return step < 0 ? new Uint16Array(size) : counts.subarray(step * size, (step + 1) * size);
    if (!this.summed) {
      this.summed = new Uint32Array(size);
      for (let i = 0; i < counts.length; i += 1) this.summed[i % size] += counts[i];
    }
    return this.summed;
  }

  draw() {
    const { events, table } = this.content;
    const step = this.step();
    const shown = this.events && this.content.over ? this.seen(step) : null;
    for (const map of this.maps) {
      const range = this.scaling === "unit" ? [0, 1] : [map.layer.low, map.layer.high];
      map.draw(map.weights(step), { shape: events.shape, shown }, events.tops[step === null ? 1 : 0], range, table);
    }
    this.tell();
  }

  choose(i) {
    const { layer, width } = this.maps[i];
    const at = this.glass.cell(this.maps[i]);
    if (!at || !layer.busiest) return;
    const [x, y] = at;
    this.pick({ layer: layer.name, channel: layer.busiest[y * width + x], y, x });
  }

  tell() {
    const step = this.step();
    const when = step === null ? "mean of all steps" : step < 0 ? "outside the window" : `step ${step + 1}`;
    if (!this.glass.place) {
      this.readout.textContent = `${when[0].toUpperCase()}${when.slice(1)}. ${this.glass.hint}`;
      return;
    }
    const map = this.maps[this.glass.which];
    const at = this.glass.cell(map);
    if (!at) { this.readout.textContent = `${map.layer.name}: beyond what its last place sees`; return; }
    const weights = map.weights(step);
    if (!weights) { this.readout.textContent = `${map.layer.name}: outside the window`; return; }
    const [x, y] = at;
    const said = this.content.over === "events" ? `, ${this.eventsAt(map.layer, x, y, step)} there` : "";
    this.readout.textContent = `${map.layer.name} at x ${x}, y ${y}, ${map.T === 1 ? "all steps" : when}: gate\u00a0`
      + `${weights[y * map.width + x].toFixed(3)}${said}`;
  }

  // How many events fall into a place, in words; one on a border's pixel counts by its share.
  eventsAt({ rows, columns }, x, y, step) {
    const [, , across] = this.content.events.shape;
    const share = (borders, place, pixel) => Math.max(0, Math.min(borders[place + 1], pixel + 1) - Math.max(borders[place], pixel));
    const seen = this.seen(step);
    let inside = 0;
    for (let down = Math.floor(rows[y]); down < rows[y + 1]; down += 1) {
      for (let right = Math.floor(columns[x]); right < columns[x + 1]; right += 1) {
        inside += seen[down * across + right] * share(rows, y, down) * share(columns, x, right);
      }
    }
    const n = Number.isInteger(inside) ? whole(inside) : inside.toFixed(2);
    return `${n} ${inside === 1 ? "event" : "events"}`;
  }

  leave() { window.removeEventListener("masnn-tick", this.follow); }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".spatial");
  root.gates ??= new SpatialGates(root);
  root.gates.load(data, pickNeuron(setTriggerValue));
  return () => root.gates.leave();
}

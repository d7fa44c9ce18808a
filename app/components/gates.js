// The gates of masnn/attention.py with a trained layer's weights, on input that is dragged:
//
//   time, channel   g = sigmoid(W1 relu(W0 avg) + W1 relu(W0 max))
//   space           g = sigmoid(conv([avg; max]))
//
// What is dragged is the average; the maximum is drawn along at twice it, as of a few strong neurons
// among many weak ones.

const MAXIMUM = 2;
const sigmoid = (x) => 1 / (1 + Math.exp(-x));
const times = (matrix, vector) => matrix.map((row) => row.reduce((sum, w, i) => sum + w * vector[i], 0));

// Weights of a perceptron's gate for averages.
function perceptron({ squeeze, expand }, average) {
  const pass = (input) => times(expand, times(squeeze, input).map((x) => Math.max(0, x)));
  const [a, b] = [pass(average), pass(average.map((x) => MAXIMUM * x))];
  return a.map((x, i) => sigmoid(x + b[i]));
}

// Weights of a spatial gate for a map of averages; the padding is half its kernel.
function convolved({ average, maximum }, map) {
  const k = average.length;
  const pad = (k - 1) / 2;
  return map.map((row, y) => row.map((_, x) => {
    let sum = 0;
    for (let i = 0; i < k; i += 1) {
      for (let j = 0; j < k; j += 1) {
        const value = map[y + i - pad]?.[x + j - pad] ?? 0;
        sum += average[i][j] * value + maximum[i][j] * MAXIMUM * value;
      }
    }
    return sigmoid(sum);
  }));
}

function pen2d(canvas, height) {
  const width = canvas.clientWidth;
  const ratio = window.devicePixelRatio || 1;
  canvas.style.height = `${height}px`;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  return [pen, width];
}

// Averages as bars that are dragged, the weights that the gate makes of them below.
class Bars {
  constructor(title, what, weights, start, colours) {
    Object.assign(this, { what, weights, values: [...start], start, colours });
    this.canvas = element("canvas", { className: "drag", role: "img", "aria-label": `${title}: drag what it sees; below, the weight of each ${what}` });
    this.readout = element("div", { className: "readout", "aria-live": "polite" });
    this.root = element("figure", {}, element("figcaption", {}, element("b", { textContent: title }), element("span", { textContent: "drag the bars" })), this.canvas, this.readout);
    const drag = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const i = Math.floor(((event.clientX - box.left) / box.width) * this.values.length);
      if (i < 0 || i >= this.values.length) return;
      const value = (Bars.zero - (event.clientY - box.top)) / Bars.scale;
      this.values[i] = Math.max(-0.5, Math.min(1.5, value));
      this.draw(i);
    };
    this.canvas.addEventListener("pointerdown", (event) => { this.canvas.setPointerCapture(event.pointerId); drag(event); });
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons) drag(event); });
  }

  reset() { this.values = [...this.start]; this.draw(); }

  draw(held = 0) {
    if (!this.canvas.clientWidth) return;
    const [pen, width] = pen2d(this.canvas, 200);
    const gate = perceptron(this.weights, this.values);
    const step = width / gate.length;
    const ink = getComputedStyle(this.canvas).color;
    gate.forEach((g, i) => {
      const tall = this.values[i] * Bars.scale;
      pen.fillStyle = ink;
      pen.globalAlpha = 0.5;
      pen.fillRect(i * step + 1, Math.min(Bars.zero, Bars.zero - tall), step - 2, Math.max(1, Math.abs(tall)));
      pen.globalAlpha = 0.12;
      pen.fillRect(i * step + 1, 130, step - 2, 66);
      pen.globalAlpha = 1;
      pen.fillStyle = this.colours.gate;
      pen.fillRect(i * step + 1, 196 - 66 * g, step - 2, 66 * g);
    });
    pen.strokeStyle = ink;
    pen.globalAlpha = 0.4;
    pen.strokeRect(held * step, 0, step, 198);
    this.readout.textContent = `${this.what} ${held}: average ${this.values[held].toFixed(2)}, weight ${gate[held].toFixed(3)}`;
  }
}
Bars.zero = 84;
Bars.scale = 50;

// A map of averages that is painted, and the map of weights beside it.
class Places {
  constructor(weights, start, colours) {
    Object.assign(this, { weights, start, colours, map: start.map((row) => [...row]) });
    this.canvas = element("canvas", { className: "paint", role: "img", "aria-label": "Spatial gate: paint what it sees; beside it, the weight of each place" });
    this.readout = element("div", { className: "readout", "aria-live": "polite" });
    this.root = element("figure", {}, element("figcaption", {}, element("b", { textContent: "Spatial gate" }), element("span", { textContent: "paint on the left" })), this.canvas, this.readout);
    const paint = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const n = this.map.length;
      const cell = (box.width - Places.gap) / 2 / n;
      const [y, x] = [event.clientY - box.top, event.clientX - box.left].map((at) => Math.floor(at / cell));
      if (y < 0 || x < 0 || y >= n || x >= n) return;
      if (event.type === "pointerdown") this.ink = this.map[y][x] ? 0 : 1;
      this.map[y][x] = this.ink;
      this.draw(y, x);
    };
    this.canvas.addEventListener("pointerdown", (event) => { this.canvas.setPointerCapture(event.pointerId); paint(event); });
    this.canvas.addEventListener("pointermove", (event) => { if (event.buttons) paint(event); });
  }

  reset() { this.map = this.start.map((row) => [...row]); this.draw(); }

  draw(held = 0, beside = 0) {
    if (!this.canvas.clientWidth) return;
    const n = this.map.length;
    const cell = (this.canvas.clientWidth - Places.gap) / 2 / n;
    const [pen, width] = pen2d(this.canvas, cell * n);
    const gate = convolved(this.weights, this.map);
    const ink = getComputedStyle(this.canvas).color;
    for (let y = 0; y < n; y += 1) {
      for (let x = 0; x < n; x += 1) {
        const draw = (left, colour, share) => {
          pen.globalAlpha = 0.07;
          pen.fillStyle = ink;
          pen.fillRect(left + x * cell, y * cell, cell, cell);
          pen.globalAlpha = share;
          pen.fillStyle = colour;
          pen.fillRect(left + x * cell, y * cell, cell - 1, cell - 1);
        };
        draw(0, ink, 0.6 * this.map[y][x]);
        draw(width - cell * n, this.colours.gate, gate[y][x]);
      }
    }
    this.readout.textContent = `row ${held}, column ${beside}: average ${this.map[held][beside].toFixed(2)}, weight ${gate[held][beside].toFixed(3)}`;
  }
}
Places.gap = 14;

class Gates {
  constructor(root) {
    this.again = element("button", { type: "button", textContent: "Start again" });
    this.parts = element("div", { className: "parts" });
    root.replaceChildren(element("div", { className: "bar" }, this.again), this.parts);
    this.again.addEventListener("click", () => this.toys.forEach((toy) => toy.reset()));
    new ResizeObserver(() => this.toys?.forEach((toy) => toy.draw())).observe(root);
  }

  load(data) {
    if (this.key === JSON.stringify(data)) return;
    this.key = JSON.stringify(data);
    const { time, channel, space } = data.weights;
    // A quiet beginning and a gesture; a few channels that fire; a hand on the left.
    const wave = time.expand.map((_, t) => (t < time.expand.length / 3 ? 0.05 : 0.3 + 0.25 * Math.sin(t * 1.4)));
    const few = channel.expand.map((_, c) => (c % 5 === 2 ? 0.7 : 0.08));
    const hand = Array.from({ length: 12 }, (_, y) => Array.from({ length: 12 }, (_, x) => Number(Math.hypot(y - 5.5, x - 3.5) < 2.6)));
    this.toys = [new Bars("Temporal gate", "step", time, wave, data.colours), new Bars("Channel gate", "channel", channel, few, data.colours),
      new Places(space, hand, data.colours)];
    this.parts.replaceChildren(...this.toys.map((toy) => toy.root));
    this.toys.forEach((toy) => toy.draw());
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gates");
  root.toy ??= new Gates(root);
  root.toy.load(data);
}

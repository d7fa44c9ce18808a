// A 3 x 3 convolution with padding 1 on one channel: X[y, x] = sum of weight times count around it.
//
// Paint on the frame (a second stroke over painted places erases), drag a weight up or down, point at
// a place of the current to see the sum that makes it. Arrow keys move that place.

const SIDE = 3;

class Convolution {
  constructor(root) {
    this.place = [6, 6];
    const canvas = (label, kind) => element("canvas", { className: kind, role: "img", "aria-label": label, tabIndex: kind === "point" ? 0 : -1 });
    this.frameCanvas = canvas("Frame: event counts", "paint");
    this.kernelCanvas = canvas("Kernel: nine weights", "drag");
    this.currentCanvas = canvas("Input current of each neuron; arrow keys move the place", "point");
    this.readout = element("div", { className: "readout", "aria-live": "polite" });
    const figure = (name, of) => element("figure", {}, element("figcaption", {}, element("b", { textContent: name })), of);
    const again = element("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => this.reset());
    root.replaceChildren(element("div", { className: "bar" }, again), element("div", { className: "parts" },
      figure("frame (paint)", this.frameCanvas), figure("weights (drag)", this.kernelCanvas), figure("current X", this.currentCanvas)), this.readout);
    this.listen();
    new ResizeObserver(() => this.start && this.draw()).observe(root);
  }

  load(start) {
    if (this.key === JSON.stringify(start)) return;
    this.key = JSON.stringify(start);
    this.start = start;
    this.reset();
  }

  reset() {
    this.frame = this.start.frame.map((row) => [...row]);
    this.kernel = [...this.start.kernel];
    this.draw();
  }

  cell(canvas, event, rows, columns) {
    const box = canvas.getBoundingClientRect();
    const at = (share, n) => Math.max(0, Math.min(n - 1, Math.floor(share * n)));
    return [at((event.clientY - box.top) / box.height, rows), at((event.clientX - box.left) / box.width, columns)];
  }

  listen() {
    const paint = (event) => {
      const [y, x] = this.cell(this.frameCanvas, event, this.frame.length, this.frame[0].length);
      if (event.type === "pointerdown") this.ink = this.frame[y][x] ? 0 : 2;
      this.frame[y][x] = this.ink;
      this.draw();
    };
    this.frameCanvas.addEventListener("pointerdown", (event) => { this.frameCanvas.setPointerCapture(event.pointerId); paint(event); });
    this.frameCanvas.addEventListener("pointermove", (event) => { if (event.buttons) paint(event); });
    this.kernelCanvas.addEventListener("pointerdown", (event) => {
      this.kernelCanvas.setPointerCapture(event.pointerId);
      const [y, x] = this.cell(this.kernelCanvas, event, SIDE, SIDE);
      this.held = { i: y * SIDE + x, from: event.clientY, weight: this.kernel[y * SIDE + x] };
    });
    this.kernelCanvas.addEventListener("pointermove", (event) => {
      if (!this.held || !event.buttons) return;
      const weight = this.held.weight + (this.held.from - event.clientY) / 60;
      this.kernel[this.held.i] = Math.max(-1, Math.min(1, Math.round(weight * 20) / 20));
      this.draw();
    });
    this.currentCanvas.addEventListener("pointermove", (event) => {
      this.place = this.cell(this.currentCanvas, event, this.frame.length, this.frame[0].length);
      this.draw();
    });
    this.currentCanvas.addEventListener("keydown", (event) => {
      const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!move) return;
      event.preventDefault();
      const limits = [this.frame.length, this.frame[0].length];
      this.place = this.place.map((at, axis) => Math.max(0, Math.min(limits[axis] - 1, at + move[axis])));
      this.draw();
    });
  }

  terms(y, x) {
    const found = [];
    for (let i = 0; i < SIDE * SIDE; i += 1) {
      const count = this.frame[y + Math.floor(i / SIDE) - 1]?.[x + (i % SIDE) - 1] ?? 0;
      if (count && this.kernel[i]) found.push([this.kernel[i], count]);
    }
    return found;
  }

  draw() {
    const [rows, columns] = [this.frame.length, this.frame[0].length];
    const sum = (y, x) => this.terms(y, x).reduce((total, [weight, count]) => total + weight * count, 0);
    const current = this.frame.map((row, y) => row.map((_, x) => sum(y, x)));
    const top = Math.max(1e-6, ...current.flat().map(Math.abs));
    const most = Math.max(1, ...this.frame.flat());
    const { events, low, high } = this.start.colours;
    const [y, x] = this.place;
    grid(this.frameCanvas, rows, columns, (r, c) => [events, this.frame[r][c] / most], [y - 1, x - 1, SIDE, SIDE]);
    const weight = (r, c) => this.kernel[r * SIDE + c];
    grid(this.kernelCanvas, SIDE, SIDE, (r, c) => [weight(r, c) < 0 ? low : high, Math.abs(weight(r, c))], null, (r, c) => weight(r, c).toFixed(2));
    grid(this.currentCanvas, rows, columns, (r, c) => [current[r][c] < 0 ? low : high, Math.abs(current[r][c]) / top], [y, x, 1, 1]);
    const terms = this.terms(y, x).map(([w, n]) => `${w < 0 ? "\u2212" : ""}${Math.abs(w).toFixed(2)} \u00b7 ${n}`);
    this.readout.textContent = `X at row ${y}, column ${x} = ${terms.join(" + ") || "nothing"} = ${current[y][x].toFixed(2)}`;
  }
}

// Cells of one colour each, from transparent to full; a frame around some of them; words in them.
function grid(canvas, rows, columns, shade, frame, words) {
  const width = canvas.clientWidth;
  if (!width) return;
  const ratio = window.devicePixelRatio || 1;
  const cell = width / columns;
  canvas.style.height = `${cell * rows}px`;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(cell * rows * ratio)];
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  pen.fillStyle = style.color;
  pen.globalAlpha = 0.07;
  pen.fillRect(0, 0, width, cell * rows);
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      const [colour, share] = shade(r, c);
      pen.fillStyle = colour;
      pen.globalAlpha = Math.min(1, share);
      pen.fillRect(c * cell + 0.5, r * cell + 0.5, cell - 1, cell - 1);
      if (!words) continue;
      pen.globalAlpha = 1;
      pen.fillStyle = style.color;
      pen.font = `${Math.min(15, cell / 3)}px ${style.fontFamily}`;
      [pen.textAlign, pen.textBaseline] = ["center", "middle"];
      pen.fillText(words(r, c), (c + 0.5) * cell, (r + 0.5) * cell);
    }
  }
  pen.globalAlpha = 1;
  if (!frame) return;
  pen.strokeStyle = style.color;
  pen.lineWidth = 2;
  pen.strokeRect(frame[1] * cell, frame[0] * cell, frame[3] * cell, frame[2] * cell);
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".convolution");
  root.toy ??= new Convolution(root);
  root.toy.load(data);
}

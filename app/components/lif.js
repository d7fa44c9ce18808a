// One neuron to play with: the same input current without gates (A) and with them (B).
//
// The equations are those of masnn/neurons.py and layers.py at the site "membrane": X' = g_time X,
// U' = H + X', U = g U', a spike where U >= u_th, then H = 0 after a spike and beta U without one.
// Bars are dragged up and down; sliders set the constants.

function run(current, gates, gate, beta, threshold) {
  let carried = 0;
  return current.map((x, t) => {
    const membrane = gate * (carried + gates[t] * x);
    const spike = membrane >= threshold;
    carried = spike ? 0 : beta * membrane;
    return { membrane, spike };
  });
}

class Toy {
  constructor(root) {
    this.root = root;
    this.canvas = element("canvas", { role: "img", "aria-label": "Current, temporal gate, potential and spikes of one neuron" });
    this.readout = element("div", { className: "readout", "aria-live": "polite" });
    this.bar = element("div", { className: "bar" });
    root.replaceChildren(this.bar, this.canvas, this.readout);
    const drag = (event) => { if (event.buttons || event.type === "pointerdown") this.drag(event); };
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.held = this.row(event);
      drag(event);
    });
    this.canvas.addEventListener("pointermove", drag);
    this.canvas.addEventListener("pointerup", () => { this.held = null; });
    new ResizeObserver(() => this.start && this.draw()).observe(root);
  }

  load(start) {
    const key = JSON.stringify(start);
    if (this.key !== key) {
      this.key = key;
      this.start = start;
      this.reset();
    }
  }

  reset() {
    const { current, time, gate, decay, threshold } = this.start;
    Object.assign(this, { current: [...current], time: [...time], gate, decay, threshold });
    const slider = (label, name, least, most) => {
      const shown = element("output", { textContent: this[name].toFixed(2) });
      const range = element("input", { type: "range", min: least, max: most, step: 0.01, value: this[name], "aria-label": label });
      range.addEventListener("input", () => {
        this[name] = Number(range.value);
        shown.textContent = this[name].toFixed(2);
        this.draw();
      });
      return element("label", {}, label, range, shown);
    };
    const again = element("button", { type: "button", textContent: "Start again" });
    again.addEventListener("click", () => this.reset());
    this.bar.replaceChildren(slider("leak \u03b2", "decay", 0, 1), slider("threshold", "threshold", 0.05, 1),
      slider("channel \u00d7 spatial gate", "gate", 0, 1), again);
    this.draw();
  }

  // Rows: current, temporal gate, potential, spikes of A and of B.
  rows() {
    return [{ top: 8, height: 74, low: -0.5, high: 1.5, values: this.current }, { top: 98, height: 46, low: 0, high: 1, values: this.time },
      { top: 162, height: 120, low: -0.6, high: 2.2 }];
  }

  plan() {
    const width = this.canvas.clientWidth;
    const left = width < 520 ? 64 : 110;
    const step = (width - left - 8) / this.current.length;
    return { width, left, step, x: (t) => left + t * step };
  }

  row(event) {
    const y = event.clientY - this.canvas.getBoundingClientRect().top;
    return this.rows().slice(0, 2).find((row) => y >= row.top - 8 && y <= row.top + row.height + 8) ?? null;
  }

  drag(event) {
    if (!this.held) return;
    const box = this.canvas.getBoundingClientRect();
    const { left, step } = this.plan();
    const t = Math.floor((event.clientX - box.left - left) / step);
    if (t < 0 || t >= this.current.length) return;
    const { top, height, low, high, values } = this.held;
    const share = 1 - (event.clientY - box.top - top) / height;
    values[t] = Math.max(low, Math.min(high, low + share * (high - low)));
    this.draw();
  }

  draw() {
    const { width, left, step, x } = this.plan();
    if (!width) return;
    const open = this.current.map(() => 1);
    const a = run(this.current, open, 1, this.decay, this.threshold);
    const b = run(this.current, this.time, this.gate, this.decay, this.threshold);
    const height = 340;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    const [current, time, potential] = this.rows();
    const label = (text, y) => {
      pen.fillStyle = style.color;
      pen.globalAlpha = 0.85;
      pen.textAlign = "right";
      pen.fillText(text, left - 8, y);
      pen.globalAlpha = 1;
    };
    const up = (row, value) => row.top + row.height * (1 - (Math.max(row.low, Math.min(row.high, value)) - row.low) / (row.high - row.low));
    const line = (row, value, dash) => {
      pen.strokeStyle = style.color;
      pen.globalAlpha = dash.length ? 0.8 : 0.3;
      pen.setLineDash(dash);
      pen.beginPath();
      pen.moveTo(left, up(row, value));
      pen.lineTo(width - 8, up(row, value));
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    };
    label(left < 80 ? "X" : "current X", current.top + current.height / 2);
    label(left < 80 ? "gate t" : "temporal gate", time.top + time.height / 2);
    label(left < 80 ? "U" : "potential U", potential.top + potential.height / 2);
    this.current.forEach((value, t) => {
      pen.fillStyle = style.color;
      pen.globalAlpha = 0.45;
      pen.fillRect(x(t) + 1, Math.min(up(current, value), up(current, 0)), step - 2, Math.max(1, Math.abs(up(current, value) - up(current, 0))));
      pen.globalAlpha = 1;
      pen.fillStyle = this.start.colours.gate;
      pen.fillRect(x(t) + 1, up(time, this.time[t]), step - 2, Math.max(1, time.top + time.height - up(time, this.time[t])));
    });
    line(current, 0, []);
    line(time, 0, []);
    line(potential, 0, []);
    line(potential, this.threshold, [5, 4]);
    pen.fillStyle = style.color;
    pen.textAlign = "right";
    pen.fillText("threshold", width - 10, up(potential, this.threshold) - 9);
    for (const [which, made, colour, y] of [["A", a, this.start.colours.a, 300], ["B", b, this.start.colours.b, 324]]) {
      pen.strokeStyle = colour;
      pen.fillStyle = colour;
      pen.lineWidth = 2.2;
      pen.beginPath();
      made.forEach(({ membrane }, t) => {
        const [at, to] = [x(t) + step / 2, up(potential, membrane)];
        if (t) pen.lineTo(at, to); else pen.moveTo(at, to);
      });
      pen.stroke();
      made.forEach(({ spike }, t) => { if (spike) pen.fillRect(x(t) + step / 2 - 1.5, y - 9, 3, 18); });
      label(left < 80 ? which : `spikes of ${which}`, y);
    }
    const count = (made) => made.filter(({ spike }) => spike).length;
    const [n, m] = [count(a), count(b)];
    const change = n ? ` (${signed((100 * (m - n)) / n, 0)} %)` : "";
    this.readout.replaceChildren(element("b", { className: "a", textContent: `A without gates: ${n} spikes` }), " \u00b7 ",
      element("b", { className: "b", textContent: `B with gates: ${m} spikes${change}` }), ` of ${this.current.length} steps`);
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".lif");
  root.toy ??= new Toy(root);
  root.toy.load(data);
}

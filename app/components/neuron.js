// One neuron: what reaches it, its course, and its equation in numbers, all at the player's step.
//
// The player says where it is by an event on the window, and goes where another event asks it to:
// there is one cursor, and no call of the server for a step.

// Symbols of the plain equations, such as X'[t], g_time, 0.3 or 4.1e-5, one after the other.
const SYMBOLS = /([A-Zβu]'?)\[([^\]]*)\]|([A-Za-z])_([A-Za-z]+)|(\d[\d.]*)(?:e(-?\d+))?|([A-Za-zβ]+)|\s+|(.)/gu;

function mathml(tag, ...children) {
  const made = document.createElementNS("http://www.w3.org/1998/Math/MathML", tag);
  made.append(...children);
  return made;
}

// Write an equation as MathML, a piece for each "=", so that a narrow screen breaks it there.
function equation(text) {
  const pieces = text.split(/ (?=[=] )/).map((piece) => {
    const row = mathml("mrow");
    for (const [, at, time, letter, index, number, power, word, sign] of piece.matchAll(SYMBOLS)) {
      if (at) {
        const [name, before] = [mathml("mi", at[0]), time.split("-")[1]];
        const index = mathml("mrow", mathml("mi", "t"), ...(before ? [mathml("mo", "\u2212"), mathml("mn", before)] : []));
        row.append(at[1] ? mathml("msubsup", name, index, mathml("mo", "\u2032")) : mathml("msub", name, index));
      }
      else if (letter) row.append(mathml("msub", mathml("mi", letter), mathml("mtext", index)));
      else if (number) {
        row.append(mathml("mn", number));
        if (power) row.append(mathml("mo", "\u00b7"), mathml("msup", mathml("mn", "10"), mathml("mn", power.replace("-", "\u2212"))));
      } else if (word === "since") row.append(mathml("mtext", "\u2002since\u2002"));
      else if (word) row.append(mathml("mi", word));
      else if (sign) {
        const operator = mathml("mo", sign.replace("-", "\u2212"));
        if (sign === "-") operator.setAttribute("form", "prefix"); // of a number, never between two
        row.append(operator);
      }
    }
    return mathml("math", row);
  });
  return element("div", { className: "equation" }, ...pieces);
}

// The number of a step, and buttons that move the player.
class Steps {
  constructor(part) {
    this.part = part;
    const button = (label, text, by) => {
      const made = element("button", { type: "button", "aria-label": label, title: label, textContent: text });
      made.addEventListener("click", () => part.go(part.tick + by));
      return made;
    };
    this.words = element("span", { className: "time" });
    this.bar = element("div", { className: "bar" },
      button("Step back", "\u2039", -1), button("Step on", "\u203a", 1), this.words);
  }

  tell() {
    const { clock } = this.part.content;
    const [from, to] = [clock[this.part.tick], clock[this.part.tick + 1]].map((ms) => ms.toFixed(0));
    const span = this.part.content.in_steps ? "" : ` \u00b7 ${from}\u2013${to} ms`;
    this.words.textContent = `step ${this.part.tick + 1} of ${clock.length - 1}${span}`;
  }
}

// The input of the step, ON against OFF, with a frame around what can reach the neuron.
class Field {
  constructor(root) {
    this.plane = new Plane();
    this.plane.figure.querySelector("figcaption").remove();
    this.fact = element("div", { className: "readout" });
    root.replaceChildren(this.plane.figure, this.fact);
    const point = (event) => { this.hover = event && this.plane.place(event); this.tell(); };
    this.plane.box.addEventListener("pointermove", point);
    this.plane.box.addEventListener("pointerleave", () => point(null));
    this.resized = () => this.frame();
  }

  count(step, kind, x, y) {
    const [, kinds, height, width] = this.content.shape;
    return this.content.counts[((step * kinds + kind) * height + y) * width + x];
  }

  draw(step) {
    const { shape: [, kinds, height, width], counts, reach, table, who } = this.content;
    if (step < 0) { this.plane.refuse(`${who} does not look at this moment.`); this.tell(); return; }
    const [size, start] = [height * width, step * kinds * height * width];
    this.plane.fit(width, height);
    shaded(this.plane, table, kinds === 1
      ? (i) => counts[start + i] / reach
      : (i) => ((counts[start + size + i] - counts[start + i]) / reach + 1) / 2);
    this.plane.canvas.setAttribute("aria-label", `${who}'s input at step ${step + 1}, the part that reaches the neuron framed`);
    if (kinds === 1) this.plane.legend("0", sample(table), String(reach));
    else this.plane.legend("OFF", sample(table), "ON");
    this.frame();
    this.tell();
  }

  frame() {
    const { field: [y0, y1, x0, x1], shape: [, , height, width] } = this.content;
    if (this.step >= 0) this.plane.frame(x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height);
  }

  tell() {
    const { field: [y0, y1, x0, x1], shape: [, kinds, height, width], who } = this.content;
    if (this.step < 0) { this.fact.textContent = ""; return; }
    if (this.hover) {
      const [x, y] = [Math.floor(this.hover[0] * width), Math.floor(this.hover[1] * height)];
      this.fact.textContent = kinds === 1
        ? `x ${x}, y ${y}: brightness ${this.count(this.step, 0, x, y)} of 255`
        : `x ${x}, y ${y}: ${this.count(this.step, 1, x, y)} ON, ${this.count(this.step, 0, x, y)} OFF`;
      return;
    }
    const framed = `of ${height} \u00d7 ${width} px; framed: its rows ${y0}\u2013${y1 - 1}, columns ${x0}\u2013${x1 - 1}`;
    if (kinds === 1) { this.fact.textContent = `${who}\u2019s input ${framed}.`; return; }
    let [inside, all] = [0, 0];
    for (let p = 0; p < 2; p += 1) for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
      const n = this.count(this.step, p, x, y);
      all += n;
      if (y >= y0 && y < y1 && x >= x0 && x < x1) inside += n;
    }
    this.fact.textContent = `${who}\u2019s input at step ${this.step + 1}, ${framed}, `
      + `${whole(inside)} of ${whole(all)} events.`;
  }
}

// Current, potential and spikes of A and B on one time axis.
class Course {
  constructor(root) {
    this.steps = new Steps(this);
    this.canvas = element("canvas", { className: "course", role: "slider", tabIndex: 0, "aria-label": "Step of the neuron" });
    this.legend = element("div", { className: "legend", "aria-hidden": "true" });
    this.readout = element("div", { className: "readout" });
    root.replaceChildren(this.steps.bar, this.legend, this.canvas, this.readout);
    this.root = root;
    this.canvas.addEventListener("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.go(this.under(event));
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons) { this.go(this.under(event)); return; }
      this.pointed = this.under(event);
      this.tell();
    });
    this.canvas.addEventListener("pointerleave", () => { this.pointed = null; this.tell(); });
    this.canvas.addEventListener("keydown", (event) => {
      const to = { ArrowLeft: this.tick - 1, ArrowRight: this.tick + 1, Home: 0, End: this.content.clock.length - 2 }[event.key];
      if (to === undefined) return;
      this.go(to);
      event.preventDefault();
    });
    this.resized = () => this.draw();
  }

  go(tick) {
    const last = this.content.clock.length - 2;
    window.dispatchEvent(new CustomEvent("masnn-go", { detail: Math.max(0, Math.min(last, tick)) }));
  }

  geometry() {
    const { clock } = this.content;
    const width = this.canvas.clientWidth;
    const left = width < 520 ? 58 : 84;
    const [first, last] = [clock[0], clock.at(-1)];
    return { width, left, x: (ms) => left + ((width - left - 8) * (ms - first)) / (last - first) };
  }

  under(event) {
    const { clock } = this.content;
    const { x } = this.geometry();
    const at = event.clientX - this.canvas.getBoundingClientRect().left;
    let tick = 0;
    while (tick < clock.length - 2 && x(clock[tick + 1]) <= at) tick += 1;
    return tick;
  }

  draw() {
    const { clock, sides, thresholds } = this.content;
    const [heights, gap] = [[130, 190, 20 * sides.length], 16];
    const height = heights.reduce((sum, one) => sum + one + gap, 26);
    const ratio = window.devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    const { width, left, x } = this.geometry();
    if (!width) return;
    [this.canvas.width, this.canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = this.canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    const ink = style.color;
    const font = (px) => { pen.font = `${px}px ${style.fontFamily}`; };
    pen.textBaseline = "middle";
    const cursor = [x(clock[this.tick]), x(clock[this.tick + 1])];
    pen.fillStyle = ink;
    pen.globalAlpha = 0.09;
    pen.fillRect(cursor[0], 0, cursor[1] - cursor[0], height - 24);
    pen.globalAlpha = 1;
    let top = 6;
    const rows = [
      { label: "current X", values: ["current", "current_gated"], also: [0] },
      { label: "potential U", values: ["integrated", "membrane", "left"], also: [0, ...thresholds] },
    ];
    rows.forEach(({ label, values, also }, row) => {
      const seen = [...also, ...sides.flatMap((side) => values.flatMap((name) => Array.from(side[name])))];
      const [low, high] = [Math.min(...seen), Math.max(...seen)];
      const y = (value) => top + heights[row] * (1 - (value - low) / (high - low || 1));
      const level = (value, dash, alpha) => {
        pen.strokeStyle = ink;
        pen.globalAlpha = alpha;
        pen.lineWidth = 1;
        pen.setLineDash(dash);
        pen.beginPath();
        pen.moveTo(left, y(value));
        pen.lineTo(width - 8, y(value));
        pen.stroke();
        pen.setLineDash([]);
        pen.globalAlpha = 1;
      };
      level(0, [], 0.2);
      pen.fillStyle = ink;
      pen.textAlign = "right";
      font(12);
      pen.fillText(label.split(" ")[0], left - 8, top + heights[row] / 2);
      font(10);
      pen.globalAlpha = 0.75;
      for (const value of [low, high]) pen.fillText(value.toPrecision(2).replace("-", "\u2212"), left - 8, y(value));
      pen.globalAlpha = 1;
      for (const side of sides) this.drawSide(pen, side, row, x, y);
      if (row === 1) for (const value of thresholds) level(value, [6, 4], 0.75);
      top += heights[row] + gap;
    });
    sides.forEach((side, i) => {
      const y = top + 20 * i + 10;
      font(12);
      pen.fillStyle = ink;
      pen.textAlign = "right";
      pen.fillText(`${side.who} fires`, left - 8, y);
      pen.fillStyle = side.colour;
      side.spikes.forEach((fired, t) => {
        if (fired) pen.fillRect((x(side.edges[t]) + x(side.edges[t + 1])) / 2 - 1.5, y - 8, 3, 16);
      });
    });
    font(12);
    pen.fillStyle = ink;
    for (const [i, share] of [0, 0.5, 1].entries()) {
      const ms = clock[0] + share * (clock.at(-1) - clock[0]);
      pen.textAlign = ["left", "center", "right"][i];
      const steps = share === 0.5 ? "" : `step ${share ? clock.length - 1 : 1}`;
      pen.fillText(this.content.in_steps ? steps : `${ms.toFixed(0)} ms`, x(ms), height - 10);
    }
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    pen.strokeRect(cursor[0] + 0.5, 0.5, Math.max(1, cursor[1] - cursor[0] - 1), height - 25);
    this.steps.tell();
    this.tell();
  }

  // What is integrated, or the potential: from what is compared with the threshold to what a spike
  // or the leak leaves of it at the step's end, and on to the next.
  drawSide(pen, side, row, x, y) {
    const middle = (t) => (x(side.edges[t]) + x(side.edges[t + 1])) / 2;
    const [before, after] = row ? [side.integrated, side.membrane] : [side.current, side.current_gated];
    const line = (points, dash, width) => {
      pen.strokeStyle = side.colour;
      pen.setLineDash(dash);
      pen.lineWidth = width;
      pen.beginPath();
      for (const [i, [px, py]] of points.entries()) if (i) pen.lineTo(px, py); else pen.moveTo(px, py);
      pen.stroke();
      pen.setLineDash([]);
    };
    const each = (values) => Array.from(values, (value, t) => [middle(t), y(value)]);
    if (before.some((value, t) => value !== after[t])) line(each(before), [2, 3], 1.3);
    const left = (t) => [x(side.edges[t + 1]) - 1, y(side.left[t])];
    line(row ? Array.from(after, (value, t) => [[middle(t), y(value)], left(t)]).flat() : each(after), [], 2);
    const dot = ([px, py], radius) => {
      pen.beginPath();
      pen.arc(px, py, radius, 0, 2 * Math.PI);
    };
    after.forEach((value, t) => {
      pen.fillStyle = side.colour;
      dot([middle(t), y(value)], 3);
      pen.fill();
      if (!row) return;
      pen.lineWidth = 1.3;
      pen.fillStyle = this.content.ground;
      dot(left(t), 2.5);
      pen.fill();
      pen.stroke();
    });
  }

  tell() {
    const tick = this.pointed ?? this.tick;
    const parts = this.content.sides.map((side) => {
      const t = side.steps[tick];
      if (t < 0) return `${side.who} does not look at this moment`;
      const of = (name) => side[name][t].toFixed(4).replace("-", "\u2212");
      const gated = (from, to, symbol) => (side[from][t] === side[to][t] ? "" : `${symbol} ${of(from)} \u2192 `);
      return `${side.who} ${gated("current", "current_gated", "X")}X\u2032 ${of("current_gated")}, `
        + `${gated("integrated", "membrane", "U\u2032")}U ${of("membrane")}, ${side.spikes[t] ? "fires" : "silent"}, leaves H ${of("left")}`;
    });
    this.readout.textContent = `step ${tick + 1}: ${parts.join(" \u00b7 ")}`;
    this.canvas.setAttribute("aria-valuemin", 1);
    this.canvas.setAttribute("aria-valuemax", this.content.clock.length - 1);
    this.canvas.setAttribute("aria-valuenow", this.tick + 1);
    this.canvas.setAttribute("aria-valuetext", this.readout.textContent);
  }

  loaded() {
    const key = (className, text, colour) => {
      const mark = element("i", { className });
      if (colour) mark.style.color = colour;
      return element("span", {}, mark, text);
    };
    const { sides, thresholds } = this.content;
    const gated = (side) => ["current", "integrated"].some((name) => side[name].some(
      (value, t) => value !== side[name === "current" ? "current_gated" : "membrane"][t]));
    this.legend.replaceChildren(...sides.map((side) => key("line", `${side.who} ${side.title}`, side.colour)),
      ...(sides.some(gated) ? [key("dots", "before gates")] : []), key("dashes", `threshold ${thresholds.join(" and ")}`), key("full", "compared with the threshold"), key("open", "left by leak or reset, H"));
  }
}

// The step written out with the neuron's numbers.
class Equations {
  constructor(root) {
    this.title = element("div", { className: "readout" });
    this.lines = element("div", { className: "lines" });
    this.fact = element("div", { className: "readout" });
    root.replaceChildren(this.title, this.lines, this.fact);
  }

  draw(step) {
    const { lines, what, spikes, who } = this.content;
    this.title.textContent = step < 0 ? `${who} does not look at this moment.` : `Step ${step + 1} of ${lines.length}`;
    this.lines.replaceChildren(...(lines[step] ?? []).flatMap(([kind, text]) => [
      element("small", { textContent: what[kind] }), equation(text)]));
    this.fact.textContent = `It fires ${spikes} of ${lines.length} steps.`;
  }
}

const PARTS = { field: Field, course: Course, equations: Equations };

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".neuron");
  const content = unpack(data);
  let part = root.shown;
  if (!part) {
    part = new PARTS[content.part](root);
    part.follow = (event) => {
      part.tick = Math.min(event.detail, (part.content.steps ?? part.content.clock).length - 1);
      part.step = part.content.steps?.[part.tick];
      part.draw(part.step);
    };
    new ResizeObserver(() => part.resized?.()).observe(root);
    root.shown = part;
  }
  part.content = content;
  part.loaded?.();
  part.follow({ detail: cursorHere() });
  window.addEventListener("masnn-tick", part.follow); // once, however often it is said
  return () => window.removeEventListener("masnn-tick", part.follow);
}

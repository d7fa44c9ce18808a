// Every channel of a layer as a tile, A beside B, and each channel's gate against its rate.
//
// Where channels of one number are one channel in A and B, tiles stand in one order and are read
// together. Otherwise each network's stand in its own, and channels of one rank by rate are read
// together. "This step" is the player's: it says where it is by an event on the window, so that both
// go together without the server.

// The orders on offer, the first one first, by whether numbers compare.
const BY_NUMBER = { a: "A's rate", b: "B's rate", change: "B \u2212 A", gate: "B's gate", number: "number" };
const BY_RANK = { rate: "its own rate", gate: "its own gate", number: "number" };

// What the kinds of channels are, over all steps; the order is that of the library.
const KINDS = {
  silent: "never fires", saturated: "fires nearly always", background: "fires more where the input is not",
  selective: "all others",
};

// The places of keys in a row, from the least to the greatest; of equal ones the first first.
const sorted = (keys) => keys.map((_, c) => c).sort((one, other) => keys[one] - keys[other] || one - other);

class Channels {
  constructor(root) {
    this.root = root;
    this.tick = cursorHere();
    this.now = "all";
    this.order = "";
    this.pointed = null;
    this.means = [];
    this.timeBox = this.choice("show", { all: "all steps", step: "this step of the player" }, (value) => { this.now = value; });
    this.orderBox = this.choice("sort by", {}, (value) => { this.order = value; });
    this.tiles = [new Tiles(0, this), new Tiles(1, this)];
    this.scatter = element("canvas", { className: "scatter", role: "img" });
    this.scatterFigure = element("figure", {}, element("figcaption", {},
      element("b", { textContent: "B's gate against B's rate" }),
      element("span", { textContent: "each dot a channel" })), this.scatter);
    this.scatter.addEventListener("pointermove", (event) => this.point(this.near(event)));
    this.scatter.addEventListener("pointerleave", () => this.point(null));
    this.scale = element("div", { className: "scale", "aria-hidden": "true" });
    this.key = element("div", { className: "key" });
    this.readout = element("div", { className: "readout" });
    this.opener = opener(() => this.pick(this.pointed));
    this.foot = element("div", { className: "bar foot" }, this.readout, this.opener);
    this.parts = element("div", { className: "parts" }, ...this.tiles.map((t) => t.figure), this.scatterFigure);
    root.replaceChildren(element("div", { className: "bar" }, this.timeBox.parentElement, this.orderBox.parentElement),
      this.parts, this.scale, this.key, this.foot);
    this.follow = (event) => {
      this.tick = event.detail;
      if (this.now === "step") this.draw();
    };
    new ResizeObserver(() => this.content && this.drawScatter()).observe(root);
  }

  choice(label, options, act) {
    const box = element("select", {}, ...Object.entries(options).map(
      ([value, textContent]) => element("option", { value, textContent })));
    element("label", {}, label, box);
    box.addEventListener("change", () => { act(box.value); this.draw(); });
    return box;
  }

  load(bytes, pick) {
    this.pick = ({ channel, y, x }) => pick({ channel, y, x });
    window.addEventListener("masnn-tick", this.follow); // once, however often it is said
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    this.content = content;
    this.pointed = null;
    this.activities = content.sides.map((side) => (side.shape ? new Activity(side) : null));
    const gated = Boolean(content.sides[1].gate);
    this.offer(gated);
    this.timeBox.value = this.now;
    this.scatterFigure.hidden = !gated;
    this.parts.classList.toggle("two", !gated);
    this.draw();
  }

  // Offer the orders that mean something.
  offer(gated) {
    const { sides, byNumber } = this.content;
    const orders = { ...(byNumber ? BY_NUMBER : BY_RANK) };
    const open = sides.map((side) => Boolean(side.gate));
    if (byNumber ? !gated : !open.includes(true)) delete orders.gate;
    else if (!byNumber && open.includes(false) && sides.every((side) => side.shape)) {
      orders.gate = open[1] ? "A's rate, B's gate" : "A's gate, B's rate";
    }
    if (!(this.order in orders)) [this.order] = Object.keys(orders);
    this.orderBox.replaceChildren(...Object.entries(orders).map(
      ([value, textContent]) => element("option", { value, textContent })));
    this.orderBox.value = this.order;
  }

  // A side's own step, null for all of them, -1 outside its window.
  step(which) {
    const { steps } = this.content.sides[which];
    return this.now === "all" ? null : steps[Math.min(this.tick, steps.length - 1)];
  }

  // Rates of one channel at each of its places.
  rates(which, channel) {
    const [side, activity, step] = [this.content.sides[which], this.activities[which], this.step(which)];
    const size = side.shape[1] * side.shape[2];
    if (step === null) return side.rates.subarray(channel * size, (channel + 1) * size);
    return step < 0 ? new Float32Array(size) : activity.of(step, channel);
  }

  // A channel's rate, by whole numbers: equal ones are equal to the last digit.
  mean(which, channel) {
    const { fired, shape, T } = this.content.sides[which];
    const size = shape[1] * shape[2];
    if (this.step(which) === null) return fired[channel] / (T * size);
    return this.rates(which, channel).reduce((sum, rate) => sum + rate, 0) / size;
  }

  gate(which, channel) {
    const { gate, shape, T } = this.content.sides[which];
    if (!gate) return null;
    const n = gate.length / shape[0]; // one weight for all steps, or one a step
    const step = this.step(which);
    if (n === 1) return gate[channel];
    if (step !== null) return step < 0 ? null : gate[step * shape[0] + channel];
    let sum = 0;
    for (let t = 0; t < T; t += 1) sum += gate[t * shape[0] + channel];
    return sum / T;
  }

  // The channels of a side as their tiles stand.
  ordered(which) {
    const { sides } = this.content;
    const rate = (side) => (channel) => this.means[side]?.[channel] ?? -1;
    const gate = (side) => (channel) => this.gate(side, channel) ?? 0;
    const [a, b] = [rate(0), rate(1)];
    const key = {
      number: () => 0,
      rate: (c) => -rate(which)(c),
      gate: (c) => -(this.content.byNumber ? gate(1) : sides[which].gate ? gate(which) : rate(which))(c),
      a: (c) => -a(c),
      b: (c) => -b(c),
      change: (c) => b(c) - a(c),
    }[this.order];
    return sorted(Array.from({ length: sides[which].shape[0] }, (_, c) => key(c)));
  }

  draw() {
    const { sides, table } = this.content;
    this.means = sides.map(({ shape }, which) => shape && Array.from({ length: shape[0] }, (_, c) => this.mean(which, c)));
    this.ranked = this.means.map((means) => means && sorted(means.map((rate) => -rate)));
    const top = this.now === "step" ? 1 : this.content.top;
    sides.forEach((side, which) => {
      const tiles = this.tiles[which];
      tiles.figure.hidden = !side.shape;
      if (!side.shape) return;
      tiles.title.textContent = `${"AB"[which]} ${side.title}`;
      tiles.title.style.color = INKS[which];
      const kinds = side.kinds.filter((kind) => kind !== "selective");
      tiles.fact.textContent = kinds.length ? `${kinds.length} of ${side.shape[0]} marked` : "";
      tiles.canvas.setAttribute("aria-label", `${tiles.title.textContent}: ${side.shape[0]} channels as tiles. `
        + "Arrow keys go from cell to cell, with Shift from tile to tile; Enter opens the neuron.");
      tiles.lay(this.ordered(which), side.shape[1], side.shape[2]);
      tiles.paint((channel) => this.rates(which, channel), top, table);
      tiles.sign((channel) => side.kinds[channel]);
    });
    const colours = Array.from({ length: 9 }, (_, i) => {
      const at = 3 * Math.round((i / 8) * (table.length / 3 - 1));
      return `rgb(${table.subarray(at, at + 3)})`;
    });
    const bar = element("i");
    bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
    this.scale.replaceChildren("0", bar, `${top.toFixed(2)} spikes per neuron and step`);
    this.drawKey();
    this.drawScatter();
    this.point(this.pointed);
  }

  // Say what the marks mean that are there; selective channels are marked among the dots alone.
  drawKey() {
    const there = new Set(this.content.sides.flatMap((side) => side.kinds ?? []));
    if (this.scatterFigure.hidden) there.delete("selective");
    this.key.replaceChildren(...Object.keys(KINDS).filter((kind) => there.has(kind)).map((kind) => (
      element("span", {}, svg("svg", { viewBox: "-1.4 -1.4 2.8 2.8", "aria-hidden": "true" }, markOf(kind, "currentColor", 1.6)),
        `${kind}: ${KINDS[kind]}`))));
  }

  dots() {
    const side = this.content.sides[1];
    const all = Array.from({ length: side.shape[0] }, (_, channel) => (
      { channel, kind: side.kinds[channel], gate: this.gate(1, channel), rate: this.means[1][channel] }));
    return all.filter((dot) => dot.gate !== null);
  }

  plan() {
    const width = this.scatter.clientWidth;
    const height = Math.max(180, Math.min(320, width * 0.9));
    const dots = this.dots();
    const top = Math.max(...dots.map((dot) => dot.rate), 1e-3);
    const [left, low] = [40, height - 32];
    return { width, height, left, low, top, dots,
      x: (gate) => left + gate * (width - left - 10), y: (rate) => low - (rate / top) * (low - 12) };
  }

  drawScatter() {
    if (this.scatterFigure.hidden || !this.scatter.clientWidth) return;
    const { width, height, left, low, top, dots, x, y } = this.plan();
    const ratio = window.devicePixelRatio || 1;
    this.scatter.style.height = `${height}px`;
    [this.scatter.width, this.scatter.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    this.scatter.setAttribute("aria-label", `Gate against rate of B's ${dots.length} channels; rates from 0 to ${top.toPrecision(2)}`);
    const pen = this.scatter.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    pen.font = `11px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.strokeStyle = style.color;
    pen.globalAlpha = 0.3;
    pen.strokeRect(left, 12, width - left - 10, low - 12);
    pen.globalAlpha = 0.85;
    pen.textAlign = "center";
    for (const gate of [0, 0.5, 1]) pen.fillText(gate, x(gate), low + 14);
    pen.fillText("gate", x(0.5), low + 27);
    pen.textAlign = "right";
    pen.fillText("0", left - 5, low);
    pen.fillText(top.toPrecision(2), left - 5, 18);
    pen.fillText("rate", left - 5, (low + 12) / 2);
    for (const dot of dots) {
      const here = this.counterpart(1) === dot.channel;
      const place = new Path2D();
      const size = here ? 7 : 4.5;
      place.addPath(new Path2D(MARKS[dot.kind]), new DOMMatrix([size, 0, 0, size, x(dot.gate), y(dot.rate)]));
      pen.globalAlpha = here ? 1 : 0.8;
      pen.strokeStyle = here ? style.color : this.content.sides[1].colour;
      pen.fillStyle = this.content.sides[1].colour;
      pen.lineWidth = 1.8;
      if (dot.kind === "selective") pen.fill(place);
      if (here || dot.kind !== "selective") pen.stroke(place);
    }
    pen.globalAlpha = 1;
  }

  near(event) {
    const box = this.scatter.getBoundingClientRect();
    const { dots, x, y } = this.plan();
    const far = (dot) => Math.hypot(x(dot.gate) - (event.clientX - box.left), y(dot.rate) - (event.clientY - box.top));
    const nearest = dots.reduce((best, dot) => (best && far(best) <= far(dot) ? best : dot), null);
    return nearest && far(nearest) < 24 ? { which: 1, channel: nearest.channel } : null;
  }

  // A side's channel that is read together with the one pointed at, null where there is none.
  counterpart(which) {
    const at = this.pointed;
    if (!at || !this.means[which]) return null;
    if (this.content.byNumber || at.which === which) return at.channel in this.means[which] ? at.channel : null;
    return this.ranked[which][this.rank(at)] ?? null;
  }

  rank({ which, channel }) { return this.ranked[which].indexOf(channel); }

  point(at) {
    const before = this.counterpart(1);
    this.pointed = at;
    this.tiles.forEach((tiles, which) => {
      if (this.means[which]) tiles.mark(this.counterpart(which), at !== null && !this.content.byNumber && at.which !== which);
    });
    if (before !== this.counterpart(1)) this.drawScatter();
    this.opener.disabled = at?.x === undefined;
    this.foot.classList.toggle("held", at !== null);
    this.readout.textContent = at ? this.told(at) : this.hint;
  }

  get hint() {
    return BY_FINGER ? "Tap a tile to read it; tap it again for the neuron there."
      : "Point at a tile to read it, or go there with the arrow keys; click or Enter shows that neuron.";
  }

  // What stands in a tile; with the other network's channel of its number or of its rank.
  told(at) {
    const { byNumber } = this.content;
    const rate = (which, channel) => `${this.means[which][channel].toFixed(4)} (${this.content.sides[which].kinds[channel]})`;
    const gate = (which, channel) => {
      const weight = this.gate(which, channel);
      return weight === null ? [] : [`${"AB"[which]}'s gate ${weight.toFixed(3)}`];
    };
    if (byNumber) {
      const there = [0, 1].filter((which) => this.counterpart(which) !== null);
      const [a, b] = there.map((which) => this.means[which][at.channel]);
      return [`channel ${at.channel}`,
        ...there.map((which) => `${"AB"[which]} ${rate(which, at.channel)}${this.place(which, at)}`),
        ...(b === undefined ? [] : [`B \u2212 A ${signed(b - a, 4)}`]), ...gate(1, at.channel)].join(" \u00b7 ");
    }
    const rank = this.rank(at) + 1;
    return [`${"AB"[at.which]}'s channel ${at.channel}, rank ${rank}: ${rate(at.which, at.channel)}${this.place(at.which, at)}`,
      ...gate(at.which, at.channel),
      ...[0, 1].filter((which) => which !== at.which && this.counterpart(which) !== null).map((which) => (
        `${"AB"[which]}'s rank ${rank} is channel ${this.counterpart(which)}: ${rate(which, this.counterpart(which))}`)),
    ].join(" \u00b7 ");
  }

  place(which, { channel, x, y }) {
    const [, height, width] = this.content.sides[which].shape;
    if (x === undefined || y >= height || x >= width) return "";
    return `, at x ${x}, y ${y}: ${this.rates(which, channel)[y * width + x].toFixed(3)}`;
  }

  leave() { window.removeEventListener("masnn-tick", this.follow); }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".channels");
  root.channels ??= new Channels(root);
  root.channels.load(data, pickNeuron(setTriggerValue));
  return () => root.channels.leave();
}

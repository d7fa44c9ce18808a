// The channels of a layer as numbered tiles on one canvas, read by pointer or by keys. What holds
// them says what happens: `point(at)` under the pointer, `pick(at)` at a click or Enter; `at` is the
// network, the channel and the place in it.

// Marks of the kinds of channels, those of the printed figures, around (0, 0) and one from there.
const MARKS = {
  silent: "M-1-1 1 1M-1 1 1-1",
  saturated: "M-1-1H1V1H-1Z",
  background: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z",
  selective: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z",
};

function svg(tag, parts, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(parts)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function markOf(kind, colour, width, place = "") {
  return svg("path", { d: MARKS[kind], fill: kind === "selective" ? colour : "none", stroke: colour,
    "stroke-width": width, "vector-effect": "non-scaling-stroke", transform: place });
}

// Size of the channels' numbers, and how wide a digit of it is, in px of the page.
const [NUMBER_PX, DIGIT_PX] = [11, 6.5];

class Tiles {
  constructor(which, channels) {
    this.which = which;
    this.canvas = element("canvas", { tabIndex: 0, role: "img" });
    this.frame = element("div", { className: "cell", hidden: true });
    this.marks = svg("g", {});
    this.numbers = svg("g", { class: "numbers" });
    this.over = svg("svg", { class: "marks", "aria-hidden": "true" }, this.marks, this.numbers);
    this.title = element("b");
    this.fact = element("span");
    this.figure = element("figure", {}, element("figcaption", {}, this.title, this.fact),
      element("div", { className: "tiles" }, this.canvas, this.over, this.frame));
    new ResizeObserver(() => this.order && this.number()).observe(this.canvas);
    let read = null;
    const pick = (at) => { if (at) channels.pick(at); };
    reads(this.canvas, {
      point: (event) => { read = event && this.under(event); channels.point(read); },
      at: () => read && read.channel,
      open: () => pick(read),
    });
    this.canvas.addEventListener("focus", () => {
      if (this.canvas.matches(":focus-visible") && !read) channels.point(this.at ?? this.cellAt(0, 0, 0));
    });
    this.canvas.addEventListener("blur", () => { read = null; channels.point(null); });
    this.canvas.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      this.at ??= read ?? this.cellAt(0, 0, 0);
      if (by) channels.point(this.move(...by, event.shiftKey));
      else if (event.key === "Enter" || event.key === " ") pick(this.at);
      else return;
      event.preventDefault();
    });
  }

  lay(order, height, width) {
    this.order = order;
    [this.height, this.width] = [height, width];
    const { channel, x, y } = this.at ?? {};
    if (!order.includes(channel) || x >= width || y >= height) this.at = undefined;
    // As square as tiles of this shape allow.
    this.columns = Math.ceil(Math.sqrt((order.length * (height + 1)) / (width + 1)));
    this.rows = Math.ceil(order.length / this.columns);
    this.canvas.width = this.columns * (width + 1) - 1;
    this.canvas.height = this.rows * (height + 1) - 1;
    this.over.setAttribute("viewBox", `0 0 ${this.canvas.width} ${this.canvas.height}`);
    this.number();
  }

  // Write each channel's number in the lower left corner of its tile, where there is room for all.
  number() {
    const cell = this.canvas.clientWidth / this.canvas.width; // px of the page
    const digits = String(Math.max(...this.order)).length;
    const fits = this.width * cell >= digits * DIGIT_PX + 8 && this.height * cell >= 2.2 * NUMBER_PX;
    this.numbers.replaceChildren(...(fits ? this.order : []).map((channel, place) => svg("text", {
      x: (place % this.columns) * (this.width + 1) + 3 / cell,
      y: Math.floor(place / this.columns) * (this.height + 1) + this.height - 3 / cell,
      "font-size": NUMBER_PX / cell,
      "stroke-width": 3.5 / cell,
    }, String(channel))));
  }

  // Paint each channel's values, given by `of(channel)`, as shares of `top`.
  paint(of, top, table) {
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(this.canvas.width, this.canvas.height);
    const last = table.length / 3 - 1;
    this.order.forEach((channel, place) => {
      const values = of(channel);
      const left = (place % this.columns) * (this.width + 1);
      const upper = Math.floor(place / this.columns) * (this.height + 1);
      for (let i = 0; i < this.width * this.height; i += 1) {
        const x = left + (i % this.width);
        const y = upper + Math.floor(i / this.width);
        const at = 3 * Math.round(Math.min(1, values[i] / top) * last);
        image.data.set([table[at], table[at + 1], table[at + 2], 255], 4 * (y * this.canvas.width + x));
      }
    });
    context.putImageData(image, 0, 0);
  }

  // Mark channels of a kind in their tiles' upper left corners, white within black.
  sign(kindOf) {
    const side = Math.min(this.height, this.width);
    this.marks.replaceChildren(...this.order.flatMap((channel, place) => {
      const kind = kindOf(channel);
      if (kind === "selective") return [];
      const left = (place % this.columns) * (this.width + 1) + 0.19 * side;
      const upper = Math.floor(place / this.columns) * (this.height + 1) + 0.19 * side;
      const there = `translate(${left} ${upper}) scale(${0.105 * side})`;
      return [markOf(kind, "#000", 3.6, there), markOf(kind, "#fff", 1.6, there)];
    }));
  }

  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * this.canvas.width);
    const y = Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height);
    const [column, row] = [Math.floor(x / (this.width + 1)), Math.floor(y / (this.height + 1))];
    const channel = this.order[row * this.columns + column];
    const [inX, inY] = [x - column * (this.width + 1), y - row * (this.height + 1)];
    if (channel === undefined || inX >= this.width || inY >= this.height) return null;
    return { which: this.which, channel, x: inX, y: inY };
  }

  cellAt(place, x, y) {
    this.at = { which: this.which, channel: this.order[place], x, y };
    return this.at;
  }

  // Go to the next cell, over to the next tile at a border; or tile by tile.
  move(right, down, wholeTiles) {
    const { channel, x, y } = this.at;
    const place = this.order.indexOf(channel);
    const [toX, toY] = wholeTiles ? [x, y] : [x + right, y + down];
    const inside = toX >= 0 && toY >= 0 && toX < this.width && toY < this.height;
    if (inside && !wholeTiles) return this.cellAt(place, toX, toY);
    const next = place + right + down * this.columns;
    if (!(next in this.order)) return this.at;
    const around = (value, size) => ((value % size) + size) % size;
    return this.cellAt(next, around(toX, this.width), around(toY, this.height));
  }

  // Frame a channel's tile, or none; dashed where it is not the one that is read.
  mark(channel, dashed = false) {
    this.frame.classList.toggle("dashed", dashed);
    const place = channel === null ? -1 : this.order.indexOf(channel);
    this.frame.hidden = place < 0;
    if (place < 0) return;
    const scale = 100 / this.canvas.width;
    const tall = 100 / this.canvas.height;
    Object.assign(this.frame.style, {
      left: `${(place % this.columns) * (this.width + 1) * scale}%`,
      top: `${Math.floor(place / this.columns) * (this.height + 1) * tall}%`,
      width: `${this.width * scale}%`,
      height: `${this.height * tall}%`,
    });
  }
}

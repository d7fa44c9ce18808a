// The firing rate of every neuron of a layer over a data set, step by step: A's channels as tiles
// beside B's, on one colour scale, moved through time without the server.

// Two networks of one data set were trained apart: a channel's number says nothing across A and B.
const SORTS = { number: "number", rate: "its own rate" };
const PLAY_MS = 450;

class DataSet {
  constructor(root) {
    this.root = root;
    this.order = "number";
    this.at = 0;
    this.pointed = null;
    this.play = element("button", { type: "button", textContent: "\u25b6", "aria-label": "Play" });
    this.play.addEventListener("click", () => this.turn(this.timer === undefined));
    this.slider = element("input", { type: "range", min: 0, step: 1, "aria-label": "Step" });
    this.slider.addEventListener("input", () => { this.turn(false); this.go(Number(this.slider.value)); });
    this.told = element("output");
    this.sort = element("select", {}, ...Object.entries(SORTS).map(
      ([value, textContent]) => element("option", { value, textContent })));
    this.sort.addEventListener("change", () => { this.order = this.sort.value; this.draw(); });
    this.tiles = [new Tiles(0, this), new Tiles(1, this)];
    this.parts = element("div", { className: "parts" }, ...this.tiles.map((t) => t.figure));
    this.scale = element("div", { className: "scale", "aria-hidden": "true" });
    this.readout = element("div", { className: "readout" });
    root.replaceChildren(
      element("div", { className: "bar" }, this.play, this.slider, this.told, element("label", {}, "sort by", this.sort)),
      this.parts, this.scale, this.readout);
  }

  load(bytes) {
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    this.content = content;
    this.pointed = null;
    this.turn(false);
    const both = content.sides.every((side) => side.shape);
    this.parts.classList.toggle("two", both);
    this.slider.max = content.steps.length - 1;
    this.slider.disabled = content.steps.length < 2;
    this.play.disabled = content.steps.length < 2;
    this.go(Math.min(content.first, content.steps.length - 1));
  }

  go(at) {
    this.at = at;
    this.slider.value = at;
    const { steps, dt_ms: ms } = this.content;
    const step = steps[at];
    this.told.textContent = `step ${step + 1} of ${this.content.T}, ${+(step * ms).toFixed(1)} to ${+((step + 1) * ms).toFixed(1)} ms`;
    this.slider.setAttribute("aria-valuetext", this.told.textContent);
    this.draw();
  }

  turn(on) {
    clearInterval(this.timer);
    this.timer = on ? setInterval(() => this.go((this.at + 1) % this.content.steps.length), PLAY_MS) : undefined;
    this.play.textContent = on ? "\u275a\u275a" : "\u25b6";
    this.play.setAttribute("aria-label", on ? "Pause" : "Play");
  }

  // Recordings in which each neuron of a channel fires at the step.
  counts(which, channel) {
    const { counts, shape } = this.content.sides[which];
    const size = shape[1] * shape[2];
    const start = (this.at * shape[0] + channel) * size;
    return counts.subarray(start, start + size);
  }

  mean(which, channel) {
    const counts = this.counts(which, channel);
    return counts.reduce((sum, n) => sum + n, 0) / counts.length / this.content.sides[which].n;
  }

  ordered(which) {
    const numbers = Array.from({ length: this.content.sides[which].shape[0] }, (_, channel) => channel);
    if (this.order === "number") return numbers;
    const rates = numbers.map((channel) => this.mean(which, channel));
    return numbers.sort((one, other) => rates[other] - rates[one] || one - other);
  }

  draw() {
    const { sides, table, top } = this.content;
    sides.forEach((side, which) => {
      const tiles = this.tiles[which];
      tiles.figure.hidden = !side.shape;
      if (!side.shape) return;
      tiles.title.textContent = `${"AB"[which]} ${side.title}`;
      tiles.title.style.color = INKS[which];
      tiles.fact.textContent = `${side.silent[this.at]} silent, ${side.near[this.at]} near 1 of ${side.shape[0]}`;
      tiles.canvas.setAttribute("aria-label", `${tiles.title.textContent}: ${side.shape[0]} channels as tiles, `
        + `${tiles.fact.textContent}. Arrow keys go from cell to cell, with Shift from tile to tile.`);
      tiles.lay(this.ordered(which), side.shape[1], side.shape[2]);
      tiles.paint((channel) => this.counts(which, channel), top * side.n, table);
    });
    const colours = Array.from({ length: 9 }, (_, i) => {
      const at = 3 * Math.round((i / 8) * (table.length / 3 - 1));
      return `rgb(${table.subarray(at, at + 3)})`;
    });
    const bar = element("i");
    bar.style.background = `linear-gradient(to right, ${colours.join(",")})`;
    this.scale.replaceChildren("0", bar, `${top.toFixed(2)} of the recordings`);
    this.point(this.pointed);
  }

  point(at) {
    this.pointed = at;
    this.tiles.forEach((tiles, which) => { if (tiles.order) tiles.mark(at?.which === which ? at.channel : null); });
    if (!at) {
      this.readout.textContent = BY_FINGER ? "Tap a tile to read it." : "Point at a tile to read it, or go there with the arrow keys.";
      return;
    }
    const side = this.content.sides[at.which];
    const n = this.counts(at.which, at.channel)[at.y * side.shape[2] + at.x];
    this.readout.textContent = `${"AB"[at.which]}'s channel ${at.channel} \u00b7 mean ${this.mean(at.which, at.channel).toFixed(4)}`
      + ` \u00b7 at x ${at.x}, y ${at.y}: ${whole(n)} of ${whole(side.n)} = ${(n / side.n).toFixed(3)}`;
  }

  pick() {}
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".asrv");
  root.dataSet ??= new DataSet(root);
  root.dataSet.load(data);
  return () => root.dataSet.turn(false);
}

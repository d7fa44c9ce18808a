// A recording played as it is: the events of the last moments, over a curve of all of its time.
//
// `t` counts in units of `unit_us` from the first event; `place` is (y * width + x) * 2 + polarity.
// The window that the networks look at is a frame on the curve; where it is dragged is asked of the
// server once it is let go.

const SPEEDS = [0.01, 0.03, 0.1, 0.3, 1, 3];
const GATHER_MS = [1, 3, 10, 20, 33, 50, 100, 300];
// With a tail, events fade by half over each gathering time; so many of these are drawn.
const TAIL = 6;

class RecordingPlayer {
  constructor(root) {
    this.root = root;
    [this.now, this.running, this.speed, this.gather] = [0, false, 0.1, 33];
    [this.fade, this.palette] = [false, 0];
    this.button = element("button", { type: "button" });
    this.button.addEventListener("click", () => this.toggle());
    const speed = this.choice("speed", SPEEDS.map((s) => [s, `${s}\u00d7`]), this.speed, (v) => { this.speed = Number(v); });
    const gather = this.choice("gather", GATHER_MS.map((ms) => [ms, `${ms} ms`]), this.gather, (v) => { this.gather = Number(v); });
    this.colours = this.choice("colours", [], 0, (v) => { this.palette = Number(v); });
    const box = element("input", { type: "checkbox" });
    box.addEventListener("change", () => { this.fade = box.checked; this.draw(); });
    this.plane = element("canvas", { role: "img" });
    this.strip = element("canvas", { className: "strip", role: "img" });
    this.readout = element("div", { className: "readout" });
    root.replaceChildren(
      element("div", { className: "bar" }, this.button, speed.parentElement, gather.parentElement,
        element("label", {}, box, "fading"), this.colours.parentElement),
      element("div", { className: "plane" }, this.plane), this.readout, this.strip);
    this.pause();
    this.listen();
  }

  choice(label, options, value, act) {
    const box = element("select");
    this.offer(box, options, value);
    element("label", {}, label, box);
    box.addEventListener("change", () => { act(box.value); this.draw(); });
    return box;
  }

  offer(box, options, value) {
    box.replaceChildren(...options.map(([key, textContent]) => element("option", { value: key, textContent })));
    box.value = value;
  }

  listen() {
    this.root.addEventListener("keydown", (event) => {
      if (["SELECT", "INPUT"].includes(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by && event.shiftKey) this.move(this.start + (by * this.content.length_ms) / 50, true);
      else if (by) this.go(this.now + by * this.gather);
      else if (event.key === "Home") this.go(0);
      else if (event.key === "End") this.go(this.content.length_ms);
      else if (event.key === " " && event.target.tagName !== "BUTTON") this.toggle();
      else return;
      event.preventDefault();
    });
    this.strip.addEventListener("pointerdown", (event) => {
      this.root.focus({ preventScroll: true });
      this.strip.setPointerCapture(event.pointerId);
      const ms = this.at(event);
      const { window_ms, latest_ms } = this.content;
      this.held = latest_ms > 0 && ms >= this.start && ms <= this.start + window_ms ? ms - this.start : null;
      if (this.held === null) this.go(ms);
    });
    this.strip.addEventListener("pointermove", (event) => {
      if (!event.buttons) return;
      if (this.held === null) this.go(this.at(event)); else this.move(this.at(event) - this.held, false);
    });
    this.strip.addEventListener("pointerup", () => {
      if (this.held !== null && this.start !== this.content.start_ms) this.move(this.start, true);
      this.held = null;
    });
    new ResizeObserver(() => this.content && this.draw()).observe(this.root);
  }

  load(bytes, choose) {
    this.choose = choose;
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    const other = this.content?.recording !== content.recording;
    const moved = other || content.start_ms !== this.start;
    this.content = content;
    this.start = content.start_ms;
    if (other) this.pause();
    if (moved) this.follow();
    this.offer(this.colours, content.palettes.map(({ name }, i) => [i, name]), this.palette);
    this.draw();
  }

  // --- time ---------------------------------------------------------------------------------

  toggle() { if (this.running) this.pause(); else this.play(); }

  play() {
    this.running = true;
    this.button.textContent = "Pause";
    if (this.now >= this.content.length_ms) this.now = 0;
    let before = performance.now();
    const mine = Symbol("run"); // of two runs that a quick pause leaves, the older one ends
    this.run = mine;
    const next = (at) => {
      if (!this.running || this.run !== mine || !this.root.isConnected) return;
      this.now += (at - before) * this.speed;
      before = at;
      if (this.now > this.content.length_ms) this.now = 0;
      this.draw();
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  }

  pause() {
    this.running = false;
    this.button.textContent = "Play";
  }

  go(ms) {
    this.pause();
    this.now = Math.min(Math.max(ms, 0), this.content.length_ms);
    this.draw();
  }

  // Show what the networks see first: the first moments of their window.
  follow() {
    this.now = Math.min(this.start + this.gather, this.content.length_ms);
  }

  // Move the networks' window; tell the server where it was let go.
  move(start, let_go) {
    const { latest_ms } = this.content;
    if (latest_ms <= 0) return;
    this.start = Math.round(Math.min(Math.max(start, 0), latest_ms));
    this.follow();
    this.draw();
    if (let_go) this.choose(this.start);
  }

  // --- drawing ------------------------------------------------------------------------------

  draw() {
    this.drawPlane();
    this.drawStrip();
    this.tell();
  }

  // The first event that is later than a time.
  after(ms) {
    const { t, unit_us } = this.content;
    const wanted = (ms * 1000) / unit_us;
    let [low, high] = [0, t.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (t[middle] <= wanted) low = middle + 1; else high = middle;
    }
    return low;
  }

  drawPlane() {
    const { width, height, t, place, unit_us, palettes } = this.content;
    const palette = palettes[this.palette];
    const [ground, off, on] = [palette.ground, palette.off, palette.on].map(rgb);
    [this.plane.width, this.plane.height] = [width, height];
    const pen = this.plane.getContext("2d");
    const image = pen.createImageData(width, height);
    for (let i = 0; i < width * height; i += 1) image.data.set([...ground, 255], 4 * i);
    const [first, last] = [this.after(this.now - this.gather * (this.fade ? TAIL : 1)), this.after(this.now)];
    for (let i = first; i < last; i += 1) {
      const colour = place[i] & 1 ? on : off;
      const share = this.fade ? 0.5 ** ((this.now - (t[i] * unit_us) / 1000) / this.gather) : 1;
      const at = 4 * (place[i] >> 1);
      for (let c = 0; c < 3; c += 1) image.data[at + c] = ground[c] + share * (colour[c] - ground[c]);
    }
    pen.putImageData(image, 0, 0);
    this.plane.setAttribute("aria-label", `Events up to ${this.now.toFixed(0)} ms`);
    this.drawn = last - first;
  }

  geometry() {
    const width = this.strip.clientWidth;
    return { width, height: 130, low: 108, x: (ms) => (ms / this.content.length_ms) * (width - 2) + 1 };
  }

  at(event) {
    const box = this.strip.getBoundingClientRect();
    return ((event.clientX - box.left - 1) / (box.width - 2)) * this.content.length_ms;
  }

  drawStrip() {
    const { width, height, low, x } = this.geometry();
    if (!width) return;
    const { counts, bins, length_ms, window_ms, curve } = this.content;
    const ratio = window.devicePixelRatio || 1;
    [this.strip.width, this.strip.height] = [Math.round(width * ratio), Math.round(height * ratio)];
    const pen = this.strip.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    let top = 1;
    for (let i = 0; i < bins; i += 1) top = Math.max(top, counts[2 * i] + counts[2 * i + 1]);
    const up = (n) => (n / top) * (low - 14);
    for (let i = 0; i < bins; i += 1) {
      const [left, right] = [x((i / bins) * length_ms), x(((i + 1) / bins) * length_ms)];
      const [off, on] = [up(counts[2 * i]), up(counts[2 * i + 1])];
      pen.fillStyle = curve.on;
      pen.fillRect(left, low - on, right - left + 0.4, on);
      pen.fillStyle = curve.off;
      pen.fillRect(left, low - on - off, right - left + 0.4, off);
    }
    pen.font = `11px ${style.fontFamily}`;
    pen.fillStyle = style.color;
    pen.textAlign = "left";
    pen.fillText(`${whole(Math.round((top * bins * 1000) / length_ms))} events/s`, 4, 10);
    pen.fillText("0", 1, height - 6);
    pen.textAlign = "right";
    pen.fillText(`${whole(Math.round(length_ms))} ms`, width - 1, height - 6);
    const [left, right] = [x(this.start), x(Math.min(this.start + window_ms, length_ms))];
    pen.strokeStyle = style.color;
    pen.globalAlpha = 0.1;
    pen.fillRect(left, 14, right - left, low - 14);
    pen.globalAlpha = 1;
    pen.lineWidth = 2;
    pen.strokeRect(left, 14, right - left, low - 14);
    pen.textAlign = "center";
    pen.fillText("the networks look here", Math.min(Math.max((left + right) / 2, 62), width - 62), height - 6);
    pen.strokeStyle = getComputedStyle(this.root).getPropertyValue("--st-primary-color");
    pen.beginPath();
    pen.moveTo(x(this.now), 8);
    pen.lineTo(x(this.now), low);
    pen.stroke();
    this.strip.setAttribute("aria-label", `Events over time; the networks look at ${this.start} to `
      + `${this.start + window_ms} ms of ${Math.round(length_ms)} ms`);
  }

  tell() {
    const { shown, total } = this.content;
    const part = shown < total ? ` (of ${whole(shown)} that are drawn of ${whole(total)})` : "";
    this.readout.textContent = `${this.now.toFixed(0)} ms after the first event: ${whole(this.drawn)} events${part}`;
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".recording");
  root.player ??= new RecordingPlayer(root);
  root.player.load(data, (start) => setTriggerValue("start", start));
}

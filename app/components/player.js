// The player: input events, A's and B's spikes and B - A on one clock, drawn without the server.
//
// The clock's ticks are the intervals between all borders of A's and B's steps; `steps[tick]` is a
// network's own step, or -1.

const SPEEDS = [0.05, 0.1, 0.25, 0.5, 1, 2];
const STEP_MS = 200; // of a picture, whose steps have no duration of their own
const SEEN_PX = 120; // of the player, from which the page's keys are its own
const OPEN = "[role=dialog], [role=menu], [role=listbox], [data-testid=stPopoverBody]"; // they take keys
const ICONS = {
  play: "M4 2v12l10-6z", pause: "M3 2h4v12H3zM9 2h4v12H9z", back: "M3 2h2v12H3zM14 2v12L6 8z",
  on: "M11 2h2v12h-2zM2 2v12l8-6z", loop: "M3 7a5 5 0 0 1 8.5-2.5L13 3v5H8l2-2a3 3 0 0 0-5 1zM13 9a5 5 0 0 1-8.5 2.5L3 13V8h5l-2 2a3 3 0 0 0 5-1z",
};
function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

class Player {
  constructor(root) {
    this.root = root;
    this.page = window.location.pathname;
    this.tick = 0;
    this.channel = -1;
    this.running = false;
    this.used = false;
    this.looping = true;
    this.speed = 0.25;
    this.hover = null;
    this.build();
    this.listen();
  }

  build() {
    const button = (name, label, act) => {
      const made = element("button", { type: "button", title: label, "aria-label": label }, icon(name));
      made.addEventListener("click", act);
      return made;
    };
    this.playButton = button("play", "Play (space)", () => this.toggle());
    this.playButton.classList.add("play");
    this.loopButton = button("loop", "Repeat (L)", () => this.repeat());
    this.speedBox = element("select", { "aria-label": "Speed" },
      ...SPEEDS.map((s) => element("option", { value: s, textContent: `${s}\u00d7` })));
    this.speedBox.addEventListener("change", () => { this.speed = Number(this.speedBox.value); });
    this.channelBox = element("select", { "aria-label": "Channel" });
    this.channelBox.addEventListener("change", () => {
      this.channel = Number(this.channelBox.value);
      this.rescale();
      this.draw();
    });
    this.time = element("div", { className: "time" });
    const bar = element("div", { className: "bar" },
      button("back", "Step back (left arrow)", () => this.step(-1)), this.playButton,
      button("on", "Step on (right arrow)", () => this.step(1)), this.loopButton,
      element("label", {}, "speed", this.speedBox), element("label", {}, "show", this.channelBox), this.time);
    this.planes = ["input", "A", "B", "B \u2212 A"].map((title) => new Plane(title));
    this.strips = element("canvas", { className: "strips", role: "slider", tabIndex: -1, "aria-label": "Time" });
    this.readout = element("div", { className: "readout" });
    this.opener = opener(() => this.choose());
    this.root.replaceChildren(bar,
      element("div", { className: "maps" }, ...this.planes.map((plane) => plane.figure)),
      element("div", { className: "bar foot" }, this.readout, this.opener), this.strips);
    this.repeat(true);
  }

  listen() {
    this.root.addEventListener("keydown", (event) => this.press(event));
    this.root.addEventListener("pointerdown", () => { this.used = true; });
    // From anywhere on the page, where nothing else has a use for the key: arrows move no page
    // sideways, but space scrolls it for whoever has not used the player.
    this.hear = (event) => {
      const idle = event.target === document.body || event.target.matches("[data-testid=stMain]");
      if (!idle || event.defaultPrevented || event.shiftKey || document.querySelector(OPEN)) return;
      const { top, bottom } = this.root.getBoundingClientRect();
      if (bottom < SEEN_PX || top > window.innerHeight - SEEN_PX) return;
      if (/^Arrow(Left|Right)$/.test(event.key) || (event.key === " " && this.used)) this.press(event);
    };
    const scrub = (event) => {
      const tick = this.tickAt(event);
      if (tick !== null) { this.pause(); this.pointed = null; this.go(tick); }
    };
    this.strips.addEventListener("pointerdown", (event) => {
      this.root.focus({ preventScroll: true });
      this.strips.setPointerCapture(event.pointerId);
      scrub(event);
    });
    this.strips.addEventListener("pointermove", (event) => {
      if (event.buttons) { scrub(event); return; }
      const tick = this.tickAt(event);
      if (tick !== this.pointed) { this.pointed = tick; this.drawStrips(); this.tell(); }
    });
    this.strips.addEventListener("pointerleave", () => { this.pointed = null; this.drawStrips(); this.tell(); });
    for (const [i, plane] of this.planes.entries()) {
      reads(plane.box, {
        point: (event) => this.point(event && plane.place(event), i - 1),
        at: () => (this.pointing ? String(this.cell(this.clicked().side)) : null),
        open: () => this.choose(),
      });
    }
    this.root.addEventListener("focusout", ({ relatedTarget: next }) => {
      if (!next || !this.root.contains(next)) this.point(null);
    });
    this.follow = (event) => { this.pause(); this.go(event.detail); };
    this.follows = (event) => this.step(event.detail);
    this.watch = new ResizeObserver(() => this.content && this.draw());
    this.watch.observe(this.root);
  }

  press(event) {
    if (event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      " ": () => event.target.tagName !== "BUTTON" && this.toggle(), ArrowLeft: () => this.step(-1),
      ArrowRight: () => this.step(1), Home: () => this.step(-this.ticks), End: () => this.step(this.ticks),
      l: () => this.repeat(), "+": () => this.faster(1), "-": () => this.faster(-1),
    }[event.key];
    if (!act) return;
    this.used = true;
    if (act() !== false) event.preventDefault();
  }

  get ticks() { return this.content.clock.length - 1; }

  load(bytes, pick) {
    this.pick = pick;
    window.addEventListener("masnn-go", this.follow); // once, however often it is said
    window.addEventListener("masnn-step", this.follows);
    document.addEventListener("keydown", this.hear);
    // Whoever writes the page's address without knowing the cursor is corrected.
    this.keeping ??= setInterval(() => this.remember(), 1000);
    const content = unpack(bytes);
    if (this.content?.id === content.id) return;
    const sameClock = this.content && String(this.content.clock) === String(content.clock);
    const first = !this.content;
    this.content = content;
    this.activities = content.sides.map((side) => (side.shape ? new Activity(side) : null));
    if (content.asked !== null) this.tick = this.bounded(content.asked);
    else if (!sameClock) this.tick = first ? this.asked() : 0;
    if (!sameClock || content.asked !== null) this.pause();
    this.pointed = null;
    const most = Math.max(0, ...content.sides.map((s) => (s.spikes ? s.shape[0] : 0)));
    if (this.channel >= most) this.channel = -1;
    this.channelBox.replaceChildren(element("option", { value: -1, textContent: "all channels" }),
      ...Array.from({ length: most }, (_, c) => element("option", { value: c, textContent: `channel ${c}` })));
    this.channelBox.value = this.channel;
    this.speedBox.value = this.speed;
    this.rescale();
    this.draw();
    this.announce();
  }

  rescale() {
    this.top = Math.max(...this.activities.map((a) => (a ? a.top(this.channel) : 0))) || 1;
    this.reach = 0;
    if (this.content.difference) {
      for (let tick = 0; tick < this.ticks; tick += 1) {
        const change = this.change(tick);
        if (change) for (const x of change) if (Math.abs(x) > this.reach) this.reach = Math.abs(x);
      }
    }
    this.reach = this.reach || 1;
  }

  // Rates of one network at a tick over the channels shown, or null outside its window.
  rates(which, tick) {
    const [side, activity] = [this.content.sides[which], this.activities[which]];
    const step = side.steps[tick];
    if (!activity || step < 0) return null;
    const n = this.channel < 0 ? activity.channels : 1;
    return { counts: activity.of(step, this.channel), n };
  }

  change(tick) {
    if (this.apart()) return null;
    const [a, b] = [this.rates(0, tick), this.rates(1, tick)];
    return a && b ? Float32Array.from(a.counts, (n, i) => b.counts[i] / b.n - n / a.n) : null;
  }

  // Whether one channel is shown whose number says nothing across A and B.
  apart() { return this.channel >= 0 && !this.content.by_number; }

  // --- time ---------------------------------------------------------------------------------

  toggle() { if (this.running) this.pause(); else this.play(); }

  play() {
    if (this.tick === this.ticks - 1) this.tick = 0;
    this.running = true;
    this.now = this.content.clock[this.tick];
    let before = performance.now();
    // A pause and a play between two pictures must not leave two of these running.
    const mine = Symbol("run");
    this.run = mine;
    const next = (at) => {
      if (!this.running || this.run !== mine || !this.root.isConnected) return;
      this.now += ((at - before) * this.speed) / (this.content.in_steps ? STEP_MS : 1);
      before = at;
      const { clock } = this.content;
      if (this.now >= clock[this.ticks]) {
        if (!this.looping) { this.go(this.ticks - 1); this.pause(); return; }
        [this.now] = clock;
      }
      let tick = this.now < clock[this.tick] ? 0 : this.tick;
      while (tick < this.ticks - 1 && clock[tick + 1] <= this.now) tick += 1;
      if (tick !== this.tick) this.go(tick);
      requestAnimationFrame(next);
    };
    this.offer("pause", "Pause (space)");
    requestAnimationFrame(next);
  }

  pause() {
    this.running = false;
    this.offer("play", "Play (space)");
    this.announce();
  }

  offer(sign, label) {
    this.playButton.replaceChildren(icon(sign));
    this.playButton.setAttribute("aria-label", label);
    this.playButton.title = label;
  }

  step(by) { this.pause(); this.go(this.tick + by); }

  bounded(tick) { return Math.max(0, Math.min(this.ticks - 1, tick)); }

  go(tick) {
    this.tick = this.bounded(tick);
    this.draw();
    this.announce();
  }

  // Tell whatever else on the page follows this clock.
  announce() {
    cursors[this.page] = this.tick;
    window.dispatchEvent(new CustomEvent("masnn-tick", { detail: this.tick }));
    clearTimeout(this.remembering); // browsers allow few changes of the address a second
    this.remembering = setTimeout(() => this.remember(), 300);
  }

  // The page's address keeps the cursor without the server: it sends the address with what it asks.
  remember() {
    const address = new URL(window.location);
    const told = String(this.tick + 1);
    if (this.running || !this.root.isConnected || address.pathname !== this.page) return;
    if ((address.searchParams.get("step") ?? "1") === told) return;
    address.searchParams.set("step", told);
    window.history.replaceState(window.history.state, "", address);
  }

  asked() {
    const told = new URL(window.location).searchParams.get("step");
    // Another page of the app drops it from the address.
    if (told === null && cursorHere() < this.ticks) return cursorHere();
    const step = Number(told);
    return Number.isInteger(step) && step >= 1 && step <= this.ticks ? step - 1 : 0;
  }

  repeat(on = !this.looping) {
    this.looping = on;
    this.loopButton.setAttribute("aria-pressed", String(on));
  }

  faster(by) {
    const at = SPEEDS.indexOf(this.speed) + by;
    if (at in SPEEDS) { this.speed = SPEEDS[at]; this.speedBox.value = this.speed; }
  }

  // Read a place, in shares of a plane's sides, of A's plane (0), B's (1), B - A (2) or the input
  // (-1). It is kept in shares of the input's: a map's cells stand for parts of it that need not be
  // of one size.
  point(place, which = this.side) {
    const side = this.content?.sides[which === 2 ? 0 : which];
    [this.hover, this.side] = [place && side?.shape ? this.seenBy(side, place) : place, which];
    this.mark();
    this.tell();
  }

  // What of the input a place of a map stands for, in shares of both.
  seenBy({ shape: [, height, width], rows, columns }, [u, v]) {
    const [x, y] = [Math.floor(u * width), Math.floor(v * height)];
    const at = (borders, i, rest) => borders[i] + rest * (borders[i + 1] - borders[i]);
    return [at(columns, x, u * width - x), at(rows, y, v * height - y)];
  }

  clicked() { return this.activities[this.side] ?? this.activities.find(Boolean); }

  // Ask for the neuron under the pointer: of the channel shown, or else of the one that fires most
  // at this place in the networks that have it.
  choose() {
    if (!this.pointing) return;
    const clicked = this.clicked();
    const [x, y] = this.cell(clicked.side);
    const alike = this.activities.filter((a) => a && a.height === clicked.height && a.width === clicked.width);
    let [channel, most] = [Math.max(this.channel, 0), -1];
    for (let c = 0; this.channel < 0 && c < clicked.channels; c += 1) {
      const fired = alike.reduce((sum, a) => sum + a.fired(c, y, x), 0);
      if (fired > most) [channel, most] = [c, fired];
    }
    this.pause();
    this.pick({ channel, y, x, tick: this.tick });
  }

  leave() {
    window.removeEventListener("masnn-go", this.follow);
    window.removeEventListener("masnn-step", this.follows);
    document.removeEventListener("keydown", this.hear);
    clearInterval(this.keeping);
    this.keeping = undefined;
  }

  // --- drawing ------------------------------------------------------------------------------

  draw() {
    this.drawInput();
    this.drawSide(0);
    this.drawSide(1);
    this.drawChange();
    for (const plane of this.planes) {
      plane.canvas.setAttribute("aria-label", `${plane.title.textContent}, ${plane.fact.textContent}`);
    }
    this.drawStrips();
    this.mark();
    this.tell();
  }

  drawInput() {
    const { input, colours } = this.content;
    const [plane, size] = [this.planes[0], input.width * input.height];
    const [on, off, both, none] = [colours.on, colours.off, colours.both, colours.none].map(rgb);
    plane.fit(input.width, input.height);
    if (!input.events) {
      plane.title.textContent = "input";
      plane.fact.textContent = `${input.width} \u00d7 ${input.height} px`;
      plane.paint((i) => input.bits.subarray(3 * i, 3 * i + 3));
      plane.scale.replaceChildren();
      return;
    }
    plane.title.textContent = "input events";
    plane.fact.textContent = whole(input.events[this.tick]);
    const start = this.tick * 2 * size;
    plane.paint((i) => {
      const [is_off, is_on] = [bit(input.bits, start + i), bit(input.bits, start + size + i)];
      if (is_on) return is_off ? both : on;
      return is_off ? off : none;
    });
    const key = (colour, text) => {
      const swatch = element("i");
      Object.assign(swatch.style, { background: colour, flex: "none", width: "9px" });
      return [swatch, text];
    };
    plane.scale.replaceChildren(...key(colours.on, "ON"), ...key(colours.off, "OFF"), ...key(colours.both, "both"));
  }

  drawSide(which) {
    const { sides, layer, scales } = this.content;
    const [plane, side] = [this.planes[which + 1], sides[which]];
    plane.title.textContent = `${"AB"[which]} ${side.title}`;
    plane.title.style.color = INKS[which];
    if (!side.shape) { plane.refuse(`${"AB"[which]} has no ${layer}.`); return; }
    const rates = this.rates(which, this.tick);
    if (!rates) { plane.refuse(`${"AB"[which]} does not look at this moment.`); return; }
    plane.fit(side.shape[2], side.shape[1]);
    shaded(plane, scales.rate, (i) => rates.counts[i] / rates.n / this.top);
    const fired = rates.counts.reduce((sum, n) => sum + n, 0);
    plane.fact.textContent = `${whole(fired)} spikes`;
    plane.legend("0", sample(scales.rate), this.top.toFixed(2));
  }

  drawChange() {
    const { difference, scales } = this.content;
    const plane = this.planes[3];
    const change = difference ? this.change(this.tick) : null;
    if (!change) {
      const apart = this.apart() && "A and B were trained apart: channels of one number do not compare.";
      plane.refuse(this.content.no_difference || apart || "A and B do not both look at this moment.");
      return;
    }
    const [, height, width] = this.content.sides[0].shape;
    plane.fit(width, height);
    shaded(plane, scales.difference, (i) => (change[i] / this.reach + 1) / 2);
    plane.fact.textContent = "";
    plane.legend(signed(-this.reach, 2), sample(scales.difference), signed(this.reach, 2));
  }

  // The cell of a side's map that stands for what is pointed at; the last one where none sees it.
  cell({ rows, columns }) {
    const within = (borders, share) => Math.max(0, Math.min(borders.length - 2, borders.findLastIndex((border) => border <= share)));
    return [within(columns, this.hover[0]), within(rows, this.hover[1])];
  }

  // Frame the cell under the pointer in every plane: the same part of the sensor, in each map's own
  // cells, and over the input the part that the coarser one's cell stands for.
  mark() {
    const maps = this.content.sides.filter((side) => side.shape);
    const [coarsest] = maps.sort((one, other) => one.shape[1] - other.shape[1]);
    this.pointing = Boolean(this.hover && coarsest && this.content.same_field);
    this.opener.disabled = !this.pointing;
    this.planes.forEach((plane, i) => {
      if (!this.pointing || plane.canvas.hidden) { plane.cell.hidden = true; return; }
      const side = [coarsest, ...this.content.sides, coarsest][i];
      const { shape, rows, columns } = side.shape ? side : coarsest;
      const [x, y] = this.cell(side.shape ? side : coarsest);
      if (i === 0) plane.frame(columns[x], rows[y], columns[x + 1] - columns[x], rows[y + 1] - rows[y]);
      else plane.frame(x / shape[2], y / shape[1], 1 / shape[2], 1 / shape[1]);
    });
  }

  tell() {
    const { clock, sides, input } = this.content;
    const span = (tick) => (this.content.in_steps ? "" : ` \u00b7 ${clock[tick].toFixed(0)}\u2013${clock[tick + 1].toFixed(0)} ms`);
    this.time.textContent = `step ${this.tick + 1} of ${this.ticks}${span(this.tick)}`;
    this.strips.setAttribute("aria-valuemin", 1);
    this.strips.setAttribute("aria-valuemax", this.ticks);
    this.strips.setAttribute("aria-valuenow", this.tick + 1);
    this.strips.setAttribute("aria-valuetext", this.time.textContent);
    if (this.pointing) {
      const parts = sides.map((side, which) => {
        const rates = this.rates(which, this.tick);
        if (!rates) return "";
        const [x, y] = this.cell(side);
        const n = rates.counts[y * side.shape[2] + x];
        const channels = `${n} of ${rates.n} ${rates.n === 1 ? "channel" : "channels"}`;
        return `${"AB"[which]} at x ${x}, y ${y}: ${(n / rates.n).toFixed(3)} (${channels} fire)`;
      });
      const change = this.content.difference ? this.change(this.tick) : null;
      if (change) {
        const [x, y] = this.cell(sides[0]);
        parts.push(`B \u2212 A ${signed(change[y * sides[0].shape[2] + x], 3)}`);
      }
      this.readout.textContent = parts.filter(Boolean).join(" \u00b7 ");
      return;
    }
    const tick = this.pointed ?? this.tick;
    const parts = input.events ? [`${whole(input.events[tick])} events`] : [];
    if (tick !== this.tick) parts.unshift(`step ${tick + 1}${span(tick)}`);
    sides.forEach((side, which) => {
      const step = side.steps[tick];
      if (step < 0) return;
      const k = side.classes.length;
      const now = side.votes.subarray(step * k, (step + 1) * k);
      const best = Math.max(...now);
      const leading = side.classes.filter((_, i) => best > 0 && now[i] > best - 1e-6);
      const gate = side.gate ? `, temporal gate ${side.gate[step].toFixed(3)}` : "";
      const vote = leading.length ? `leads so far: ${leading.slice(0, 2).join(", ")}${leading.length > 2 ? ", \u2026" : ""} (${side.shares ? `${(100 * best).toPrecision(3)}% of the votes` : `${best.toFixed(2)} per step`})` : "silent so far";
      parts.push(`${"AB"[which]}: NSFR ${side.nsfr[step].toFixed(4)}${gate}, ${vote}`);
    });
    this.readout.textContent = parts.join(" \u00b7 ");
  }

  // --- curves under the maps ----------------------------------------------------------------

  rows() {
    const { input, sides } = this.content;
    const rows = input.events ? [{ label: "events", height: 40, kind: "bars", max: Math.max(1, ...input.events), series: [{ values: input.events, own: false, colour: null }] }] : [];
    const nsfr = sides.map((side, which) => ({ values: side.nsfr, which, colour: side.colour }));
    rows.push({ label: "NSFR", height: 64, kind: "line", max: Math.max(...nsfr.flatMap((s) => Array.from(s.values))) || 1, series: nsfr });
    const gates = sides.flatMap((side, which) => (side.gate ? [{ values: side.gate, which, colour: side.colour }] : []));
    if (gates.length) rows.push({ label: "temporal gate", height: 46, kind: "line", max: 1, series: gates });
    sides.forEach((side, which) => {
      const k = side.classes.length;
      const series = side.classes.map((name, c) => ({
        values: Float32Array.from({ length: side.T }, (_, t) => side.votes[t * k + c]), which, name,
        colour: c === side.prediction ? side.colour : null,
      })).filter((one) => one.values.some((vote) => vote > 0));
      // The named class last, on top of the others.
      series.sort((one, other) => Number(one.colour !== null) - Number(other.colour !== null));
      rows.push({ label: `votes of ${"AB"[which]}`, head: 15, height: 58, kind: "line", max: 1, series, settled: side.settled, which });
    });
    return rows;
  }

  geometry() {
    const width = this.strips.clientWidth;
    const left = width < 520 ? 58 : 104;
    const { clock } = this.content;
    const [first, last] = [clock[0], clock[this.ticks]];
    return { width, left, x: (ms) => left + (width - left - 8) * (ms - first) / (last - first) };
  }

  tickAt(event) {
    const { clock } = this.content;
    const { x } = this.geometry();
    const at = event.clientX - this.strips.getBoundingClientRect().left;
    if (at < x(clock[0]) - 12) return event.buttons ? 0 : null;
    let tick = 0;
    while (tick < this.ticks - 1 && x(clock[tick + 1]) <= at) tick += 1;
    return tick;
  }

  drawStrips() {
    const rows = this.rows();
    const gap = 12;
    const height = rows.reduce((sum, row) => sum + (row.head ?? 0) + row.height + gap, 22);
    const ratio = window.devicePixelRatio || 1;
    this.strips.style.height = `${height}px`;
    const { width, left, x } = this.geometry();
    if (!width) return;
    this.strips.width = Math.round(width * ratio);
    this.strips.height = Math.round(height * ratio);
    const pen = this.strips.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(this.root);
    const ink = style.color;
    const { clock, colours } = this.content;
    pen.font = `12px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    const cursor = [x(clock[this.tick]), x(clock[this.tick + 1])];
    pen.fillStyle = colours.cursor;
    pen.fillRect(cursor[0], 0, cursor[1] - cursor[0], height - 20);
    let y = 4;
    const names = [];
    for (const row of rows) {
      y += row.head ?? 0;
      const up = (value) => y + row.height * (1 - value / row.max);
      pen.fillStyle = ink;
      pen.globalAlpha = 0.85;
      pen.textAlign = "right";
      const words = left < 80 ? row.label.replace("temporal ", "").replace("votes of", "votes") : row.label;
      pen.fillText(words, left - 8, y + row.height / 2);
      pen.globalAlpha = 0.25;
      pen.fillRect(left, y + row.height, width - left - 8, 1);
      pen.globalAlpha = 0.65;
      pen.font = `10px ${style.fontFamily}`;
      const top = row.max === 1 ? "1" : row.max < 1 ? row.max.toPrecision(2) : whole(row.max);
      pen.fillText(top, left - 4, y + 3);
      pen.font = `12px ${style.fontFamily}`;
      pen.globalAlpha = 1;
      for (const series of row.series) {
        const steps = series.which === undefined ? null : this.content.sides[series.which].steps;
        this.drawSeries(pen, series, row.kind, steps, x, up, y + row.height, ink);
      }
      if (row.settled != null) names.push(this.drawSettled(pen, row, x, y, left, width));
      y += row.height + gap;
    }
    pen.fillStyle = ink;
    pen.globalAlpha = 0.85;
    for (const [i, share] of [0, 0.5, 1].entries()) {
      const ms = clock[0] + share * (clock[this.ticks] - clock[0]);
      pen.textAlign = ["left", "center", "right"][i];
      const steps = share === 0.5 ? "" : `step ${share ? this.ticks : 1}`;
      pen.fillText(this.content.in_steps ? steps : `${ms.toFixed(0)} ms`, x(ms), height - 9);
    }
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    pen.strokeRect(cursor[0] + 0.5, 0.5, Math.max(1, cursor[1] - cursor[0] - 1), height - 21);
    // Names stand above their curves, and on top of the cursor.
    pen.strokeStyle = style.getPropertyValue("--st-background-color");
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    for (const name of names) {
      pen.textAlign = name.align;
      pen.strokeText(name.text, name.x, name.y);
      pen.fillStyle = name.colour;
      pen.fillText(name.text, name.x, name.y);
    }
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    if (this.pointed != null && this.pointed !== this.tick) {
      pen.globalAlpha = 0.5;
      pen.setLineDash([3, 3]);
      const middle = (x(clock[this.pointed]) + x(clock[this.pointed + 1])) / 2;
      pen.strokeRect(middle, 0, 0.1, height - 21);
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }
  }

  drawSeries(pen, series, kind, steps, x, up, base, ink) {
    const { clock } = this.content;
    pen.strokeStyle = series.colour || ink;
    pen.fillStyle = series.colour || ink;
    pen.globalAlpha = series.colour || kind === "bars" ? (kind === "bars" ? 0.5 : 1) : 0.28;
    pen.lineWidth = series.colour ? 2 : 1;
    pen.beginPath();
    let open = false;
    for (let tick = 0; tick < this.ticks; tick += 1) {
      const step = steps ? steps[tick] : tick;
      const [from, to] = [x(clock[tick]), x(clock[tick + 1])];
      if (step < 0) { open = false; continue; }
      const level = up(series.values[step]);
      if (kind === "bars") { pen.fillRect(from + 0.5, level, Math.max(1, to - from - 1), base - level); continue; }
      if (open) pen.lineTo(from, level); else pen.moveTo(from, level);
      pen.lineTo(to, level);
      open = true;
    }
    if (kind !== "bars") pen.stroke();
    pen.globalAlpha = 1;
  }

  // The end of the first step from which the leading class no longer changes: its latency. Returns
  // the class's name, which goes above the curves.
  drawSettled(pen, row, x, y, left, width) {
    const { clock, sides } = this.content;
    const side = sides[row.which];
    const at = x(clock[side.steps.lastIndexOf(row.settled) + 1]);
    pen.strokeStyle = side.colour;
    pen.setLineDash([2, 3]);
    pen.beginPath();
    pen.moveTo(at, y - row.head);
    pen.lineTo(at, y + row.height);
    pen.stroke();
    pen.setLineDash([]);
    const text = side.classes[side.prediction];
    const fits = at + 5 + pen.measureText(text).width < width;
    return { text, colour: side.colour, align: fits ? "left" : "right", x: fits ? at + 5 : Math.max(left, at - 5), y: y - row.head / 2 - 1 };
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".player");
  root.player ??= new Player(root);
  root.player.load(data, pickNeuron(setTriggerValue));
  return () => root.player.leave();
}

// Planes beside each other that are read, enlarged and opened together.
//
// A place is a share of the planes' sides: the same part of the sensor in each plane's own cells. A
// mouse reads what it is over, opens with a click, and draws the part that is to be enlarged. A
// finger reads where it taps or slides, and that stays; the button opens it, or a second tap on the
// same cell. Two fingers enlarge and move.

const MOST_TIMES = 16;

// Borders of so many cells that fill a side alike.
const evenly = (n) => Array.from({ length: n + 1 }, (_, i) => i / n);

class Glass {
  // `does.tell()` says what stands at the place; `does.open(i)` asks for the neuron there in plane i.
  constructor(root, does) {
    Object.assign(this, { root, does, planes: [], place: null, which: 0, fingers: new Map() });
    const button = (label, text, act) => {
      const made = element("button", { type: "button", "aria-label": label, title: label, textContent: text });
      made.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays, and what is read
      made.addEventListener("click", act);
      return made;
    };
    this.out = button("Smaller", "\u2212", () => this.zoom(0.5));
    this.whole = button("The whole map", "whole", () => this.zoom(0));
    this.opener = opener(() => does.open(this.which));
    this.bar = element("div", { className: "bar" }, this.opener, button("Larger", "+", () => this.zoom(2)), this.out, this.whole);
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("focusin", ({ target }) => {
      const which = this.focused(target);
      if (which >= 0 && !this.pressed && target.matches(":focus-visible")) this.point(which, this.place ?? this.middle(which));
    });
    root.addEventListener("focusout", ({ relatedTarget: next }) => {
      if (this.focused(next) < 0 && !this.bar.contains(next)) this.point(this.which, null);
    });
    new ResizeObserver(() => this.mark()).observe(root);
  }

  // Hold planes; each has a `grid`, or none where it is no map: the cells that it shows, `width` by
  // `height`, and their borders, `xs` and `ys`, in shares of its sides.
  hold(planes, opens) {
    this.planes = planes;
    this.opens = opens;
    this.opener.hidden = !opens;
    planes.forEach((plane, i) => { if (plane.grid) this.listen(plane, i); });
    this.which = Math.max(0, this.finest());
    this.place = null;
    this.zoom(0);
  }

  get hint() {
    if (BY_FINGER) return `Tap a place to read it${this.opens ? ", tap it again for its neuron" : ""}; pinch to enlarge.`;
    return `Point at a place to read it${this.opens ? ", click it for its neuron" : ""}; drag to enlarge.`;
  }

  listen(plane, i) {
    const { box } = plane;
    let from = null; // where a mouse's button went down
    let drawn = null; // what it draws
    let drew = false;
    let stood = null; // what was read before a finger came down
    const finger = (event) => event.pointerType === "touch";
    box.addEventListener("pointerdown", (event) => {
      this.pressed = true;
      drew = false;
      if (!finger(event)) {
        (plane.canvas.tabIndex < 0 ? this.root : plane.canvas).focus({ preventScroll: true });
        stood = null;
        from = plane.place(event);
        box.setPointerCapture(event.pointerId);
        return;
      }
      this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.fingers.size > 1) {
        this.pinch = { plane, view: this.view, ...this.spread() };
        if (stood) this.point(...stood);
        return;
      }
      this.pinch = null;
      stood = [this.which, this.place];
      this.point(i, plane.place(event));
    });
    box.addEventListener("pointermove", (event) => {
      if (this.fingers.has(event.pointerId)) this.fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (this.pinch) { if (this.fingers.size > 1) this.squeeze(); return; }
      const to = plane.place(event);
      this.point(i, to);
      if (finger(event)) return;
      drawn = event.buttons ? this.between(from, to) : null;
      if (drawn) this.planes.forEach((one) => one.grid && one.frame(drawn.x, drawn.y, drawn.side, drawn.side));
    });
    const done = (event) => { this.pressed = false; this.fingers.delete(event.pointerId); };
    box.addEventListener("pointerup", (event) => {
      done(event);
      if (!drawn) return;
      this.look(drawn.x, drawn.y, 1 / drawn.side);
      [drawn, drew] = [null, true];
    });
    // The page scrolls: nothing was meant.
    box.addEventListener("pointercancel", (event) => { done(event); if (stood) this.point(...stood); });
    box.addEventListener("pointerleave", (event) => { if (!finger(event) && !drawn) this.point(i, null); });
    box.addEventListener("click", (event) => {
      if (drew || this.pinch) return;
      this.point(i, plane.place(event));
      const again = !stood || (stood[1] && String(this.cell(plane, stood[1])) === String(this.cell(plane)));
      if (again && this.cell(plane)) this.does.open(i);
    });
    // Two fingers are ours, even where one would scroll the page.
    box.addEventListener("touchmove", (event) => {
      if (event.touches.length > 1 && event.cancelable) event.preventDefault();
    }, { passive: false });
    // A pinch on a touchpad comes as a turn of the wheel with Control.
    box.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.point(i, plane.place(event));
      this.zoom(event.deltaY < 0 ? 1.25 : 0.8);
    }, { passive: false });
  }

  // --- enlarging ----------------------------------------------------------------------------

  // The square between two places, or null where it is too small to be meant.
  between(from, to) {
    if (!from || !to) return null;
    const side = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1 / MOST_TIMES);
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) * this.view.by < 0.04) return null;
    return { x: Math.min(from[0], to[0]), y: Math.min(from[1], to[1]), side };
  }

  // Where the middle of two fingers is, and how far they are apart, in px.
  spread() {
    const [[ax, ay], [bx, by]] = [...this.fingers.values()];
    return { x: (ax + bx) / 2, y: (ay + by) / 2, far: Math.max(1, Math.hypot(ax - bx, ay - by)) };
  }

  // What was between two fingers stays between them.
  squeeze() {
    const { plane, view, ...then } = this.pinch;
    const now = this.spread();
    const by = Math.min(MOST_TIMES, Math.max(1, (view.by * now.far) / then.far));
    const whole = plane.whole();
    const under = (share, from, start) => from + start / view.by - share / by;
    this.look(
      under((now.x - whole.left) / whole.width, view.x, (then.x - whole.left) / whole.width),
      under((now.y - whole.top) / whole.height, view.y, (then.y - whole.top) / whole.height), by);
  }

  // Enlarge so many times more around what is pointed at; 0 shows the whole.
  zoom(times) {
    const { x, y, by } = this.view ?? { x: 0, y: 0, by: 1 };
    const [u, v] = this.place ?? [x + 0.5 / by, y + 0.5 / by];
    const to = Math.min(MOST_TIMES, Math.max(1, by * times));
    this.look(u - ((u - x) * by) / to, v - ((v - y) * by) / to, to);
  }

  look(x, y, by) {
    const inside = (from) => Math.min(1 - 1 / by, Math.max(0, from));
    this.view = { x: inside(x), y: inside(y), by };
    for (const plane of this.planes) plane.zoom(this.view);
    this.out.disabled = by === 1;
    this.whole.disabled = by === 1;
    this.mark();
  }

  // --- reading ------------------------------------------------------------------------------

  point(which, place) {
    [this.which, this.place] = [which, place];
    this.mark();
  }

  // The cell of a plane at a place, [x, y], or null where there is none.
  cell({ grid }, place = this.place) {
    if (!place || !grid) return null;
    const within = (share, borders) => borders.findLastIndex((border) => border <= share);
    const [x, y] = [within(place[0], grid.xs), within(place[1], grid.ys)];
    return x >= 0 && y >= 0 && x < grid.width && y < grid.height ? [x, y] : null;
  }

  mark() {
    for (const plane of this.planes) {
      const at = this.cell(plane);
      plane.cell.hidden = !at;
      if (!at) continue;
      const [x, y] = at;
      const { xs, ys } = plane.grid;
      plane.frame(xs[x], ys[y], xs[x + 1] - xs[x], ys[y + 1] - ys[y]);
    }
    this.opener.disabled = !(this.planes[this.which] && this.cell(this.planes[this.which]));
    this.does.tell();
  }

  // --- keys ---------------------------------------------------------------------------------

  // The plane that keys are for, by what has the focus; -1 where it is none of ours.
  focused(target) {
    if (target === this.root) return this.finest();
    return target ? this.planes.findIndex((plane) => plane.canvas === target) : -1;
  }

  finest() {
    const widths = this.planes.map(({ grid }) => grid?.width ?? 0);
    return widths.indexOf(Math.max(...widths));
  }

  middle(which) {
    const { grid } = this.planes[which];
    return grid ? this.within(grid, grid.width >> 1, grid.height >> 1) : null;
  }

  // The middle of a cell, in shares of the plane's sides.
  within({ xs, ys }, x, y) {
    return [(xs[x] + xs[x + 1]) / 2, (ys[y] + ys[y + 1]) / 2];
  }

  key(event) {
    const which = this.focused(event.target);
    const grid = this.planes[which]?.grid;
    if (!grid || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (by) {
      const [x, y] = this.cell({ grid }, this.place ?? this.middle(which)) ?? [grid.width - 1, grid.height - 1];
      const at = (n, end) => Math.min(end - 1, Math.max(0, n));
      const to = this.within(grid, at(x + by[0], grid.width), at(y + by[1], grid.height));
      [this.which, this.place] = [which, to];
      const { by: times } = this.view;
      const seen = (from, share) => Math.min(share, Math.max(share - 0.999 / times, from));
      this.look(seen(this.view.x, to[0]), seen(this.view.y, to[1]), times);
    } else if (event.key === "Enter") { if (this.opens && this.place) this.does.open(which); }
    else if (event.key === "+") this.zoom(2);
    else if (event.key === "-") this.zoom(0.5);
    else if (event.key === "Escape") this.zoom(0);
    else return;
    event.preventDefault();
  }
}

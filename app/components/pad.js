// Paper to draw on: strokes of points, 0 to 1000 along each side, sent after each stroke.
//
// What is drawn lies here; Python's copy is taken only where a page begins, so that no answer to an
// earlier stroke undoes a later one.

const SIDE = 1000; // as app/strokes.py has it
const PEN = 55;
const NEAR = 6; // points nearer to the last one are left out
const MOST = 4000; // points; what comes after is not drawn

class Pad {
  constructor(root, strokes) {
    this.strokes = strokes;
    this.canvas = element("canvas", { role: "img", "aria-label": "Paper to draw a digit on, with a mouse, a pen or a finger" });
    const clear = element("button", { type: "button", textContent: "Clear" });
    const undo = element("button", { type: "button", textContent: "Undo stroke" });
    clear.addEventListener("click", () => this.change([]));
    undo.addEventListener("click", () => this.change(this.strokes.slice(0, -1)));
    root.replaceChildren(this.canvas, element("div", { className: "bar" }, clear, undo));
    this.canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.line || this.points() >= MOST) return;
      this.canvas.setPointerCapture(event.pointerId);
      this.line = [this.place(event)];
      this.strokes.push(this.line);
      this.draw();
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.line || this.points() >= MOST) return;
      const place = this.place(event);
      const last = this.line.at(-1);
      if (Math.hypot(place[0] - last[0], place[1] - last[1]) < NEAR) return;
      this.line.push(place);
      this.draw();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, () => {
        if (!this.line) return;
        this.line = null;
        this.change(this.strokes);
      });
    }
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  points() { return this.strokes.reduce((sum, line) => sum + line.length, 0); }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const along = (at, start, size) => Math.round(SIDE * Math.min(1, Math.max(0, (at - start) / size)));
    return [along(event.clientX, box.left, box.width), along(event.clientY, box.top, box.height)];
  }

  change(strokes) {
    this.strokes = strokes;
    this.draw();
    this.send(strokes);
  }

  draw() {
    const side = this.canvas.clientWidth;
    if (!side) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(side * ratio);
    const pen = this.canvas.getContext("2d");
    pen.scale((side * ratio) / SIDE, (side * ratio) / SIDE);
    const style = getComputedStyle(this.canvas);
    pen.strokeStyle = pen.fillStyle = style.color;
    pen.lineWidth = PEN;
    pen.lineCap = pen.lineJoin = "round";
    for (const line of this.strokes) {
      pen.beginPath();
      pen.moveTo(...line[0]);
      for (const place of line.slice(1)) pen.lineTo(...place);
      if (line.length === 1) pen.lineTo(line[0][0] + 0.1, line[0][1]);
      pen.stroke();
    }
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".pad");
  root.pad ??= new Pad(root, data.strokes);
  root.pad.send = (strokes) => setTriggerValue("drawn", strokes);
  root.pad.draw();
}

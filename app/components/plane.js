// A map on a canvas, one pixel a cell, with its title, its scale of colours and a frame for a cell.

class Plane {
  constructor(title = "") {
    this.canvas = element("canvas", { role: "img" });
    this.cell = element("div", { className: "cell", hidden: true });
    this.note = element("p", { hidden: true });
    this.box = element("div", { className: "plane" }, this.canvas, this.cell, this.note);
    this.title = element("b");
    this.fact = element("span");
    this.scale = element("div", { className: "scale", "aria-hidden": "true" });
    this.figure = element("figure", {}, element("figcaption", {}, this.title, this.fact), this.box, this.scale);
    this.title.textContent = title;
  }

  // Give the canvas one pixel a cell; the browser enlarges it without smoothing.
  fit(width, height) {
    this.canvas.hidden = false;
    this.note.hidden = true;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.canvas.style.width = `${100 * Math.min(1, width / height)}%`;
    this.canvas.style.height = `${100 * Math.min(1, height / width)}%`;
  }

  // Enlarge what is seen: from these shares of the plane's sides on, so many times.
  zoom({ x, y, by }) {
    this.canvas.style.transformOrigin = "0 0";
    this.canvas.style.imageRendering = by === 1 ? "" : "pixelated";
    this.canvas.style.transform = by === 1 ? "" : `scale(${by}) translate(${-100 * x}%, ${-100 * y}%)`;
  }

  paint(colour) {
    const { width, height } = this.canvas;
    const context = this.canvas.getContext("2d");
    const image = context.createImageData(width, height);
    for (let i = 0, at = 0; i < width * height; i += 1, at += 4) {
      const rgb = colour(i);
      for (let part = 0; part < 3; part += 1) image.data[at + part] = rgb[part];
      image.data[at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
  }

  refuse(reason) {
    this.canvas.hidden = true;
    this.cell.hidden = true;
    this.note.hidden = false;
    this.note.textContent = reason;
    this.fact.textContent = "";
    this.scale.replaceChildren();
  }

  legend(low, colours, high) {
    const bar = element("i");
    bar.style.background = `linear-gradient(to right, ${colours.map((c) => `rgb(${c})`).join(",")})`;
    this.scale.replaceChildren(low, bar, high);
  }

  // The place under a pointer, in shares of the plane's sides.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return x >= 0 && y >= 0 && x < 1 && y < 1 ? [x, y] : null;
  }

  // Where the whole of the canvas would lie in the window, were nothing enlarged.
  whole() {
    const box = this.box.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.canvas;
    return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
  }

  frame(left, top, width, height) {
    const outer = this.box.getBoundingClientRect();
    const inner = this.canvas.getBoundingClientRect();
    this.cell.hidden = false;
    Object.assign(this.cell.style, {
      left: `${inner.left - outer.left + left * inner.width}px`,
      top: `${inner.top - outer.top + top * inner.height}px`,
      width: `${width * inner.width}px`,
      height: `${height * inner.height}px`,
    });
  }
}

// Paint values as shares, 0 to 1, of a table of colours.
function shaded(plane, table, share) {
  const last = table.length / 3 - 1;
  plane.paint((i) => {
    const at = 3 * Math.round(Math.min(1, Math.max(0, share(i))) * last);
    return table.subarray(at, at + 3);
  });
}

// A few colours of a table, for a legend.
function sample(table) {
  const last = table.length / 3 - 1;
  return Array.from({ length: 9 }, (_, i) => {
    const at = 3 * Math.round((i / 8) * last);
    return Array.from(table.subarray(at, at + 3));
  });
}

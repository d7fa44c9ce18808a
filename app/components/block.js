// What the canvas components share; it stands before each of them in one module.
//
// `data` is one block of bytes (see app/figures/block.py): a JSON header, then typed arrays. Spikes
// are bits, most significant first, of a flattened (T, C, H, W) array.

const TYPES = { u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };

function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const take = (at) => {
    const start = bytes.byteOffset + 4 + length + at.offset;
    return new TYPES[at.type](bytes.buffer.slice(start, start + at.bytes));
  };
  const walk = (value) => {
    if (value === null || typeof value !== "object") return value;
    if ("offset" in value && "type" in value) return take(value);
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v)]));
  };
  return walk(header);
}

// Colours of A's and of B's name: dark enough, or light enough, to be read.
const INKS = ["var(--st-orange-text-color)", "var(--st-blue-text-color)"];

// The player's tick on each page that has one, by the page's path.
const cursors = (window.masnnCursors ??= {});
const cursorHere = () => cursors[window.location.pathname] ?? 0;

// Whether what points is a finger, which hovers over nothing.
const BY_FINGER = window.matchMedia("(hover: none)").matches;

const bit = (bits, i) => (bits[i >> 3] >> (7 - (i & 7))) & 1;
const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const whole = (n) => n.toLocaleString("en-US");
// What is written as zero has no sign, as in `masnn.numerals.typeset`.
const signed = (x, digits) => {
  const text = Math.abs(x).toFixed(digits);
  return Number(text) ? (x < 0 ? "\u2212" : "+") + text : text;
};

function element(tag, parts = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(parts)) {
    if (name in made) made[name] = value; else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// Let a pointer read what is drawn in a box: `point(event)` under it, `point(null)` where it is gone.
// A mouse opens with a click. A finger hovers over nothing: what it taps or slides over stays read,
// and a second tap on the same thing, by its name `at()`, opens it.
function reads(box, { point, at, open }) {
  let stood = null; // what was read before a finger came down
  const byFinger = (event) => event.pointerType === "touch";
  box.addEventListener("pointerdown", (event) => {
    stood = byFinger(event) ? { name: at() } : null;
    if (stood) point(event);
  });
  box.addEventListener("pointermove", point);
  box.addEventListener("pointerleave", (event) => { if (!byFinger(event)) point(null); });
  box.addEventListener("pointercancel", () => point(null)); // the page scrolls: nothing was meant
  box.addEventListener("click", (event) => {
    point(event);
    if (at() !== null && (!stood || stood.name === at())) open();
  });
}

// A button that opens what a finger reads; a mouse needs none, and sees none.
function opener(act) {
  const made = element("button", { type: "button", className: "open", textContent: "open neuron", disabled: true });
  made.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays, and what is read
  made.addEventListener("click", act);
  return made;
}

// Scroll to a part of the page as soon as `drawn` is there: at once for whom motion disturbs.
function goTo(target, drawn = target, until = performance.now() + 10000, late = false) {
  const found = document.querySelector(target);
  if (!found || !document.querySelector(drawn)) {
    if (performance.now() < until) setTimeout(() => goTo(target, drawn, until), 100);
    return;
  }
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  // The page's own scroller alone: what lies around it hides its overflow, and would be moved too
  // by `scrollIntoView`, with no way back.
  const main = found.closest("[data-testid=stMain], [data-testid=stSidebarContent]");
  const margin = parseFloat(getComputedStyle(found).scrollMarginTop) || 0;
  const top = main.scrollTop + found.getBoundingClientRect().top - main.getBoundingClientRect().top - margin;
  main.scrollTo({ top, behavior: still ? "auto" : "smooth" });
  // What is being drawn may not yet be long enough to reach so far.
  const short = top > main.scrollHeight - main.clientHeight + 1;
  if (short && !late) setTimeout(() => goTo(target, drawn, until, true), 600);
}

// What was clicked is answered by the view of one neuron, which may lie below the fold.
function pickNeuron(setTriggerValue) {
  return (cell) => {
    setTriggerValue("picked", cell);
    goTo(".st-key-views", ".st-key-one_neuron");
  };
}

// Spikes of a network's layer at one of its own steps: (H * W) numbers of spikes over the channels
// shown, from 0 to n.
class Activity {
  constructor(side) {
    this.side = side;
    this.known = new Map();
    [this.channels, this.height, this.width] = side.shape;
  }

  of(step, channel) {
    const key = `${step} ${channel}`;
    if (!this.known.has(key)) this.known.set(key, this.count(step, channel));
    return this.known.get(key);
  }

  count(step, channel) {
    const size = this.height * this.width;
    const counts = new Uint16Array(size);
    if (!this.side.spikes) return this.side.counts.subarray(step * size, (step + 1) * size);
    const [first, last] = channel < 0 ? [0, this.channels] : [channel, channel + 1];
    for (let c = first; c < last; c += 1) {
      const start = (step * this.channels + c) * size;
      for (let i = 0; i < size; i += 1) counts[i] += bit(this.side.spikes, start + i);
    }
    return counts;
  }

  // Spikes of one neuron over all steps.
  fired(channel, y, x) {
    if (!this.side.spikes || channel >= this.channels) return 0;
    let sum = 0;
    for (let step = 0; step < this.side.T; step += 1) {
      sum += bit(this.side.spikes, ((step * this.channels + channel) * this.height + y) * this.width + x);
    }
    return sum;
  }

  // The highest rate of any place at any step: the scale holds still while time runs.
  top(channel) {
    if (channel >= 0) return 1;
    let most = 0;
    for (let step = 0; step < this.side.T; step += 1) {
      for (const n of this.of(step, -1)) if (n > most) most = n;
    }
    return most / this.channels;
  }
}

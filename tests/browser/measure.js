// Measures what stands on a page, shadow roots included: boxes, texts with their contrast, charts.
//
// Boxes are in CSS px of the window. `path` says where a thing is, for people; `up` are the numbers
// of the boxes that contain it, so that a label is not said to overlap its own button.

(scope) => {
  const root = document.querySelector(scope);
  const parent = (node) => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;

  // --- colours --------------------------------------------------------------------------------

  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const rgba = (text) => {
    if (!known.has(text)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = text;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
      const plain = /rgba\([^)]*, ?([\d.]+)\)|\/ ?([\d.]+)\)/.exec(text);
      const alpha = text === "transparent" ? 0 : plain ? Number(plain[1] ?? plain[2]) : 1;
      // What was drawn is premultiplied, and back again only roughly: take the text's own numbers.
      const own = /^rgba?\((\d+), (\d+), (\d+)/.exec(text);
      known.set(text, [...(own ? own.slice(1, 4).map(Number) : [r, g, b]), alpha]);
    }
    return known.get(text);
  };
  const over = (top, under, alpha = top[3]) => [0, 1, 2].map((i) => top[i] * alpha + under[i] * (1 - alpha));
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  // The colour under a box of an element; null over a picture, where one colour says nothing.
  const ground = (node, box = node.getBoundingClientRect()) => {
    const layers = [];
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    for (let at = node; at; at = parent(at)) {
      const style = getComputedStyle(at);
      const around = at.getBoundingClientRect();
      // What floats beside its parent, such as a slider's number, does not stand on it.
      const outside = x < around.left || x > around.right || y < around.top || y > around.bottom;
      if (outside && style.display !== "contents" && parent(at)) continue;
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reverse().reduce((under, colour) => over(colour, under), [255, 255, 255]);
  };
  const opacity = (node) => {
    let product = 1;
    for (let at = node; at; at = parent(at)) product *= Number(getComputedStyle(at).opacity);
    return product;
  };

  // --- places ---------------------------------------------------------------------------------

  const seen = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
  const flat = ({ left, top, width, height }) => ({ x: left, y: top, w: width, h: height });
  const path = (node) => {
    const parts = [];
    for (let at = node; at && at !== root && parts.length < 3; at = parent(at)) {
      const word = at.dataset?.testid ?? at.getAttribute("aria-label")?.slice(0, 40) ?? at.getAttribute("class")?.match(/^[a-z]+/)?.[0];
      if (word) parts.unshift(`${at.localName}.${word}`);
      else if (!parts.length) parts.unshift(at.localName);
    }
    return parts.join(" ");
  };
  // How many px of a box no one can see, and no one can scroll to.
  const cut = (node, box) => {
    let lost = 0;
    for (let at = parent(node); at && at !== document.documentElement; at = parent(at)) {
      const style = getComputedStyle(at);
      const inner = at.getBoundingClientRect();
      if (["hidden", "clip"].includes(style.overflowX)) lost = Math.max(lost, box.right - inner.right, inner.left - box.left);
      // A line's box is taller than its letters.
      if (["hidden", "clip"].includes(style.overflowY)) lost = Math.max(lost, box.bottom - inner.bottom - 5, inner.top - box.top - 5);
      if (["auto", "scroll"].includes(style.overflowX) && at !== root) return lost;
      if (style.position === "fixed") break;
    }
    return Math.max(lost, box.right - innerWidth, -box.left);
  };

  // --- names ----------------------------------------------------------------------------------

  // What a screen reader calls a control or a picture, roughly as WAI-ARIA computes it.
  const called = (node) => {
    const home = node.getRootNode();
    const of = (id) => home.getElementById(id)?.textContent ?? "";
    const label = node.id && home.querySelector(`label[for="${CSS.escape(node.id)}"]`);
    return [
      (node.getAttribute("aria-labelledby") ?? "").split(" ").map(of).join(" "),
      node.getAttribute("aria-label"), node.alt, label?.textContent, node.closest("label")?.textContent,
      ["INPUT", "SELECT", "CANVAS"].includes(node.tagName) ? "" : node.textContent,
      node.title, node.closest("[role=group], [role=img], [role=figure]")?.getAttribute("aria-label") && node.matches(".js-plotly-plot")
        ? node.closest("[role=group], [role=img], [role=figure]").getAttribute("aria-label") : "",
    ].find((name) => name?.trim())?.trim() ?? "";
  };
  // Whether it is left to the eye alone on purpose.
  const silent = (node) => node.closest("[aria-hidden=true]") !== null || node.getAttribute("alt") === "";
  // Whether keys come to it, or to what it is in within its component.
  const by_key = (node) => {
    for (let at = node; at; at = at.parentElement) if (at.tabIndex >= 0) return true;
    return false;
  };

  // --- what there is --------------------------------------------------------------------------

  const boxes = [];
  const owner = new Map();
  const add = (kind, node, name, box = node.getBoundingClientRect(), more = {}) => {
    if (box.width <= 1 || box.height <= 1) return;
    const up = [];
    for (let at = node; at; at = parent(at)) if (owner.has(at)) up.push(owner.get(at));
    if (kind !== "text") owner.set(node, boxes.length);
    if (["control", "canvas", "plot", "image"].includes(kind)) {
      const pointed = getComputedStyle(node).cursor === "pointer" && node.tagName === "CANVAS";
      more = { ...more, called: silent(node) ? null : called(node), lost: pointed && !by_key(node) };
    }
    boxes.push({ kind, name: name.trim().replace(/\s+/g, " ").slice(0, 60), path: path(node), up, cut: cut(node, box), ...flat(box), ...more });
  };
  const CONTROLS = "button, input:not([type=file]), select, textarea, summary, [role=slider], a[href]";
  const OPAQUE = { ".js-plotly-plot": "plot", "[data-testid=stDataFrame]": "table", ".katex": "formula" };
  // What is written upon a picture with an outline around each letter lies over it on purpose.
  const outlined = (node) => node instanceof SVGElement && getComputedStyle(node).paintOrder.startsWith("stroke")
    && ratio(rgba(getComputedStyle(node).fill), rgba(getComputedStyle(node).stroke)) >= 7;
  const letters = (node) => {
    if (outlined(node)) return;
    for (const text of node.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(text);
      const style = getComputedStyle(node);
      const ink = rgba(node instanceof SVGElement ? style.fill : style.color);
      const size = parseFloat(style.fontSize);
      // A letter of an icon font is a picture, for which less contrast will do.
      const icon = node.matches("[data-testid=stIconMaterial], [role=img]");
      for (const line of range.getClientRects()) {
        const under = line.right > innerWidth ? null : ground(node, line);
        add("text", node, text.data, line, {
          contrast: under && ratio(over(ink, under, ink[3] * opacity(node)), under),
          large: icon || size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700),
          disabled: node.closest("[disabled], [aria-disabled=true]") !== null,
        });
      }
    }
  };
  const walk = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE || ["OPTION", "SCRIPT", "STYLE", "VIDEO"].includes(node.tagName)) return;
    if (!seen(node) && node.getClientRects().length) return;
    const clip = getComputedStyle(node).clip;
    if (clip.startsWith("rect(0px, 0px, 0px") || clip.startsWith("rect(1px, 1px, 1px")) return;
    for (const [selector, kind] of Object.entries(OPAQUE)) {
      if (!node.matches(selector)) continue;
      add(kind, node, node.closest("[aria-label]")?.getAttribute("aria-label") ?? node.textContent);
      return;
    }
    if (/^H[1-6]$/.test(node.tagName)) add("heading", node, node.textContent);
    else if (node.matches("[data-testid=stMetric]")) add("metric", node, node.textContent);
    else if (node.tagName === "CANVAS") add("canvas", node, node.getAttribute("aria-label") ?? "");
    else if (node.tagName === "IMG") add("image", node, node.alt);
    else if (node.matches(CONTROLS)) add("control", node, node.getAttribute("aria-label") ?? node.textContent);
    letters(node);
    for (const child of (node.shadowRoot ?? node).children) walk(child);
    if (node.shadowRoot) for (const child of node.children) walk(child);
  };
  walk(root);

  // --- inside of charts -----------------------------------------------------------------------

  const charts = [...root.querySelectorAll(".js-plotly-plot")].filter(seen).map((plot) => {
    const outer = plot.getBoundingClientRect();
    const under = ground(plot);
    const words = [...plot.querySelectorAll("svg text")].filter((text) => text.textContent.trim() && seen(text)).map((text) => {
      const box = text.getBoundingClientRect();
      const style = getComputedStyle(text);
      const ink = rgba(style.fill);
      const lost = Math.max(outer.left - box.left, box.right - outer.right, outer.top - box.top - 4, box.bottom - outer.bottom - 4);
      const drawn = ink[3] * opacity(text) * Number(style.fillOpacity);
      return { name: text.textContent.trim().slice(0, 40), cut: lost, contrast: under && ratio(over(ink, under, drawn), under), ...flat(box), turned: box.height > 2.5 * parseFloat(style.fontSize) };
    });
    const axes = Object.entries(plot._fullLayout ?? {}).filter(([key]) => /^[xy]axis\d*$/.test(key)).map(([key, axis]) => [key, axis._length]);
    return { name: plot.closest("[aria-label]")?.getAttribute("aria-label") ?? "", words, axes };
  });

  const main = document.querySelector("[data-testid=stMain]");
  return {
    boxes: boxes.filter((box) => box.x + box.w > 0),
    charts,
    sideways: Math.max(main.scrollWidth - main.clientWidth, document.documentElement.scrollWidth - innerWidth),
    area: flat(root.getBoundingClientRect()),
    bottom: (document.querySelector(`${scope} [data-testid=stMainBlockContainer]`) ?? root).getBoundingClientRect().bottom,
    below: root.scrollHeight - root.clientHeight,
  };
}

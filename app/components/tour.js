// A tour of the page: offered once, then a slim bar that leads from stop to stop and frames each.

const SEEN = "masnn-tour";

// What a browser does not let a page keep is forgotten, and offered again.
function seen(now) {
  try {
    if (now) window.localStorage.setItem(SEEN, "seen");
    return window.localStorage.getItem(SEEN) !== null;
  } catch {
    return Boolean(now);
  }
}

class Tour {
  constructor(root) {
    this.root = root;
    this.at = 0;
    const button = (text, act) => {
      const made = element("button", { type: "button", textContent: text });
      made.addEventListener("click", act);
      return made;
    };
    this.no = button("No, thanks", () => { seen(true); this.greet(); });
    this.hello = element("span", { textContent: "New here?" });
    this.offer = element("div", { className: "offer" }, this.hello, button("A minute\u2019s tour", () => this.start()), this.no);
    this.words = element("p", { "aria-live": "polite" });
    this.back = button("Back", () => this.go(this.at - 1));
    this.next = button("Next", () => (this.at + 1 < this.stops.length ? this.go(this.at + 1) : this.end()));
    this.skip = button("Skip", () => this.end());
    this.bar = element("div", { className: "stage", role: "region", "aria-label": "Tour", hidden: true },
      this.words, element("div", { className: "buttons" }, this.back, this.next, this.skip));
    this.bar.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (event.key === "Escape") this.end();
      else if (by) window.dispatchEvent(new CustomEvent("masnn-step", { detail: by })); // the player's
    });
    root.replaceChildren(this.offer, this.bar);
    this.greet();
  }

  greet() {
    this.no.hidden = seen();
    this.hello.hidden = seen();
  }

  load(stops, tell) {
    this.tell = tell;
    const began = stops && !this.stops;
    this.stops = stops;
    this.bar.hidden = !stops;
    if (!stops) this.frame(null);
    else if (began) this.go(0);
    else this.write();
  }

  start() {
    seen(true);
    this.greet();
    this.at = 0;
    this.tell("began", true);
  }

  end() {
    this.stops = null;
    this.bar.hidden = true;
    this.frame(null);
    this.tell("ended", true);
    this.offer.querySelector("button").focus({ preventScroll: true });
  }

  go(to) {
    this.at = Math.min(Math.max(to, 0), this.stops.length - 1);
    const { view, target } = this.stops[this.at];
    if (view && !document.querySelector(target)) this.tell("turned", view);
    this.write();
    this.frame(target);
    this.next.focus({ preventScroll: true });
    goTo(target);
  }

  write() {
    this.at = Math.min(this.at, this.stops.length - 1);
    this.words.textContent = `${this.at + 1}/${this.stops.length} \u00b7 ${this.stops[this.at].text}`;
    this.back.disabled = this.at === 0;
    this.next.textContent = this.at + 1 < this.stops.length ? "Next" : "Done";
    // Its place is kept: what was Next must not become Back under the pointer.
    this.skip.style.visibility = this.at + 1 === this.stops.length ? "hidden" : "";
  }

  // A rule rather than a style: the page draws its parts anew when it likes.
  frame(target) {
    this.rule?.remove();
    if (!target) return;
    const colour = getComputedStyle(this.root).getPropertyValue("--st-primary-color");
    this.rule = element("style", {
      textContent: `${target} { outline: 3px solid ${colour}; outline-offset: 6px; border-radius: 4px; }`,
    });
    document.head.append(this.rule);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".tour");
  root.tour ??= new Tour(root);
  root.tour.load(data.stops, setTriggerValue);
  return () => root.tour.frame(null);
}

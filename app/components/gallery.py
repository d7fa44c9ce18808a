"""A gallery of recordings with moving previews, to choose one by a click."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import streamlit as st

_CSS = """
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(68px, 1fr)); gap: 6px; }
button {
  display: flex; flex-direction: column; align-items: center; gap: 2px; padding: 4px 2px;
  background: var(--st-background-color); color: var(--st-text-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius);
  font: 11px/1.2 var(--st-font); cursor: pointer; min-width: 0;
}
button:hover { border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
button[aria-pressed="true"] {
  border-color: var(--st-primary-color); box-shadow: inset 0 0 0 1px var(--st-primary-color);
}
img { width: 64px; height: 64px; image-rendering: pixelated; }
span { text-align: center; overflow-wrap: anywhere; }
"""

_JS = """
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".gallery");
  const drawn = JSON.stringify(data.items.map((item) => item.name));
  if (root.dataset.drawn !== drawn) {
    root.dataset.drawn = drawn;
    root.replaceChildren(...data.items.map((item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.name = item.name;
      const image = document.createElement("img");
      image.src = "data:image/gif;base64," + item.preview;
      image.alt = "";
      const label = document.createElement("span");
      label.textContent = item.name;
      button.append(image, label);
      return button;
    }));
  }
  for (const button of root.children) {
    button.setAttribute("aria-pressed", String(button.dataset.name === data.chosen));
    button.onclick = () => setTriggerValue("picked", button.dataset.name);
  }
}
"""

_gallery = st.components.v2.component(
    "recording_gallery",
    html='<div class="gallery" role="group" aria-label="Recordings"></div>',
    css=_CSS,
    js=_JS,
)


def gallery(
    previews: Mapping[str, bytes], chosen: str, key: str, on_pick: Callable[[], None]
) -> None:
    """Show recordings as moving pictures, one of which may be clicked.

    Args:
        previews: GIF of each recording by the name shown.
        chosen: The one marked as chosen.
        key: Widget key; `on_pick` finds the clicked name under it.
        on_pick: Called before the rerun that a click causes.
    """
    items = [
        {"name": name, "preview": base64.b64encode(gif).decode()} for name, gif in previews.items()
    ]
    _gallery(key=key, data={"items": items, "chosen": chosen}, on_picked_change=on_pick)

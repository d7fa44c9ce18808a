"""Maps beside each other that are read, enlarged and clicked together."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_maps = st.components.v2.component(
    "linked_maps",
    html='<div class="group" tabindex="0" role="group"></div>',
    css=source("common.css", "plane.css", "maps.css"),
    js=source("block.js", "plane.js", "glass.js", "maps.js"),
)


def maps(block: bytes, key: str, on_pick: Callable[[], None] | None = None) -> None:
    """Show maps.

    Args:
        block: What `response_maps` or `event_images` of `app.figures.where` made.
        key: Widget key; `on_pick` finds the cell that was clicked under it, as `picked`: a mapping
            of layer, channel, y and x.
        on_pick: Called before the rerun that a click causes; None where maps cannot be clicked.
    """
    _maps(key=key, data=block, on_picked_change=on_pick or (lambda: None))

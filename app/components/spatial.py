"""A network's spatial gates over the events that it saw, following the player's clock."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_spatial = st.components.v2.component(
    "spatial_gates",
    html='<div class="spatial" role="group" aria-label="Spatial gates"></div>',
    css=source("common.css", "plane.css", "spatial.css"),
    js=source("block.js", "plane.js", "glass.js", "spatial.js"),
)


def spatial(block: bytes, key: str, on_pick: Callable[[], None]) -> None:
    """Show each layer's spatial gate.

    Args:
        block: What `app.figures.spatial.content` made.
        key: Widget key; `on_pick` finds the cell that was clicked under it, as `picked`: a mapping
            of layer, channel, y and x.
        on_pick: Called before the rerun that a click causes.
    """
    _spatial(key=key, data=block, on_picked_change=on_pick)

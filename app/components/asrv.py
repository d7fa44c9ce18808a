"""Every neuron's rate over a data set as tiles, A beside B, moved through time in the browser."""

from __future__ import annotations

import streamlit as st

from app.components import source

_tiles = st.components.v2.component(
    "asrv_tiles",
    html='<div class="asrv" role="group" aria-label="Responses over the data set"></div>',
    css=source("common.css", "tiles.css", "asrv.css"),
    js=source("block.js", "tiles.js", "asrv.js"),
)


def tiles(block: bytes, key: str) -> None:
    """Show the channels of a layer.

    Args:
        block: What `app.figures.asrv.content` made.
        key: Widget key.
    """
    _tiles(key=key, data=block)

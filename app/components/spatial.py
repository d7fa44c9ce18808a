"""A network's spatial gates over the events that it saw, following the player's clock."""

from __future__ import annotations

import streamlit as st

from app.components import source

_spatial = st.components.v2.component(
    "spatial_gates",
    html='<div class="spatial" role="group" aria-label="Spatial gates"></div>',
    css=source("common.css", "spatial.css"),
    js=source("block.js", "spatial.js"),
)


def spatial(block: bytes, key: str) -> None:
    """Show each layer's spatial gate.

    Args:
        block: What `app.figures.spatial.content` made.
        key: Widget key.
    """
    _spatial(key=key, data=block)

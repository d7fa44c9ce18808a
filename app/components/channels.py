"""Every channel of a layer as a tile, A beside B, following the player's clock."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_channels = st.components.v2.component(
    "channel_tiles",
    html='<div class="channels" role="group" aria-label="Channels"></div>',
    css=source("common.css", "tiles.css", "channels.css"),
    js=source("block.js", "tiles.js", "channels.js"),
)


def channels(block: bytes, key: str, on_pick: Callable[[], None]) -> None:
    """Show a layer's channels.

    Args:
        block: What `app.figures.channels.content` made.
        key: Widget key; `on_pick` finds the cell that was clicked under it, as `picked`: a mapping
            of channel, y and x.
        on_pick: Called before the rerun that a click causes.
    """
    _channels(key=key, data=block, on_picked_change=on_pick)

"""The player: input, A, B and B - A on one clock, played and scrubbed in the browser."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_player = st.components.v2.component(
    "spike_player",
    html='<div class="player" tabindex="0" role="group" aria-label="Player: space plays, arrow '
    'keys step, plus and minus change the speed, L repeats"></div>',
    css=source("common.css", "plane.css", "player.css"),
    js=source("block.js", "plane.js", "player.js"),
)


def player(block: bytes, key: str, on_pick: Callable[[], None]) -> None:
    """Show the player.

    Args:
        block: What `app.figures.player.content` made.
        key: Widget key; the player keeps its place in time under it while the block changes.
            `on_pick` finds the cell that was clicked under it, as `picked`: a mapping of channel,
            y, x and tick.
        on_pick: Called before the rerun that a click causes.
    """
    _player(key=key, data=block, on_picked_change=on_pick)

"""Paper to draw a digit on, with a mouse, a pen or a finger."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from app.components import source

_pad = st.components.v2.component(
    "drawing_pad",
    html='<div class="pad" role="group" aria-label="Drawing"></div>',
    css=source("common.css", "pad.css"),
    js=source("block.js", "pad.js"),
)


def pad(strokes: list[list[tuple[float, float]]], key: str, on_drawn: Callable[[], None]) -> None:
    """Show paper with what was drawn.

    Args:
        strokes: Points of each stroke, 0 to 1000 along each side.
        key: Widget key; `on_drawn` finds all strokes under it, as `drawn`.
        on_drawn: Called before the rerun that a finished stroke causes.
    """
    _pad(key=key, data={"strokes": strokes}, on_drawn_change=on_drawn)

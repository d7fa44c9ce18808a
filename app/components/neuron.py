"""One neuron at the player's step: what reaches it, its course, and its equation in numbers."""

from __future__ import annotations

import streamlit as st

from app.components import source

_neuron = st.components.v2.component(
    "one_neuron",
    html='<div class="neuron"></div>',
    css=source("common.css", "plane.css", "neuron.css"),
    js=source("block.js", "plane.js", "neuron.js"),
)


def neuron(block: bytes, key: str) -> None:
    """Show a part of the view; it follows the player, and asks it to go on.

    Args:
        block: What `field`, `course` or `equations` of `app.figures.neuron` made.
        key: Widget key.
    """
    _neuron(key=key, data=block)

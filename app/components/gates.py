"""The three gates of a trained layer to play with: drag what a gate sees, see what it gives."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.components import source

_gates = st.components.v2.component(
    "gates_toy",
    html='<div class="gates" role="group" aria-label="Three gates to play with"></div>',
    css=source("common.css", "toys.css"),
    js=source("block.js", "gates.js"),
)


def gates(
    weights: Mapping[str, Mapping[str, list[list[float]]]], colours: Mapping[str, str], key: str
) -> None:
    """Show them.

    Args:
        weights: Of the gates "time" and "channel": "squeeze", (n / r, n), and "expand", (n, n / r);
            of "space": "average" and "maximum", the two planes of its kernel, (k, k).
        colours: Of "gate" and of what is seen, "low" and "high".
        key: Widget key.
    """
    _gates(key=key, data={"weights": weights, "colours": dict(colours)})

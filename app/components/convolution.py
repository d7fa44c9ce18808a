"""A small convolution to play with: paint events, drag weights, see the current of every place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.components import source

#: Weights that it begins with: an upright edge that gets brighter to the right.
KERNEL = (-0.5, 0.0, 0.5, -1.0, 0.0, 1.0, -0.5, 0.0, 0.5)

_convolution = st.components.v2.component(
    "convolution_toy",
    html='<div class="convolution" role="group" aria-label="A convolution to play with"></div>',
    css=source("common.css", "toys.css"),
    js=source("block.js", "convolution.js"),
)


def convolution(frame: Sequence[Sequence[int]], colours: Mapping[str, str], key: str) -> None:
    """Show it.

    Args:
        frame: Event counts of one channel, (H, W).
        colours: Of "events", "low" (negative) and "high" (positive).
        key: Widget key.
    """
    data = {"frame": [list(row) for row in frame], "kernel": KERNEL, "colours": dict(colours)}
    _convolution(key=key, data=data)

"""Histograms of A and B over each other, as outlines: where filled bars overlap, a third colour
would stand for neither.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

#: Where an outline begins and ends on a logarithmic axis, which has no 0.
FLOOR = 0.5

#: A's line is the broader one, so that where both lie on each other both are seen.
_WIDTHS = {"A": 3.2, "B": 1.6}


def outline(
    who: str,
    title: str,
    edges: NDArray[np.floating],
    counts: NDArray[np.integer],
    told: Sequence[str],
    *,
    colour: str,
    floor: float = FLOOR,
) -> list[go.Scatter]:
    """Return the outline of a histogram, and what is read where a pointer is.

    Args:
        who: "A" or "B".
        title: Title of the network.
        edges: Borders of the bars, (n + 1,).
        counts: Their heights, (n,).
        told: What is read of each, (n,).
        colour: Colour of the line.
        floor: Where it begins and ends.
    """
    heights = np.maximum(counts, floor)
    name = f"{who} {title}"
    line = go.Scatter(
        x=[edges[0], *edges],
        y=[floor, *heights, floor],
        mode="lines",
        name=name,
        legendgroup=who,
        line={"shape": "hv", "color": colour, "width": _WIDTHS[who]},
        hoverinfo="skip",
    )
    readings = go.Scatter(
        x=(edges[1:] + edges[:-1]) / 2,
        y=heights,
        mode="markers",
        name=name,
        legendgroup=who,
        showlegend=False,
        marker={"color": colour, "size": 10, "opacity": 0},
        text=list(told),
        hovertemplate="%{text}<extra></extra>",
    )
    return [line, readings]

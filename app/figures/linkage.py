"""What a gate's weight has to do with the spikes it takes and gives."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.style import COLOUR_GATE, laid_out, typeset

#: More units than this are thinned out evenly for the picture; the numbers are of all.
MAX_DOTS = 4000


def gate_against_change(
    values: NDArray[np.floating],
    change: NDArray[np.floating],
    labels: NDArray[np.str_],
    *,
    dark: bool,
) -> go.Figure:
    """Draw each unit's gate against what the gate changes in its rate.

    Args:
        values: Weights, (n,).
        change: Rate with the gate less rate with it set to one, (n,).
        labels: What each unit is, (n,).
        dark: Whether the page is dark.
    """
    every = -(-len(values) // MAX_DOTS) if len(values) else 1
    ink = "rgba(255,255,255,0.6)" if dark else "rgba(0,0,0,0.55)"
    figure = go.Figure(
        go.Scattergl(
            x=values[::every],
            y=change[::every],
            text=[
                f"{label}<br>gate {x:.3f}, change {typeset(y, '+.4f')}"
                for label, x, y in zip(
                    *(of[::every] for of in (labels, values, change)), strict=True
                )
            ],
            mode="markers",
            marker={"color": COLOUR_GATE, "size": 6, "opacity": 0.55},
            hovertemplate="%{text}<extra></extra>",
        )
    )
    figure.add_hline(0, line={"color": ink, "dash": "dash", "width": 1})
    figure.update_xaxes(title_text="gate", range=[-0.02, 1.02])
    figure.update_yaxes(title_text="change of rate by the gate")
    return laid_out(figure, dark=dark, height=340)

"""What: channels and their gates."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import GATE_SCALE, laid_out, scale_bar


def channel_gates(
    gates: dict[str, NDArray[np.floating]],
    edges_ms: NDArray[np.floating],
    *,
    dark: bool,
    in_steps: bool = False,
) -> go.Figure:
    """Draw each layer's channel gate as a tile for every channel and step.

    Channels stand in the order of their mean weight, so that closed and open ones part.

    Args:
        gates: Weights by layer, each (T or 1, C).
        edges_ms: Borders of the steps in ms after the recording's first event, (T + 1,).
        dark: Whether the page is dark.
        in_steps: Whether borders are in steps instead of ms.
    """
    unit = "step" if in_steps else "ms"
    centre = (edges_ms[1:] + edges_ms[:-1]) / 2
    when = "step %{y:.0f}" if in_steps else "%{y:.0f} ms"
    figure = make_subplots(
        rows=len(gates), vertical_spacing=min(0.1, 0.4 / len(gates)), subplot_titles=list(gates)
    )
    for row, (layer, weights) in enumerate(gates.items(), start=1):
        order = np.argsort(-weights.mean(axis=0), kind="stable")
        steps, channels = weights.shape
        at = when if steps == len(centre) else "all steps"
        figure.add_trace(
            go.Heatmap(
                z=weights[:, order],
                # One row holds for the whole window.
                y=centre if steps > 1 else edges_ms[[0, -1]],
                customdata=np.broadcast_to(order, (steps, channels)),
                coloraxis="coloraxis",
                hovertemplate=f"{layer}, channel %{{customdata}}, {at}"
                "<br>gate %{z:.3f}<extra></extra>",
            ),
            row=row,
            col=1,
        )
        figure.update_xaxes(showticklabels=False, ticks="", row=row, col=1)
        figure.update_yaxes(title_text=unit, nticks=3, row=row, col=1)
    figure.update_xaxes(title_text="channels, the most open first", row=len(gates), col=1)
    return laid_out(
        figure,
        dark=dark,
        height=90 + 110 * len(gates),
        coloraxis={
            "colorscale": GATE_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": scale_bar("gate", nticks=5),
        },
    )

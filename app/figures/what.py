"""What: channels and their gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_A, GATE_SCALE, colour_b, laid_out, scale_bar, typeset

#: Marks of the kinds of channels, those of the tiles and of printed figures.
_SYMBOLS = {
    "silent": "x-thin-open",
    "saturated": "square-open",
    "background": "circle-open",
    "selective": "circle",
}


def channel_rates(
    rows: Sequence[Mapping[str, Any]], *, names: Sequence[str], dark: bool
) -> go.Figure:
    """Draw the rate of each channel of a layer, A and B over each other.

    Channels stand by rank, each network's busiest first; or, where channels of one number are
    compared, by A's rank, with B's rate of the same channel above or below A's.

    Args:
        rows: A row for each pair of channels, as `masnn.channels.table` makes them.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    layer = rows[0]["layer"]
    by_rank = rows[0]["matched_by"] == "rank"
    figure = go.Figure()
    for who, name, colour in zip("AB", names, (COLOUR_A, colour_b(dark)), strict=True):
        there = [row for row in rows if row[f"rate_{who}"] is not None]
        there.sort(key=lambda row: row[f"rank_{who}" if by_rank else "rank_A"])
        if not there:
            continue
        size = 7 if len(there) <= 64 else 5
        figure.add_trace(
            go.Scatter(
                x=np.arange(1, len(there) + 1),
                y=[row[f"rate_{who}"] for row in there],
                customdata=[
                    (row[f"channel_{who}"], row[f"rank_{who}"], row[f"kind_{who}"], _change(row))
                    for row in there
                ],
                mode="lines+markers" if by_rank or who == "A" else "markers",
                name=f"{who} {name}",
                line={"color": colour, "width": 1.5},
                marker={
                    "color": colour,
                    "size": size,
                    "symbol": [_SYMBOLS[row[f"kind_{who}"]] for row in there],
                    "line": {"color": colour, "width": 1.8},
                },
                cliponaxis=False,
                hovertemplate=f"{who}\u2019s channel %{{customdata[0]}}: %{{y:.4f}}, "
                "%{customdata[2]}"
                + ("" if by_rank else f", rank %{{customdata[1]}} in {who}")
                + ("%{customdata[3]}" if who == "B" else "")
                + "<extra></extra>",
            )
        )
    of = "rank of the channel" if by_rank else "rank in A of the channel"
    figure.update_xaxes(
        title_text=f"{of} in {layer}",
        range=[0.4, len(rows) + 0.6],
        # No rank lies between two.
        **({"dtick": 1} if len(rows) <= 12 else {"nticks": 10}),
        unifiedhovertitle={"text": "rank %{x}"},
        showspikes=False,  # on a dark page it would be broad and white
    )
    figure.update_yaxes(title_text="rate (spikes per neuron and step)", rangemode="tozero")
    figure = laid_out(figure, dark=dark, height=320, hovermode="x unified")
    # A ground of its own: what lies over a page that shines through is not read.
    figure.update_layout(hoverlabel_bgcolor="#1d2128" if dark else "#ffffff")
    return figure


def _change(row: Mapping[str, Any]) -> str:
    change = row["rate_B-A"]
    return "" if change is None else f"<br>B \u2212 A {typeset(change, '+.4f')}"


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

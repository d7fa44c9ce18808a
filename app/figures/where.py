"""Where: maps over the sensor's plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_OFF, COLOUR_ON, RATE_SCALE, difference_scale, laid_out


def response_maps(
    layer: str, a: NDArray[np.floating], b: NDArray[np.floating], *, names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw one layer's rate maps A | B | B - A (paper Fig. 6, with one scale for A and B).

    Args:
        layer: Name of the layer.
        a: A's rate per neuron and step, mean over T and C, shape (H, W).
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    top = max(float(a.max()), float(b.max())) or 1.0
    change = b - a
    reach = float(np.abs(change).max()) or 1.0
    figure = make_subplots(
        cols=3, horizontal_spacing=0.03,
        subplot_titles=(f"A  {names[0]}", f"B  {names[1]}", "B \u2212 A"),
    )
    unit = "spikes per neuron and step"
    for column, (values, axis) in enumerate(((a, "coloraxis"), (b, "coloraxis"), (change, "coloraxis2"))):
        figure.add_trace(
            go.Heatmap(
                z=values.astype(np.float32),
                coloraxis=axis,
                hovertemplate=f"{layer}  x %{{x}}, y %{{y}}<br>%{{z:.3f}} {unit}<extra></extra>",
            ),
            row=1, col=column + 1,
        )
        suffix = "" if column == 0 else str(column + 1)
        figure.update_xaxes(visible=False, constrain="domain", row=1, col=column + 1)
        figure.update_yaxes(
            visible=False, autorange="reversed", scaleanchor=f"x{suffix}", constrain="domain",
            row=1, col=column + 1,
        )
    bar = {"orientation": "h", "thickness": 10, "y": -0.04, "yanchor": "top", "tickfont": {"size": 11},
           "nticks": 4, "outlinewidth": 0}
    laid_out(
        figure,
        dark=dark,
        height=330,
        coloraxis={
            "colorscale": RATE_SCALE, "cmin": 0, "cmax": top,
            "colorbar": {**bar, "x": 0.32, "len": 0.6, "title": {"text": "rate", "side": "top"}},
        },
        coloraxis2={
            "colorscale": difference_scale(dark), "cmin": -reach, "cmax": reach,
            "colorbar": {**bar, "x": 0.85, "len": 0.3,
                         "title": {"text": "A more \u2190 \u2192 B more", "side": "top"}},
        },
    )
    return figure


def event_image(on: NDArray[np.integer], off: NDArray[np.integer], *, dark: bool) -> go.Figure:
    """Draw the events that the networks saw, ON and OFF over the whole window.

    Args:
        on: ON events per pixel, shape (H, W).
        off: OFF events per pixel, shape (H, W).
        dark: Whether the page is dark.
    """
    n = (on + off).astype(np.float64)
    # Strength by rank of the count, not by the count: one hot pixel must not blacken the rest.
    reach = max(float(np.percentile(n[n > 0], 95)), 1.0) if n.any() else 1.0
    strength = np.clip(n / reach, 0, 1)[..., None]
    share = np.divide(on, n, out=np.full(n.shape, 0.5), where=n > 0)[..., None]
    ink = share * _rgb(COLOUR_ON) + (1 - share) * _rgb(COLOUR_OFF)
    paper = _rgb("#0e1117" if dark else "#ffffff")
    figure = go.Figure(
        go.Image(
            z=(paper + (ink - paper) * strength).astype(np.uint8),
            customdata=np.stack((on, off), axis=-1).astype(np.int32),
            hovertemplate="x %{x}, y %{y}<br>%{customdata[0]} ON, %{customdata[1]} OFF"
            "<extra></extra>",
        )
    )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    laid_out(figure, dark=dark, height=260)
    figure.update_layout(margin={"l": 0, "r": 0, "t": 4, "b": 4})
    return figure


def spatial_gates(
    gates: dict[str, NDArray[np.floating]], *, dark: bool
) -> go.Figure:
    """Draw each layer's spatial gate, mean over its steps.

    Args:
        gates: Weights by layer, each (T or 1, H, W).
        dark: Whether the page is dark.
    """
    figure = make_subplots(cols=len(gates), horizontal_spacing=0.03, subplot_titles=list(gates))
    for column, (layer, weights) in enumerate(gates.items(), start=1):
        figure.add_trace(
            go.Heatmap(
                z=weights.mean(axis=0),
                coloraxis="coloraxis",
                hovertemplate=f"{layer}  x %{{x}}, y %{{y}}<br>gate %{{z:.3f}}<extra></extra>",
            ),
            row=1, col=column,
        )
        suffix = "" if column == 1 else str(column)
        figure.update_xaxes(visible=False, constrain="domain", row=1, col=column)
        figure.update_yaxes(
            visible=False, autorange="reversed", scaleanchor=f"x{suffix}", constrain="domain",
            row=1, col=column,
        )
    laid_out(
        figure,
        dark=dark,
        height=300,
        coloraxis={
            "colorscale": "Cividis", "cmin": 0, "cmax": 1,
            "colorbar": {"thickness": 10, "orientation": "h", "y": -0.04, "yanchor": "top",
                         "len": 0.5, "outlinewidth": 0, "nticks": 5},
        },
    )
    return figure


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float64)

"""Where: maps over the sensor's plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import (
    COLOUR_OFF,
    COLOUR_ON,
    GATE_SCALE,
    RATE_SCALE,
    difference_scale,
    laid_out,
)


def response_maps(
    layer: str,
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    names: Sequence[str],
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
        cols=3,
        horizontal_spacing=0.03,
        subplot_titles=(f"A  {names[0]}", f"B  {names[1]}", "B \u2212 A"),
    )
    unit = "spikes per neuron and step"
    for column, (values, axis) in enumerate(
        ((a, "coloraxis"), (b, "coloraxis"), (change, "coloraxis2"))
    ):
        figure.add_trace(
            go.Heatmap(
                z=values.astype(np.float32),
                coloraxis=axis,
                hovertemplate=f"{layer}  x %{{x}}, y %{{y}}<br>%{{z:.3f}} {unit}<extra></extra>",
            ),
            row=1,
            col=column + 1,
        )
        suffix = "" if column == 0 else str(column + 1)
        figure.update_xaxes(visible=False, constrain="domain", row=1, col=column + 1)
        figure.update_yaxes(
            visible=False,
            autorange="reversed",
            scaleanchor=f"x{suffix}",
            constrain="domain",
            row=1,
            col=column + 1,
        )
    bar = {
        "orientation": "h",
        "thickness": 10,
        "y": -0.02,
        "yanchor": "top",
        "outlinewidth": 0,
        "tickfont": {"size": 11},
        "nticks": 5,
    }
    laid_out(
        figure,
        dark=dark,
        height=300,
        coloraxis={
            "colorscale": RATE_SCALE,
            "cmin": 0,
            "cmax": top,
            "colorbar": {**bar, "x": 0.325, "len": 0.55},
        },
        coloraxis2={
            "colorscale": difference_scale(dark),
            "cmin": -reach,
            "cmax": reach,
            "colorbar": {**bar, "x": 0.845, "len": 0.28},
        },
    )
    return figure


def event_images(on: NDArray[np.integer], off: NDArray[np.integer], *, dark: bool) -> go.Figure:
    """Draw the events that the networks saw, ON above OFF, over the whole window.

    Args:
        on: ON events per pixel, shape (H, W).
        off: OFF events per pixel, shape (H, W).
        dark: Whether the page is dark.
    """
    both = np.concatenate((on, off)).ravel()
    # One strong pixel must not blacken the rest: the scale ends at the 99th percentile.
    top = max(float(np.percentile(both[both > 0], 99)), 1.0) if both.any() else 1.0
    paper = "rgb(14,17,23)" if dark else "rgb(255,255,255)"
    figure = make_subplots(rows=2, vertical_spacing=0.1, subplot_titles=("ON", "OFF"))
    for row, (name, counts, colour) in enumerate(
        (("ON", on, COLOUR_ON), ("OFF", off, COLOUR_OFF)), start=1
    ):
        figure.add_trace(
            go.Heatmap(
                z=counts.astype(np.int32),
                zmin=0,
                zmax=top,
                showscale=False,
                colorscale=[(0, paper), (1, colour)],
                hovertemplate=f"x %{{x}}, y %{{y}}<br>%{{z}} {name} events<extra></extra>",
            ),
            row=row,
            col=1,
        )
        suffix = "" if row == 1 else str(row)
        figure.update_xaxes(visible=False, constrain="domain", row=row, col=1)
        figure.update_yaxes(
            visible=False,
            autorange="reversed",
            scaleanchor=f"x{suffix}",
            constrain="domain",
            row=row,
            col=1,
        )
    return laid_out(figure, dark=dark, height=340)


def spatial_gates(gates: dict[str, NDArray[np.floating]], *, dark: bool) -> go.Figure:
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
            row=1,
            col=column,
        )
        suffix = "" if column == 1 else str(column)
        figure.update_xaxes(visible=False, constrain="domain", row=1, col=column)
        figure.update_yaxes(
            visible=False,
            autorange="reversed",
            scaleanchor=f"x{suffix}",
            constrain="domain",
            row=1,
            col=column,
        )
    laid_out(
        figure,
        dark=dark,
        height=300,
        coloraxis={
            "colorscale": GATE_SCALE,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {
                "thickness": 10,
                "orientation": "h",
                "y": -0.04,
                "yanchor": "top",
                "len": 0.5,
                "outlinewidth": 0,
                "nticks": 5,
            },
        },
    )
    return figure

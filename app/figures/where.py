"""Where: maps over the sensor's plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import (
    COLOUR_OFF,
    COLOUR_ON,
    RATE_SCALE,
    difference_scale,
    laid_out,
)


def response_maps(
    layer: str,
    a: NDArray[np.floating] | None,
    b: NDArray[np.floating] | None,
    *,
    names: Sequence[str],
    dark: bool,
    difference: bool = True,
) -> go.Figure:
    """Draw one layer's rate maps A | B | B - A (paper Fig. 6, with one scale for A and B).

    Each map keeps its column, so that layers of one page stand under each other.

    Args:
        layer: Name of the layer.
        a: A's rate per neuron and step, mean over T and C, shape (H, W); None if A lacks it.
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
        difference: Whether places of A and B are the same, and B - A a map.
    """
    top = max(float(values.max()) for values in (a, b) if values is not None) or 1.0
    change = b - a if difference and a is not None and b is not None else None
    reach = (0.0 if change is None else float(np.abs(change).max())) or 1.0
    shown = (
        (f"A  {names[0]}", a, "coloraxis"),
        (f"B  {names[1]}", b, "coloraxis"),
        ("B \u2212 A", change, "coloraxis2"),
    )
    # Plotly drops an empty title and with it the place of those that follow.
    titles = [title if values is not None else " " for title, values, _ in shown]
    figure = make_subplots(cols=3, horizontal_spacing=0.03, subplot_titles=titles)
    unit = "spikes per neuron and step"
    for column, (_, values, axis) in enumerate(shown, start=1):
        if values is not None:
            figure.add_trace(
                go.Heatmap(
                    z=values.astype(np.float32),
                    coloraxis=axis,
                    hovertemplate=f"{layer}  x %{{x}}, y %{{y}}<br>%{{z:.3f}} {unit}"
                    "<extra></extra>",
                ),
                row=1,
                col=column,
            )
        _as_plane(figure, 1, column, 3)
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
            "showscale": change is not None,
        },
    )
    return figure


def event_images(images: Mapping[str, NDArray[np.integer]], *, dark: bool) -> go.Figure:
    """Draw the events that the networks saw, ON above OFF, over the whole window.

    Args:
        images: Events per pixel (OFF, ON), shape (2, H, W), by who saw them; a column for each.
        dark: Whether the page is dark.
    """
    paper = "rgb(14,17,23)" if dark else "rgb(255,255,255)"
    polarities = (("ON", 1, COLOUR_ON), ("OFF", 0, COLOUR_OFF))
    titles = [f"{name}, {who}" if who else name for name, _, _ in polarities for who in images]
    figure = make_subplots(rows=2, cols=len(images), vertical_spacing=0.1, subplot_titles=titles)
    for column, counts in enumerate(images.values(), start=1):
        # One strong pixel must not blacken the rest: the scale ends at the 99th percentile.
        fired = counts[counts > 0]
        top = max(float(np.percentile(fired, 99)), 1.0) if fired.size else 1.0
        for row, (name, index, colour) in enumerate(polarities, start=1):
            figure.add_trace(
                go.Heatmap(
                    z=counts[index].astype(np.int32),
                    zmin=0,
                    zmax=top,
                    showscale=False,
                    colorscale=[(0, paper), (1, colour)],
                    hovertemplate=f"x %{{x}}, y %{{y}}<br>%{{z}} {name} events<extra></extra>",
                ),
                row=row,
                col=column,
            )
            _as_plane(figure, row, column, len(images))
    return laid_out(figure, dark=dark, height=340)


def _as_plane(figure: go.Figure, row: int, column: int, cols: int) -> None:
    """Give a cell the sensor's axes: origin top left, square pixels, no ticks."""
    index = (row - 1) * cols + column
    figure.update_xaxes(visible=False, constrain="domain", row=row, col=column)
    figure.update_yaxes(
        visible=False,
        autorange="reversed",
        scaleanchor="x" if index == 1 else f"x{index}",
        constrain="domain",
        row=row,
        col=column,
    )

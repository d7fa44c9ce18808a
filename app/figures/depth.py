"""Depth: how a signal comes back through residual blocks, and what each block does to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import RATE_SCALE, design_line, laid_out

#: phi that is less than this is drawn as this: its logarithm has no end.
_LEAST = 1e-4


@dataclass(frozen=True)
class Line:
    """Hold a line of one design.

    Args:
        title: What it is called.
        at: Where, (n,): blocks, or numbers of blocks.
        values: What, (n,); not a number where there is nothing to draw.
        errors: Standard errors, (n,); not a number of those that have none.
    """

    title: str
    at: Sequence[int]
    values: NDArray[np.floating]
    errors: NDArray[np.floating] | None = None


def lines(
    drawn: Mapping[str, Line],
    *,
    x: str,
    y: str,
    dark: bool,
    log: bool = False,
    beside: Mapping[str, Line] | None = None,
    marks: bool = False,
) -> go.Figure:
    """Draw a line for each design.

    Args:
        drawn: Lines by design.
        x: What `at` is.
        y: What `values` are.
        dark: Whether the page is dark.
        log: Whether values are drawn as their logarithms, and 1 is marked.
        beside: What is expected of the same designs, drawn as short bars.
        marks: Whether each value has a mark.
    """
    figure = go.Figure()
    for design, line in drawn.items():
        colour, dash, symbol = design_line(design, dark)
        errors = None if line.errors is None else np.nan_to_num(line.errors)
        figure.add_trace(
            go.Scatter(
                x=list(line.at),
                y=np.maximum(line.values, _LEAST) if log else line.values,
                error_y={"array": errors, "thickness": 1, "width": 2}
                if errors is not None
                else None,
                name=line.title,
                mode="lines+markers" if marks else "lines",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"symbol": symbol, "size": 8},
                hovertemplate=f"{line.title}<br>{x} %{{x}}: %{{y:.4g}}<extra></extra>",
            )
        )
        if beside is not None:
            expected = beside[design]
            figure.add_trace(
                go.Scatter(
                    x=list(expected.at),
                    y=expected.values,
                    mode="markers",
                    marker={"symbol": "line-ew", "size": 20}
                    | {"line": {"color": colour, "width": 2}},
                    showlegend=False,
                    hovertemplate=f"{line.title}, product of \u03c6<br>{x} %{{x}}: %{{y:.4g}}"
                    "<extra></extra>",
                )
            )
    if log:
        ink = "rgba(255,255,255,0.6)" if dark else "rgba(0,0,0,0.55)"
        figure.add_hline(1, line={"color": ink, "dash": "dot", "width": 1})
        figure.update_yaxes(type="log", dtick=1, exponentformat="power")
    figure.update_xaxes(title_text=x)
    figure.update_yaxes(title_text=y)
    figure = laid_out(figure, dark=dark, height=370)
    # Below the axis, where a narrow page has room for two rows of names.
    below = {"x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container"}
    figure.update_layout(legend=below, margin={"b": 96, "t": 12})
    return figure


def signals(
    pictures: Mapping[str, Sequence[NDArray[np.floating]]],
    places: Sequence[str],
    *,
    dark: bool,
) -> go.Figure:
    """Draw a signal where it starts and at places on its way back, a row for each design.

    Args:
        pictures: By a design's title, the signal's strength at each place, (H, W).
        places: Names of the places, in the order of the pictures.
        dark: Whether the page is dark.
    """
    names = list(pictures)
    figure = make_subplots(
        len(names),
        len(places),
        column_titles=list(places),
        horizontal_spacing=0.012,
        vertical_spacing=0.28 / max(1, len(names)),
    )
    top = max((float(p.max()) for row in pictures.values() for p in row), default=1.0)
    for row, name in enumerate(names, start=1):
        for column, picture in enumerate(pictures[name], start=1):
            figure.add_trace(
                go.Heatmap(
                    z=picture,
                    coloraxis="coloraxis",
                    hovertemplate=f"{name}, {places[column - 1]}<br>%{{z:.3g}}<extra></extra>",
                ),
                row,
                column,
            )
        number = (row - 1) * len(places) + 1
        axis = figure.layout["yaxis" if number == 1 else f"yaxis{number}"]
        figure.add_annotation(
            text=name,
            x=0,
            xref="paper",
            xanchor="left",
            y=axis.domain[1],
            yref="paper",
            yanchor="bottom",
            yshift=18 if row == 1 else 2,
            showarrow=False,
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure = laid_out(
        figure,
        dark=dark,
        height=70 + 130 * len(names),
        coloraxis={"colorscale": RATE_SCALE, "cmin": 0, "cmax": top or 1.0, "showscale": False},
    )
    figure.update_layout(margin={"t": 52})
    return figure

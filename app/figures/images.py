"""Still images: what was seen, what was voted for, what fired."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from PIL import Image
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_A, RATE_SCALE, colour_b, laid_out

#: Of more classes than this the highest of A and of B are drawn, half of it each.
MOST_CLASSES = 20

#: Maps beside each other: on a phone each is still 60 px wide.
_PER_ROW = 5

#: Letters of a class's name below the axis.
_LETTERS = 18

Maps = Mapping[str, NDArray[np.floating]]


def seen(pixels: NDArray[np.uint8], *, dark: bool) -> go.Figure:
    """Draw a picture as a network's data set would have it: each pixel a square.

    Args:
        pixels: Grey (H, W) or RGB (H, W, 3).
        dark: Whether the page is dark.
    """
    if pixels.ndim == 3:
        trace: go.Image | go.Heatmap = go.Image(source=_png(pixels), hoverinfo="skip")
    else:
        trace = go.Heatmap(
            z=pixels.astype(np.int32),
            zmin=0,
            zmax=255,
            showscale=False,
            colorscale=[(0, "rgb(12,12,12)"), (1, "rgb(255,255,255)")],
            hovertemplate="x %{x}, y %{y}<br>%{z} of 255<extra></extra>",
        )
    figure = go.Figure(trace)
    _as_plane(figure)
    height, width = pixels.shape[:2]
    corners = {"x0": -0.5, "x1": width - 0.5, "y0": -0.5, "y1": height - 0.5}
    # Ink is white, and so may the page be.
    figure.add_shape(type="rect", line={"color": "rgb(128,128,128)", "width": 1}, **corners)
    return laid_out(figure, dark=dark, height=190)


def _png(pixels: NDArray[np.uint8]) -> str:
    """Return a picture as an address that holds it: as numbers in text it takes ten times more."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def votes(
    classes: Sequence[str], a: NDArray[np.floating], b: NDArray[np.floating], *, dark: bool
) -> go.Figure:
    """Draw the share of the softmax that each class has in A and in B.

    Of many classes the highest of each are drawn, on an axis that ends where they do.

    Args:
        classes: Their names.
        a: A's shares, (n_classes,), sum 1.
        b: B's.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    shown, top = np.arange(len(classes)), 1.0
    if len(classes) > MOST_CLASSES:
        shown = highest(a, b)
        top = 1.05 * float(max(a.max(), b.max()))
    names = [classes[int(i)] for i in shown]
    for who, shares, colour in (("A", a, COLOUR_A), ("B", b, colour_b(dark))):
        figure.add_trace(
            go.Bar(
                x=np.arange(len(shown)),
                y=shares[shown],
                customdata=names,
                name=who,
                marker_color=colour,
                hovertemplate=f"{who}, class %{{customdata}}: %{{y:.1%}}<extra></extra>",
            )
        )
    ticks = {"tickvals": np.arange(len(shown)), "ticktext": [_short(name) for name in names]}
    # Names that stand upright leave no room for a title.
    figure.update_xaxes(**ticks, title_text="class" if len(shown) == len(classes) else "")
    digits = 0 if top > 0.1 else 1 if top > 0.01 else 2
    figure.update_yaxes(range=[0, top], tickformat=f".{digits}%", title_text="share")
    return laid_out(figure, dark=dark, height=250, barmode="group", bargap=0.3)


def highest(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the classes of the highest shares in A and in B, the highest in either first."""
    either = np.maximum(a, b)
    each = [np.argsort(-shares, kind="stable")[: MOST_CLASSES // 2] for shares in (a, b)]
    found = np.unique(np.concatenate(each))
    return found[np.argsort(-either[found], kind="stable")]


def _short(name: str) -> str:
    """Return as much of a class's name as an axis has room for."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}\u2026"


def layer_rates(a: Mapping[str, float], b: Mapping[str, float], *, dark: bool) -> go.Figure:
    """Draw the firing rate of every layer, from the input on, A beside B.

    Args:
        a: A's LASFR by layer.
        b: B's.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    for who, rates, colour in (("A", a, COLOUR_A), ("B", b, colour_b(dark))):
        figure.add_trace(
            go.Scatter(
                x=list(rates),
                y=list(rates.values()),
                name=who,
                mode="lines+markers",
                line={"color": colour, "width": 2},
                hovertemplate=f"{who}, %{{x}}: %{{y:.3f}} spikes per neuron and step"
                "<extra></extra>",
            )
        )
    figure.update_xaxes(type="category", tickangle=-60, tickfont={"size": 11})
    figure.update_yaxes(rangemode="tozero")
    return laid_out(figure, dark=dark, height=290)


def block_maps(a: Maps, b: Maps, *, dark: bool) -> go.Figure:
    """Draw where each block's neurons fire, A above B, from the input on, on one scale.

    Args:
        a: A's rate per place by layer, mean over T and C, each (H, W).
        b: B's; the layers of A.
        dark: Whether the page is dark.
    """
    top = max(float(m.max()) for maps in (a, b) for m in maps.values()) or 1.0
    rows = 2 * -(-len(a) // _PER_ROW)
    titles = [" "] * (rows * _PER_ROW)  # an empty one would lose its place
    figure = make_subplots(
        rows=rows,
        cols=_PER_ROW,
        horizontal_spacing=0.02,
        vertical_spacing=0.24 / rows,
        subplot_titles=titles,
    )
    for i, layer in enumerate(a):
        band, column = divmod(i, _PER_ROW)
        for row, (who, maps) in enumerate((("A", a), ("B", b)), start=2 * band + 1):
            figure.layout.annotations[(row - 1) * _PER_ROW + column].text = f"{who} {layer}"
            figure.add_trace(
                go.Heatmap(
                    z=maps[layer].astype(np.float32),
                    coloraxis="coloraxis",
                    hovertemplate=f"{who}, {layer}  x %{{x}}, y %{{y}}<br>%{{z:.3f}} spikes per "
                    "neuron and step<extra></extra>",
                ),
                row=row,
                col=column + 1,
            )
    _as_plane(figure)
    bar = {"orientation": "h", "thickness": 10, "len": 0.5, "y": -0.03, "yanchor": "top"}
    scale = {"colorscale": RATE_SCALE, "cmin": 0, "cmax": top, "colorbar": bar}
    return laid_out(figure, dark=dark, height=70 + 110 * rows, coloraxis=scale)


def _as_plane(figure: go.Figure) -> None:
    """Give every cell a picture's axes: origin top left, square pixels, no ticks."""
    for axis in figure.select_yaxes():
        axis.update(visible=False, autorange="reversed", constrain="domain")
        axis.update(scaleanchor=axis.anchor or "x")
    figure.update_xaxes(visible=False, constrain="domain")

"""Responses over a data set: tiles for the browser, and charts; no Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures import style
from app.figures.block import Block, colour_table
from app.figures.stairs import outline
from app.figures.style import COLOUR_A, RATE_SCALE, colour_b, laid_out

#: The most cells of a layer that travel at once; of larger ones a few steps do.
MAX_CELLS = 1 << 23


class Layer(NamedTuple):
    """Say how the channels of one network's layer respond.

    Args:
        title: The network's name.
        n: Recordings.
        counts: Those in which each neuron fires at each step, (T, C, H, W).
        silent: Silent channels at each step, (T,).
        near: Near-one channels at each step, (T,).
    """

    title: str
    n: int
    counts: NDArray[np.integer]
    silent: NDArray[np.integer]
    near: NDArray[np.integer]


def shown_steps(layers: Sequence[Layer | None], few: Sequence[int]) -> list[int]:
    """Return the steps that travel to the browser: all, or the `few` where all are too many."""
    there = [layer for layer in layers if layer is not None]
    T = min(len(layer.counts) for layer in there)
    if sum(layer.counts.size for layer in there) <= MAX_CELLS:
        return list(range(T))
    return [step for step in few if step < T]


def content(
    layers: Sequence[Layer | None],
    steps: Sequence[int],
    first: int,
    dt_ms: float,
) -> bytes:
    """Return all that the tiles of one layer of A and B need.

    Args:
        layers: The layer in A and in B, None where there is none.
        steps: The steps that can be looked at, from 0.
        first: The one that is shown first, an index of `steps`.
        dt_ms: Duration of a step in ms.
    """
    block = Block()
    chosen = list(steps)
    sides: list[dict[str, Any]] = []
    top = 0.0
    for layer in layers:
        if layer is None:
            sides.append({"shape": None})
            continue
        counts = layer.counts[chosen]
        top = max(top, float(layer.counts.max()) / layer.n)
        wide = layer.n > np.iinfo(np.uint8).max
        sides.append(
            {
                "title": layer.title,
                "n": layer.n,
                "shape": list(counts.shape[1:]),
                "counts": block.put(counts, "i4" if layer.n > 65_535 else "u2" if wide else "u1"),
                "silent": [int(layer.silent[t]) for t in chosen],
                "near": [int(layer.near[t]) for t in chosen],
            }
        )
    most = max(len(layer.counts) for layer in layers if layer is not None)
    table = block.put(colour_table(style.RATE_SCALE), "u1")
    header = {"sides": sides, "steps": chosen, "first": first, "dt_ms": dt_ms, "T": most}
    return block.closed({**header, "top": top or 1.0, "table": table})


def mean_inputs(inputs: Mapping[str, NDArray[np.floating]], *, dark: bool) -> go.Figure:
    """Draw the means of what was shown: events of both polarities, or pixels of pictures.

    Args:
        inputs: By the title, (C, H, W): two channels are polarities, one or three a picture's.
        dark: Whether the page is dark.
    """
    figure = make_subplots(cols=len(inputs), subplot_titles=list(inputs), horizontal_spacing=0.04)
    events = all(len(mean) == 2 for mean in inputs.values())
    top = max(float(mean.sum(0).max()) for mean in inputs.values()) if events else 255.0
    # Much is ink on the page; of a picture much is light.
    empty, full = ((22, 25, 31), (240, 242, 246)) if dark else ((255, 255, 255), (20, 22, 28))
    ends = (empty, full) if events else ((12, 12, 12), (255, 255, 255))
    for column, mean in enumerate(inputs.values(), start=1):
        if len(mean) == 3:
            pixels = np.rint(mean.transpose(1, 2, 0)).astype(np.uint8)
            trace: go.Image | go.Heatmap = go.Image(z=pixels, hoverinfo="skip")
        else:
            unit = "events" if events else "of 255"
            trace = go.Heatmap(
                z=mean.sum(0),
                zmin=0,
                zmax=top or 1.0,
                showscale=column == len(inputs),
                colorscale=[(at, f"rgb{colour}") for at, colour in zip((0, 1), ends, strict=True)],
                colorbar={"title": {"text": unit}, "thickness": 10},
                hovertemplate=f"x %{{x}}, y %{{y}}<br>%{{z:.2f}} {unit}<extra></extra>",
            )
        figure.add_trace(trace, row=1, col=column)
        axis = "" if column == 1 else str(column)
        figure.update_xaxes(visible=False, constrain="domain", row=1, col=column)
        figure.update_yaxes(
            visible=False, autorange="reversed", scaleanchor=f"x{axis}", constrain="domain",
            row=1, col=column,
        )  # fmt: skip
    return laid_out(figure, dark=dark, height=230)


def channel_kinds(layers: Sequence[Layer | None], *, dark: bool) -> go.Figure:
    """Draw how many channels are silent and near one at each step, A and B."""
    figure = make_subplots(
        cols=2, subplot_titles=["silent channels", "near-one channels"], horizontal_spacing=0.1
    )
    for who, layer, colour in zip("AB", layers, (COLOUR_A, colour_b(dark)), strict=False):
        if layer is None:
            continue
        for column, values in enumerate((layer.silent, layer.near), start=1):
            figure.add_trace(
                go.Scatter(
                    x=np.arange(1, len(values) + 1),
                    y=values,
                    name=f"{who} {layer.title}",
                    legendgroup=who,
                    showlegend=column == 1,
                    mode="lines+markers",
                    line={"color": colour, "width": 2.5},
                    # Where both are equal, A is still seen around B.
                    marker={"size": 11, "symbol": "circle-open", "line": {"width": 2}}
                    if who == "A"
                    else {"size": 6, "symbol": "square"},
                    hovertemplate=f"{who}, step %{{x}}: %{{y}} channels<extra></extra>",
                ),
                row=1,
                col=column,
            )
    most = max(int(v.max()) for x in layers if x is not None for v in (x.silent, x.near))
    figure.update_xaxes(title_text="step", tickformat="d")
    figure.update_yaxes(range=[-0.05 * max(most, 4), 1.08 * max(most, 4)], tickformat="d")
    laid_out(figure, dark=dark, height=270)
    return figure.update_layout(legend={"y": 1.12})


def distribution(
    rates: Mapping[str, NDArray[np.floating]], *, names: Sequence[str], dark: bool
) -> go.Figure:
    """Draw how a rate is distributed over recordings, A's and B's outlines over each other.

    Args:
        rates: By "A" and "B", the NASFR of each recording, (n,).
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    edges = np.histogram_bin_edges(np.concatenate(list(rates.values())), 48)
    figure = go.Figure()
    for who, name, colour in zip(rates, names, (COLOUR_A, colour_b(dark)), strict=False):
        counts, _ = np.histogram(rates[who], edges)
        told = [
            f"{who}, NASFR {low:.4f} to {high:.4f}: {n} recordings"
            for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
        ]
        figure.add_traces(outline(who, name, edges, counts, told, colour=colour, floor=0))
    room = 0.06 * (edges[-1] - edges[0])  # between the first bar and the other axis's words
    figure.update_xaxes(
        title_text="NASFR of a recording",
        range=[edges[0] - room, edges[-1] + room],
        ticklabelstandoff=5,
    )
    figure.update_yaxes(title_text="recordings", tickformat="d", ticklabelstandoff=5)
    return laid_out(figure, dark=dark, height=260)


def confusion(
    matrices: Mapping[str, NDArray[np.integer]],
    classes: Sequence[str],
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw recordings by true class (row) and predicted class (column), on one colour scale.

    Args:
        matrices: By "A" and "B", (classes, classes).
        classes: Their names.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    titles = [f"{who}  {name}" for who, name in zip(matrices, names, strict=False)]
    figure = make_subplots(cols=len(matrices), subplot_titles=titles, horizontal_spacing=0.08)
    labels = [name.replace("_", " ") for name in classes]
    top = max(int(matrix.max()) for matrix in matrices.values())
    words = len(classes) <= 12
    # Tints of each network's colour: numbers in the page's ink are read on all of them.
    tints = ("rgba(213,94,0,0.5)", "rgba(86,180,233,0.5)" if dark else "rgba(0,114,178,0.4)")
    for column, (who, matrix) in enumerate(matrices.items(), start=1):
        figure.add_trace(
            go.Heatmap(
                z=matrix,
                x=labels,
                y=labels,
                zmin=0,
                zmax=top,
                showscale=False,
                colorscale=[(0, "rgba(128,128,128,0.05)"), (1, tints[column - 1])],
                textfont={"color": "#e6e8ec" if dark else "#262730"},
                xgap=1,
                ygap=1,
                # Noughts would hide what is wrong.
                text=np.where(matrix > 0, matrix.astype(str), "") if words else None,
                texttemplate="%{text}" if words else None,
                hovertemplate=f"{who}: %{{z}} of class %{{y}} called %{{x}}<extra></extra>",
            ),
            row=1,
            col=column,
        )
    figure.update_xaxes(title_text="prediction", type="category")
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_yaxes(title_text="class", col=1)
    return laid_out(figure, dark=dark, height=380)


def class_spikes(
    spikes: Mapping[str, NDArray[np.floating]],
    classes: Sequence[str],
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw the mean spikes of a recording by class, A beside B.

    Args:
        spikes: By "A" and "B", mean spikes of each class, (classes,); not a number where there is
            no recording.
        classes: Their names.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    labels = [name.replace("_", " ") for name in classes]
    for who, name, colour in zip(spikes, names, (COLOUR_A, colour_b(dark)), strict=False):
        figure.add_trace(
            go.Bar(
                x=labels,
                y=spikes[who],
                name=f"{who} {name}",
                marker_color=colour,
                hovertemplate=f"{who}, class %{{x}}: %{{y:,.0f}} spikes<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text="spikes of a recording", rangemode="tozero")
    return laid_out(figure, dark=dark, height=270, barmode="group", bargap=0.25)


def channels_by_class(
    rates: Mapping[str, NDArray[np.floating]],
    classes: Sequence[str],
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw how much each channel of a layer fires for each class, A above B on one colour scale.

    Args:
        rates: By "A" and "B", spikes per neuron and step, (classes, C).
        classes: Their names.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    titles = [f"{who}  {name}" for who, name in zip(rates, names, strict=False)]
    figure = make_subplots(rows=len(rates), subplot_titles=titles, vertical_spacing=0.16)
    labels = [name.replace("_", " ") for name in classes]
    for row, (who, values) in enumerate(rates.items(), start=1):
        order = np.argsort(-np.nan_to_num(values).mean(0), kind="stable")
        figure.add_trace(
            go.Heatmap(
                z=values[:, order],
                y=labels,
                customdata=np.broadcast_to(order, values.shape),
                coloraxis="coloraxis",
                hovertemplate=f"{who}, class %{{y}}, channel %{{customdata}}: %{{z:.4f}}"
                "<extra></extra>",
            ),
            row=row,
            col=1,
        )
    figure.update_yaxes(autorange="reversed", type="category", title_text="class")
    figure.update_xaxes(showticklabels=False)
    figure.update_xaxes(title_text="channels, the busiest first", row=len(rates), col=1)
    top = max(float(np.nanmax(values)) for values in rates.values()) or 1.0
    bar = {"thickness": 10, "outlinewidth": 0, "nticks": 4}
    scale = {"colorscale": RATE_SCALE, "cmin": 0, "cmax": top, "colorbar": bar}
    return laid_out(figure, dark=dark, height=90 + 210 * len(rates), coloraxis=scale)

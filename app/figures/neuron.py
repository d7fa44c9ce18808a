"""One neuron: what it received, held and fired, and what of the input it can see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_A, COLOUR_OFF, COLOUR_ON, colour_b, laid_out


class Course(NamedTuple):
    """Hold one neuron's course in one network; arrays are (T,), in units of the current.

    Args:
        title: The network's name.
        edges_ms: Borders of the steps in ms, (T + 1,).
        current: X, before any gate.
        current_gated: X', as it is integrated.
        integrated: Potential before the gates on it.
        membrane: U, which meets the threshold.
        spikes: 0 or 1.
        threshold: u_th.
    """

    title: str
    edges_ms: NDArray[np.floating]
    current: NDArray[np.floating]
    current_gated: NDArray[np.floating]
    integrated: NDArray[np.floating]
    membrane: NDArray[np.floating]
    spikes: NDArray[np.integer]
    threshold: float


def courses(a: Course | None, b: Course | None, *, step: int, dark: bool) -> go.Figure:
    """Draw current, potential and spikes of a neuron in A and in B on one time axis.

    Thin dotted lines are before the gates, thick ones after them.

    Args:
        a: The neuron in A, None where A lacks it.
        b: The same of B.
        step: Step that is marked, of B or else of A.
        dark: Whether the page is dark.
    """
    figure = make_subplots(
        rows=3, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.38, 0.47, 0.15]
    )
    seen = [("A", a, COLOUR_A), ("B", b, colour_b(dark))]
    for who, course, colour in seen:
        if course is None:
            continue
        centre = (course.edges_ms[1:] + course.edges_ms[:-1]) / 2
        name = f"{who} {course.title}"
        for row, before, after, word in (
            (1, course.current, course.current_gated, "current"),
            (2, course.integrated, course.membrane, "potential"),
        ):
            for values, dash, width, when in (
                (before, "dot", 1.2, "before gates"),
                (after, "solid", 2.5, ""),
            ):
                if when and np.array_equal(before, after):
                    continue
                figure.add_trace(
                    go.Scatter(
                        x=centre,
                        y=values,
                        mode="lines" if when else "lines+markers",
                        line={"color": colour, "dash": dash, "width": width},
                        marker={"size": 5},
                        name=name,
                        legendgroup=who,
                        showlegend=row == 1 and not when,
                        hovertemplate=f"{who} {word} {when}, %{{x:.0f}} ms: %{{y:.4f}}"
                        "<extra></extra>",
                    ),
                    row=row,
                    col=1,
                )
        fired = course.spikes > 0
        figure.add_trace(
            go.Scatter(
                x=centre[fired],
                y=[who] * int(fired.sum()),
                mode="markers",
                marker={"symbol": "line-ns", "size": 14, "line": {"width": 3, "color": colour}},
                legendgroup=who,
                showlegend=False,
                hovertemplate=f"{who} fires, %{{x:.0f}} ms<extra></extra>",
            ),
            row=3,
            col=1,
        )
    ink = "rgba(255,255,255,0.6)" if dark else "rgba(0,0,0,0.55)"
    for threshold in sorted({c.threshold for _, c, _ in seen if c is not None}):
        figure.add_hline(
            threshold,
            row=2,
            col=1,
            line={"color": ink, "dash": "dash", "width": 1.2},
            annotation_text=f"threshold {threshold:g}",
            annotation_position="top right",
        )
    marked = b if b is not None else a
    if marked is not None:
        figure.add_vrect(
            float(marked.edges_ms[step]),
            float(marked.edges_ms[step + 1]),
            fillcolor=ink,
            opacity=0.15,
            line_width=0,
        )
    figure.update_yaxes(title_text="current X", row=1, col=1)
    figure.update_yaxes(title_text="potential U", row=2, col=1)
    figure.update_yaxes(
        title_text="spikes", type="category", categoryarray=["B", "A"], row=3, col=1
    )
    figure.update_yaxes(range=[-0.6, 1.6], row=3, col=1)
    figure.update_xaxes(title_text="time after the first event (ms)", row=3, col=1)
    return laid_out(figure, dark=dark, height=460)


def receptive_field(
    counts: NDArray[np.integer], field: tuple[int, int, int, int], *, dark: bool
) -> go.Figure:
    """Draw the input of one step, ON against OFF, with a frame around what the neuron sees.

    Args:
        counts: Events, (2, H, W), (OFF, ON).
        field: Rows and columns that can reach the neuron: (y0, y1, x0, x1), half open.
        dark: Whether the page is dark.
    """
    off, on = counts.astype(np.int64)
    balance = on - off
    # One strong pixel must not hide the rest.
    seen = np.abs(balance[balance != 0])
    reach = max(float(np.percentile(seen, 98)), 1.0) if seen.size else 1.0
    paper = "rgb(14,17,23)" if dark else "rgb(255,255,255)"
    figure = go.Figure(
        go.Heatmap(
            z=balance.astype(np.int32),
            zmin=-reach,
            zmax=reach,
            showscale=False,
            colorscale=[(0, COLOUR_OFF), (0.5, paper), (1, COLOUR_ON)],
            customdata=np.stack([on, off], axis=-1).astype(np.int32),
            hovertemplate="x %{x}, y %{y}<br>%{customdata[0]} ON, %{customdata[1]} OFF"
            "<extra></extra>",
        )
    )
    y0, y1, x0, x1 = field
    figure.add_shape(
        type="rect",
        x0=x0 - 0.5,
        x1=x1 - 0.5,
        y0=y0 - 0.5,
        y1=y1 - 0.5,
        line={"color": "#E69F00", "width": 2.5},
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, autorange="reversed", scaleanchor="x", constrain="domain")
    return laid_out(figure, dark=dark, height=300)


class Potentials(NamedTuple):
    """Hold a histogram of a layer's potentials: counts (n,) between edges (n + 1,)."""

    title: str
    counts: NDArray[np.integer]
    edges: NDArray[np.floating]
    threshold: float


def potentials(histograms: Sequence[Potentials | None], *, dark: bool) -> go.Figure:
    """Draw how often a layer's potentials take which value, A over B, with the threshold.

    Args:
        histograms: Of A and of B, None where a network lacks the layer.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    ink = "rgba(255,255,255,0.6)" if dark else "rgba(0,0,0,0.55)"
    for who, found, colour in zip("AB", histograms, (COLOUR_A, colour_b(dark)), strict=True):
        if found is None:
            continue
        figure.add_trace(
            go.Bar(
                x=(found.edges[1:] + found.edges[:-1]) / 2,
                y=found.counts,
                width=np.diff(found.edges),
                name=f"{who} {found.title}",
                marker_color=colour,
                opacity=0.6,
                hovertemplate=f"{who}: %{{y:,}} potentials around %{{x:.3f}}<extra></extra>",
            )
        )
    for threshold in sorted({found.threshold for found in histograms if found is not None}):
        figure.add_vline(
            threshold,
            line={"color": ink, "dash": "dash", "width": 1.5},
            annotation_text=f"threshold {threshold:g}",
            annotation_position="top right",
        )
    figure.update_xaxes(title_text="potential U that meets the threshold")
    figure.update_yaxes(title_text="neurons \u00d7 steps", type="log", dtick=1)
    return laid_out(figure, dark=dark, height=280, barmode="overlay", bargap=0)

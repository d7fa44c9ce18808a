"""When: curves and bars over time steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_A, COLOUR_GATE, COLOUR_OFF, COLOUR_ON, colour_b, laid_out


def activity(
    edges_ms: NDArray[np.floating],
    on: NDArray[np.integer],
    off: NDArray[np.integer],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw the input's events and both networks' firing rates, NSFR(t), on one time axis.

    Args:
        edges_ms: Borders of the steps in ms after the recording's first event, (T + 1,).
        on: ON events of each step, (T,).
        off: OFF events of each step, (T,).
        a: A's spikes per neuron at each step, (T,).
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.4, 0.6])
    centre = (edges_ms[1:] + edges_ms[:-1]) / 2
    for name, counts, colour in (("ON", on, COLOUR_ON), ("OFF", off, COLOUR_OFF)):
        figure.add_trace(
            go.Bar(
                x=centre,
                y=counts,
                name=name,
                marker_color=colour,
                width=np.diff(edges_ms),
                hovertemplate="%{x:.0f} ms: %{y:,} " + name + " events<extra></extra>",
            ),
            row=1,
            col=1,
        )
    for name, rates, colour in (
        (f"A {names[0]}", a, COLOUR_A),
        (f"B {names[1]}", b, colour_b(dark)),
    ):
        figure.add_trace(
            go.Scatter(
                x=centre,
                y=rates,
                name=name,
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                marker={"size": 5},
                hovertemplate=f"{name}, %{{x:.0f}} ms: %{{y:.4f}}<extra></extra>",
            ),
            row=2,
            col=1,
        )
    figure.update_yaxes(title_text="events", row=1, col=1)
    figure.update_yaxes(title_text="NSFR(t)", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(title_text="time after the first event (ms)", row=2, col=1)
    return laid_out(figure, dark=dark, height=340, barmode="stack", bargap=0.06)


def votes(
    classes: Sequence[str],
    a: NDArray[np.floating],
    b: NDArray[np.floating],
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw each class's mean output rate in A and B.

    Args:
        classes: Class names.
        a: A's rate of each class, (n_classes,).
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    for name, rates, colour in (
        (f"A {names[0]}", a, COLOUR_A),
        (f"B {names[1]}", b, colour_b(dark)),
    ):
        figure.add_trace(
            go.Bar(
                x=list(classes),
                y=rates,
                name=name,
                marker_color=colour,
                hovertemplate=f"{name}, class %{{x}}: %{{y:.3f}}<extra></extra>",
            )
        )
    figure.update_xaxes(title_text="class", type="category")
    figure.update_yaxes(title_text="vote (mean output rate)", range=[0, 1])
    return laid_out(figure, dark=dark, height=260, barmode="group", bargap=0.25)


def temporal_gates(
    gates: dict[str, NDArray[np.floating]], edges_ms: NDArray[np.floating], *, dark: bool
) -> go.Figure:
    """Draw each layer's temporal gate as bars over time.

    Args:
        gates: Weights by layer, each (T,).
        edges_ms: Borders of the steps in ms, (T + 1,).
        dark: Whether the page is dark.
    """
    figure = make_subplots(
        rows=len(gates), shared_xaxes=True, vertical_spacing=0.08, subplot_titles=list(gates)
    )
    centre = (edges_ms[1:] + edges_ms[:-1]) / 2
    for row, (layer, weights) in enumerate(gates.items(), start=1):
        figure.add_trace(
            go.Bar(
                x=centre,
                y=weights,
                marker_color=COLOUR_GATE,
                showlegend=False,
                hovertemplate=f"{layer}, %{{x:.0f}} ms: gate %{{y:.3f}}<extra></extra>",
            ),
            row=row,
            col=1,
        )
    figure.update_yaxes(range=[0, 1], nticks=3)
    figure.update_xaxes(title_text="time after the first event (ms)", row=len(gates), col=1)
    return laid_out(figure, dark=dark, height=90 + 110 * len(gates), bargap=0.1)

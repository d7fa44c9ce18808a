"""How much: distributions of firing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from app.figures.style import COLOUR_A, colour_b, laid_out


def rate_histograms(
    layers: dict[str, tuple[NDArray[np.integer], NDArray[np.integer]]], *,
    names: Sequence[str], dark: bool,
) -> go.Figure:
    """Draw how many neurons of each layer fire how often, A and B over each other.

    A neuron fires 0 to T times, so its rate is k / T: the bars are exact, not binned. The silent
    neurons stand apart on the left.

    Args:
        layers: By layer, neurons of A and of B that fire k times, each (T + 1,).
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    columns = 2 if len(layers) > 1 else 1
    rows = -(-len(layers) // columns)
    figure = make_subplots(
        rows=rows, cols=columns, subplot_titles=list(layers), vertical_spacing=0.16 if rows > 2 else 0.2,
        horizontal_spacing=0.1,
    )
    for i, (layer, pair) in enumerate(layers.items()):
        row, col = i // columns + 1, i % columns + 1
        for side, counts, colour in (("A", pair[0], COLOUR_A), ("B", pair[1], colour_b(dark))):
            steps = len(counts) - 1
            rate = np.arange(steps + 1) / steps
            # The zero bin is moved left by one and a half bars: it is another kind of neuron.
            x = np.where(rate == 0, -1.5 / steps, rate)
            figure.add_trace(
                go.Bar(
                    x=x, y=counts, width=1 / steps, name=f"{side} {names['AB'.index(side)]}",
                    legendgroup=side, showlegend=i == 0, marker_color=colour, opacity=0.62,
                    customdata=rate,
                    hovertemplate=f"{layer} {side}: %{{y:,}} neurons at rate %{{customdata:.3f}}"
                    "<extra></extra>",
                ),
                row=row, col=col,
            )
        figure.update_xaxes(
            tickvals=[-1.5 / steps, 0.25, 0.5, 0.75, 1], ticktext=["silent", ".25", ".5", ".75", "1"],
            range=[-2.6 / steps, 1 + 0.6 / steps], row=row, col=col,
        )
        figure.update_yaxes(type="log", dtick=1, row=row, col=col, title_text="neurons" if col == 1 else "")
    for col in range(1, columns + 1):
        figure.update_xaxes(title_text="rate (spikes per step)", row=rows, col=col)
    return laid_out(figure, dark=dark, height=110 + 190 * rows, barmode="overlay", bargap=0)

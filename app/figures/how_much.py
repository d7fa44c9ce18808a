"""How much: distributions of firing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.style import COLOUR_A, colour_b, laid_out


def rate_histogram(
    layer: str,
    a: NDArray[np.integer] | None,
    b: NDArray[np.integer] | None,
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw how many neurons of a layer fire how often, A and B over each other.

    A neuron fires 0 to T times, so its rate is k / T: the bars are exact, not binned. The silent
    neurons stand apart on the left; counts are logarithmic. Networks of other T have other bars.

    Args:
        layer: Name of the layer.
        a: A's neurons that fire k times, k = 0..T, (T + 1,); None if A lacks the layer.
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    # The zero bins are moved left, A's and B's as far: silent neurons are another kind.
    width = max(1 / (len(counts) - 1) for counts in (a, b) if counts is not None)
    for side, title, counts, colour in (
        ("A", names[0], a, COLOUR_A),
        ("B", names[1], b, colour_b(dark)),
    ):
        if counts is None:
            continue
        steps = len(counts) - 1
        rate = np.arange(steps + 1) / steps
        figure.add_trace(
            go.Bar(
                x=np.where(rate == 0, -1.5 * width, rate),
                y=counts,
                width=np.where(rate == 0, width, 1 / steps),
                name=f"{side} {title}",
                marker_color=colour,
                opacity=0.62,
                customdata=rate,
                hovertemplate=f"{layer} {side}: %{{y:,}} neurons at rate %{{customdata:.3f}}"
                "<extra></extra>",
            )
        )
    figure.update_xaxes(
        title_text="rate (spikes per step)",
        tickvals=[-1.5 * width, 0.25, 0.5, 0.75, 1],
        ticktext=["silent", ".25", ".5", ".75", "1"],
        range=[-2.6 * width, 1 + 0.6 * width],
    )
    figure.update_yaxes(title_text="neurons", type="log", dtick=1)
    return laid_out(figure, dark=dark, height=250, barmode="overlay", bargap=0)

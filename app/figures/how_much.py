"""How much: distributions of firing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.stairs import outline
from app.figures.style import COLOUR_A, COLOUR_GATE, colour_b, laid_out

#: Where silent neurons stand, in the rate's units: apart from all that fire.
_SILENT = {"A": -0.2, "B": -0.12}


def rate_histogram(
    layer: str,
    a: NDArray[np.integer] | None,
    b: NDArray[np.integer] | None,
    *,
    names: Sequence[str],
    dark: bool,
) -> go.Figure:
    """Draw how many neurons of a layer fire how often, A and B over each other as outlines.

    A neuron fires 0 to T times, so its rate is k / T: the steps are exact, not binned. The silent
    neurons stand apart on the left, A's beside B's; counts are logarithmic. Networks of other T
    have other steps.

    Args:
        layer: Name of the layer.
        a: A's neurons that fire k times, k = 0..T, (T + 1,); None if A lacks the layer.
        b: The same of B.
        names: Titles of A and B.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    for side, title, counts, colour in (
        ("A", names[0], a, COLOUR_A),
        ("B", names[1], b, colour_b(dark)),
    ):
        if counts is None:
            continue
        steps = len(counts) - 1
        figure.add_trace(
            go.Bar(
                x=[_SILENT[side]],
                y=counts[:1],
                width=0.07,
                legendgroup=side,
                showlegend=False,
                marker_color=colour,
                hovertemplate=f"{layer} {side}: %{{y:,}} silent neurons<extra></extra>",
            )
        )
        told = [
            f"{layer} {side}: {n:,} neurons at rate {k / steps:.3f}"
            for k, n in enumerate(counts[1:], start=1)
        ]
        edges = (np.arange(steps + 1) + 0.5) / steps
        figure.add_traces(outline(side, title, edges, counts[1:], told, colour=colour))
    # Half of the broadest step, that of the fewest, lies beyond the rate 1.
    widest = max(1 / (len(counts) - 1) for counts in (a, b) if counts is not None)
    figure.update_xaxes(
        title_text="rate (spikes per step)",
        tickvals=[sum(_SILENT.values()) / 2, 0.25, 0.5, 0.75, 1],
        ticktext=["silent", ".25", ".5", ".75", "1"],
        range=[-0.28, 1 + 0.6 * widest],
    )
    counted = [n for counts in (a, b) if counts is not None for n in counts[counts > 0]]
    top = max(counted, default=1)
    figure.update_yaxes(
        title_text="neurons",
        type="log",
        # One neuron is a bar too, and the highest ends below the border.
        range=[np.log10(0.7), np.log10(1.5 * top)],
        **_neuron_ticks(int(top)),
    )
    return laid_out(figure, dark=dark, height=250, barmode="overlay")


def _neuron_ticks(top: int) -> dict[str, list[Any]]:
    """Return the ticks of a logarithmic axis of counts: 1, 2, 5, ...; of a long one the decades."""
    decades = [10**power for power in range(len(str(top)))]
    between = decades if len(decades) > 3 else [m * ten for ten in decades for m in (1, 2, 5)]
    ticks = [n for n in between if n <= 1.5 * top]
    return {"tickvals": ticks, "ticktext": [f"{n:,}" for n in ticks]}


#: What energy goes into, in the order in which bars are stacked.
GROUPS = ("synapses", "gates", "neurons", "pooling")


def energy(bars: Mapping[str, Mapping[str, float]], *, dark: bool) -> go.Figure:
    """Draw where energy goes, one lying bar for each way of counting.

    Args:
        bars: By the bar's label, energy in uJ by what it goes into (`GROUPS`); a bar of another
            kind has one entry of its own name.
        dark: Whether the page is dark.
    """
    # What energy goes into is neither A's nor B's; what is no sum of groups is hatched.
    grey = ("#4d535e", "#969ca8", "#d3d7de") if not dark else ("#c9cfda", "#878e9b", "#4d5462")
    colours = dict(zip(GROUPS, (grey[0], COLOUR_GATE, *grey[1:]), strict=True))
    others = [n for n in dict.fromkeys(n for b in bars.values() for n in b) if n not in GROUPS]
    hatched = {
        name: {
            "color": grey[0],
            "line": {"color": grey[0], "width": 1},
            "pattern": {"shape": shape, "fillmode": "overlay", "fgcolor": grey[0], "size": 7}
            | {"bgcolor": "rgba(0,0,0,0)", "solidity": 0.15},
        }
        for name, shape in zip(others, "/x", strict=False)
    }
    figure = go.Figure()
    for name in (*GROUPS, *others):
        labels = [label for label, parts in bars.items() if name in parts]
        figure.add_trace(
            go.Bar(
                y=labels,
                x=[bars[label][name] for label in labels],
                orientation="h",
                name=name,
                marker={"color": colours[name]} if name in colours else hatched[name],
                hovertemplate=f"%{{y}}, {name}: %{{x:.3f}} \u00b5J<extra></extra>",
            )
        )
    figure.update_yaxes(
        type="category", categoryorder="array", categoryarray=list(bars)[::-1], ticklabelstandoff=6
    )
    figure.update_xaxes(title_text="energy (\u00b5J)", rangemode="tozero")
    return laid_out(figure, dark=dark, height=110 + 36 * len(bars), barmode="stack", bargap=0.3)

"""One neuron: what it received, held and fired, and what of the input it can see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.figures.block import Block, colour_table
from app.figures.stairs import FLOOR, outline
from app.figures.style import COLOUR_A, COLOUR_OFF, COLOUR_ON, colour_b, laid_out, typeset


class Course(NamedTuple):
    """Hold one neuron's course in one network; arrays are (T,), in units of the current.

    Args:
        title: The network's name.
        edges_ms: Borders of the steps in ms, (T + 1,).
        steps: Which step each of the player's ticks lies in, -1 outside, (ticks,).
        current: X, before any gate.
        current_gated: X', as it is integrated.
        integrated: Potential before the gates on it.
        membrane: U, which is compared with the threshold.
        spikes: 0 or 1.
        left: H, what the leak or a spike's reset leaves to the next step.
        threshold: u_th.
    """

    title: str
    edges_ms: NDArray[np.float64]
    steps: NDArray[np.integer]
    current: NDArray[np.floating]
    current_gated: NDArray[np.floating]
    integrated: NDArray[np.floating]
    membrane: NDArray[np.floating]
    spikes: NDArray[np.integer]
    left: NDArray[np.floating]
    threshold: float


def course(
    a: Course | None,
    b: Course | None,
    ticks_ms: NDArray[np.float64],
    *,
    dark: bool,
    in_steps: bool = False,
) -> bytes:
    """Return all that the curves of a neuron in A and in B on one time axis need.

    Args:
        a: The neuron in A, None where A lacks it.
        b: The same of B.
        ticks_ms: Borders of the player's ticks in ms, (ticks + 1,).
        dark: Whether the page is dark.
        in_steps: Whether borders are in steps instead of ms.
    """
    block = Block()
    sides = [
        {
            "who": who,
            "title": one.title,
            "colour": colour,
            "edges": [float(edge) for edge in one.edges_ms],
            "steps": block.put(one.steps, "i4"),
            "spikes": block.put(one.spikes, "u1"),
            **{
                name: block.put(getattr(one, name), "f4")
                for name in ("current", "current_gated", "integrated", "membrane", "left")
            },
        }
        for who, one, colour in (("A", a, COLOUR_A), ("B", b, colour_b(dark)))
        if one is not None
    ]
    return block.closed(
        {
            "part": "course",
            "in_steps": in_steps,
            "clock": [float(edge) for edge in ticks_ms],
            "sides": sides,
            "thresholds": sorted({one.threshold for one in (a, b) if one is not None}),
            "ground": "#0e1117" if dark else "#ffffff",
        }
    )


def field(
    who: str,
    counts: NDArray[np.integer],
    reached: tuple[int, int, int, int],
    steps: NDArray[np.integer],
    *,
    dark: bool,
) -> bytes:
    """Return what the input of each step needs, with a frame around what the neuron sees.

    Args:
        who: Whose input it is, "A" or "B".
        counts: Events, (T, 2, H, W), (OFF, ON); or brightness of a picture, (T, 1, H, W).
        reached: Rows and columns that can reach the neuron: (y0, y1, x0, x1), half open.
        steps: The network's own step at each tick of the player, -1 outside its window, (ticks,).
        dark: Whether the page is dark.
    """
    block = Block()
    if counts.shape[1] == 1:
        scale, reach = [(0.0, "rgb(12,12,12)"), (1.0, "rgb(255,255,255)")], 255.0
    else:
        balance = np.abs(counts[:, 1].astype(np.int64) - counts[:, 0])
        seen = balance[balance > 0]
        # One strong pixel must not hide the rest.
        reach = max(float(np.percentile(seen, 98)), 1.0) if seen.size else 1.0
        paper = "rgb(14,17,23)" if dark else "rgb(255,255,255)"
        scale = [(0.0, COLOUR_OFF), (0.5, paper), (1.0, COLOUR_ON)]
    return block.closed(
        {
            "part": "field",
            "who": who,
            "shape": list(counts.shape),
            "counts": block.put(counts.clip(max=np.iinfo(np.uint16).max), "u2"),
            "field": list(reached),
            "steps": block.put(steps, "i4"),
            "reach": reach,
            "table": block.put(colour_table(scale), "u1"),
        }
    )


def equations(
    who: str,
    lines: Sequence[Sequence[tuple[str, str]]],
    spikes: int,
    steps: NDArray[np.integer],
) -> bytes:
    """Return a neuron's equation at each of its steps.

    Args:
        who: In which network, "A" or "B".
        lines: What each line does and says, in plain text, of each step.
        spikes: How often the neuron fires.
        steps: The network's own step at each tick of the player, -1 outside its window, (ticks,).
    """
    block = Block()
    what = list(dict.fromkeys(does for step in lines for does, _ in step))
    return block.closed(
        {
            "part": "equations",
            "who": who,
            "what": what,
            "lines": [[[what.index(does), text] for does, text in step] for step in lines],
            "spikes": spikes,
            "steps": block.put(steps, "i4"),
        }
    )


class Potentials(NamedTuple):
    """Hold a histogram of a layer's potentials: counts (n,) between edges (n + 1,)."""

    title: str
    counts: NDArray[np.integer]
    edges: NDArray[np.floating]
    threshold: float


def potentials(histograms: Sequence[Potentials | None], *, dark: bool) -> go.Figure:
    """Draw how often a layer's potentials take which value, A and B as outlines.

    Args:
        histograms: Of A and of B, None where a network lacks the layer.
        dark: Whether the page is dark.
    """
    figure = go.Figure()
    ink = "rgba(255,255,255,0.6)" if dark else "rgba(0,0,0,0.55)"
    for who, found, colour in zip("AB", histograms, (COLOUR_A, colour_b(dark)), strict=True):
        if found is None:
            continue
        told = [
            f"{who}: {n:,} potentials from {typeset(low, '.3f')} to {typeset(high, '.3f')}"
            for n, low, high in zip(found.counts, found.edges[:-1], found.edges[1:], strict=True)
        ]
        figure.add_traces(outline(who, found.title, found.edges, found.counts, told, colour=colour))
    there = [found for found in histograms if found is not None]
    top = max(int(found.counts.max()) for found in there)
    # Named in the legend: a word at the line would lie over the bars.
    for threshold in sorted({found.threshold for found in there}):
        figure.add_trace(
            go.Scatter(
                x=[threshold, threshold],
                y=[FLOOR, 2 * max(top, 1)],
                mode="lines",
                name=f"threshold {threshold:g}",
                line={"color": ink, "dash": "dash", "width": 1.5},
                hoverinfo="skip",
            )
        )
    figure.update_xaxes(title_text="potential U, compared with the threshold")
    figure.update_yaxes(title_text="neurons \u00d7 steps", type="log", dtick=1)
    figure.update_yaxes(range=[np.log10(1.1 * FLOOR), np.log10(2 * max(top, 1))])
    return laid_out(figure, dark=dark, height=280)

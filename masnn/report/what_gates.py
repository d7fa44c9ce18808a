"""Panels that say what B's channel gate lets through."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn import channels, rates
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.report.what import kinds_told, legend, mark


def _gates(subject: Subject) -> dict[str, NDArray[np.floating]]:
    """Return B's channel gates by layer, (T or 1, C)."""
    return subject.gates("channel")


def _no_gate(subject: Subject) -> str:
    return subject.no_gate("channel", "channel")


def _small_multiples(n: int, columns: int, each_mm: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of n axes in rows of up to two or three, and the axes."""
    across = min(n, columns + 1)
    down = -(-n // across)
    height_mm = min(8 + each_mm * down, style.MOST_HEIGHT_MM)
    figure = style.figure(columns, height_mm=height_mm)
    grid = figure.subplots(down, across, squeeze=False).ravel()
    for unused in grid[n:]:
        unused.set_axis_off()
    return figure, list(grid[:n])


def _by_openness(weights: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return the channels, the most open on average first."""
    return np.argsort(-weights.mean(0), kind="stable")


def _draw_gates(subject: Subject, columns: int) -> Figure:
    gates, edges = _gates(subject), subject.b.edges_ms
    figure, grid = _small_multiples(len(gates), columns, 34)
    whole = all(len(weights) == 1 for weights in gates.values())
    for axes, (name, weights) in zip(grid, gates.items(), strict=True):
        ordered = weights[:, _by_openness(weights)]
        axes.set_title(name)
        if whole:
            ranks = np.arange(1, len(ordered[0]) + 1)
            axes.bar(ranks, ordered[0], width=1, color=style.COLOUR_GATE, edgecolor="#ffffff")
            axes.set_ylim(0, 1)
            axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            continue
        mesh = axes.pcolormesh(
            edges,
            np.arange(len(ordered[0]) + 1) + 0.5,
            ordered.T,
            vmin=0,
            vmax=1,
            cmap=style.GATE_MAP,
            rasterized=True,
        )
        axes.invert_yaxis()
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.xaxis.set_major_locator(MaxNLocator(4))
    rank = "rank of the channel"
    figure.supxlabel(rank if whole else subject.scene.time_axis, fontsize=7)
    figure.supylabel("channel gate" if whole else rank, fontsize=7)
    if not whole:
        figure.colorbar(mesh, ax=grid, label="channel gate")
    return figure


def _gate_rows(subject: Subject) -> Rows:
    edges = subject.b.edges_ms
    return [
        {
            "layer": name,
            "rank": rank,
            "channel": int(c),
            **subject.scene.span(edges, t if len(weights) > 1 else None),
            "gate": float(weights[t, c]),
        }
        for name, weights in _gates(subject).items()
        for rank, c in enumerate(_by_openness(weights), start=1)
        for t in range(len(weights))
    ]


def _gate_caption(subject: Subject) -> str:
    told = subject.weights_told("channel", "channel")
    if any(len(weights) > 1 for weights in _gates(subject).values()):
        told += ". All layers share one colour scale"
    return (
        f"Channel gate of {subject.titles['B']} by layer: {told}. Channels are ranked by their "
        f"mean gate, the most open first.{subject.left_out}"
    )


def _draw_dots(subject: Subject, columns: int) -> Figure:
    gates = _gates(subject)
    figure, grid = _small_multiples(len(gates), columns, 38)
    seen: set[str] = set()
    for axes, (name, weights) in zip(grid, gates.items(), strict=True):
        layer = subject.b.response.layers[name]
        means, kinds = rates.channel_rates(layer.spikes), channels.kinds(subject.b, layer)
        for kind in sorted(set(kinds)):
            chosen = np.array(kinds) == kind
            look = mark(kind, style.COLOUR_B, 3.5)
            axes.plot(weights.mean(0)[chosen], means[chosen], clip_on=False, **look)
        axes.set_title(name)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.05 * float(means.max()) or 1.0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        seen |= set(kinds)
    figure.supxlabel("channel gate, mean of the steps", fontsize=7)
    figure.supylabel(style.RATE, fontsize=7)
    handles = legend(seen, style.COLOUR_B)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles))
    return figure


def _dot_rows(subject: Subject) -> Rows:
    rows = []
    for name, weights in _gates(subject).items():
        layer = subject.b.response.layers[name]
        means, kinds = rates.channel_rates(layer.spikes), channels.kinds(subject.b, layer)
        rows += [
            {
                "layer": name,
                "channel": c,
                "kind": kinds[c],
                "gate": float(weights[:, c].mean()),
                "rate": float(means[c]),
            }
            for c in range(len(means))
        ]
    return rows


def _dot_caption(subject: Subject) -> str:
    return (
        f"Each mark is a channel of {subject.titles['B']}: its channel gate (0 closed, 1 open; "
        "mean of the steps) against its firing rate (spikes per neuron and step; each layer has a "
        f"scale of its own). {kinds_told(subject)}{subject.left_out}"
    )


PANELS = (
    Panel(
        "what_channel_gates",
        "Channel gate",
        "What",
        _draw_gates,
        _gate_rows,
        _gate_caption,
        _no_gate,
    ),
    Panel(
        "what_gate_against_rate",
        "Channel gate against rate",
        "What",
        _draw_dots,
        _dot_rows,
        _dot_caption,
        _no_gate,
    ),
)

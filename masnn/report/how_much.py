"""Panels that say how much A and B fire, layer by layer, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn import comparison, contrast, energy, rates
from masnn.energy import Ledger
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.sides import joined

_UJ = 1e-6  # uJ in a pJ

#: What energy goes into, in the order in which bars are stacked, and its colour: not A's nor B's.
_GROUPS = {
    "synapses": "#4d535e",
    "gates": style.COLOUR_GATE,
    "neurons": "#969ca8",
    "pooling": "#d3d7de",
}
#: Where silent neurons stand, in the rate's units: apart from all that fire.
_SILENT = {"A": -0.24, "B": -0.15}


#: The rates of so many layers stand above their bars; the table has those of all.
_NUMBERED = 10


def _histograms(subject: Subject) -> dict[str, dict[str, NDArray[np.int64]]]:
    """Return how many neurons fire k times, (T + 1,), by layer and network."""
    return {
        name: {
            who: rates.spikes_per_neuron_histogram(layer.spikes)
            for who, layer in zip("AB", pair, strict=True)
            if layer is not None
        }
        for name, pair in joined(subject.a, subject.b).items()
    }


def _draw_histograms(subject: Subject, columns: int) -> Figure:
    layers = {name: n for name, n in _histograms(subject).items() if name in subject.layers}
    across = 2 if columns == 1 else 3
    down = -(-len(layers) // across)
    figure = style.figure(columns, height_mm=min(36 * down + 8, style.MOST_HEIGHT_MM))
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.ravel()[len(layers) :]:
        axes.set_visible(False)
    # The widest bar is that of the fewest steps; half of it lies beyond the rate 1.
    end = 1 + 0.5 / min(len(n) - 1 for counts in layers.values() for n in counts.values()) + 0.02
    for axes, (name, counts) in zip(grid.ravel(), layers.items(), strict=False):
        axes.set_title(name if len(counts) == 2 else f"{name}, only {next(iter(counts))}")
        axes.set_yscale("log")
        for who, n in counts.items():
            _draw_histogram(axes, who, n)
        axes.set_ylim(0.6, 2 * max(int(n.max()) for n in counts.values()))
        axes.set_xlim(-0.32, end)
        axes.set_xticks([-0.195, 0.25, 0.5, 0.75, 1.0], ["silent", ".25", ".5", ".75", "1"])
    for axes in grid[:, 0]:
        axes.set_ylabel("neurons")
    figure.legend(handles=_handles(subject), loc="outside upper center", ncols=2)
    figure.supxlabel("rate (spikes per step)", fontsize=7)
    return figure


def _draw_histogram(axes: Axes, who: str, n: NDArray[np.int64]) -> None:
    """Draw how many neurons fire k times, k = 0..T, the silent ones apart."""
    T = len(n) - 1
    edges = (np.arange(T + 1) + 0.5) / T
    colour = style.COLOURS[who]
    # A logarithmic axis has no 0: what lies below 0.6 is not in the picture.
    drawn = np.maximum(n, 0.5)
    width = style.OUTLINES_PT[who]
    axes.stairs(drawn[1:], edges, baseline=0.5, color=colour, linewidth=width)
    axes.bar(_SILENT[who], drawn[0], 0.08, color=colour)


def _handles(subject: Subject) -> list[Patch]:
    return [Patch(color=style.COLOURS[who], label=title) for who, title in subject.titles.items()]


def _histogram_rows(subject: Subject) -> Rows:
    return [
        {
            "layer": name,
            "network": who,
            "spikes": k,
            "rate": k / (len(n) - 1),
            "neurons": int(count),
        }
        for name, counts in _histograms(subject).items()
        for who, n in counts.items()
        for k, count in enumerate(n)
    ]


def _histogram_caption(subject: Subject) -> str:
    times = f"0 to {subject.a.response.T} times"
    if subject.a.response.T != subject.b.response.T:
        times = f"{times} in A and 0 to {subject.b.response.T} times in B"
    return (
        "Number of neurons of each layer by their firing rate (spikes per step). A neuron fires "
        f"{times}, so each bar is one exact rate; silent neurons stand apart. Counts are on a "
        "logarithmic axis."
        + (f"{subject.left_out} The table holds all." if subject.left_out else "")
    )


def _layer_rows(subject: Subject) -> Rows:
    return [
        {"network": who} | row
        for who, side in subject.sides.items()
        for row in comparison.layer_table(side.summary)
    ]


def _draw_layers(subject: Subject, columns: int) -> Figure:
    rows = _layer_rows(subject)
    names = [*joined(subject.a, subject.b), "all"]
    figure = style.figure(columns, height_mm=52 + style.names_mm(names, columns))
    axes = figure.subplots()
    for row in rows:
        place = names.index(row["layer"]) + (-0.2 if row["network"] == "A" else 0.2)
        bars = axes.bar(place, row["rate"], 0.36, color=style.COLOURS[row["network"]])
        # In one column numbers have no room side by side.
        turned = 90 if columns == 1 else 0
        if len(names) <= _NUMBERED:
            axes.bar_label(bars, fmt="%.3f", fontsize=6, padding=2, rotation=turned)
    axes.axvline(len(names) - 1.5, color=style.INK, linewidth=0.5, linestyle=":")
    axes.set_xlim(-0.6, len(names) - 0.4)
    style.name_layers(axes, names, columns)
    top = max(row["rate"] for row in rows) or 1.0
    axes.set_ylim(0, top * (1.3 if columns == 1 else 1.12))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.set_ylabel("rate (spikes per\nneuron and step)")
    figure.legend(handles=_handles(subject), loc="outside upper center", ncols=2)
    return figure


def _layer_caption(subject: Subject) -> str:
    told = "; ".join(
        f"{who}: {side.summary['spikes']:,} spikes of {side.summary['neurons']:,} neurons, NASFR "
        f"{side.summary['nasfr']:.4f} spikes per neuron and step"
        for who, side in subject.sides.items()
    )
    return (
        "Firing rate of each layer (LASFR): its spikes over its neurons times steps. "
        f"\u201call\u201d is the same of all neurons (NASFR). {told}."
    )


def _ledgers(subject: Subject) -> dict[str, Ledger]:
    return {who: side.ledger(subject.look.prices) for who, side in subject.sides.items()}


def _bars(subject: Subject, ledgers: Mapping[str, Ledger]) -> dict[str, dict[str, float]]:
    """Return energy in uJ by what it goes into, by the bar's label; the ANN comes last."""
    bars: dict[str, dict[str, float]] = {}
    for who, found in ledgers.items():
        sums = found.energies()
        bars[subject.titles[who]] = {group: sums[group].pj * _UJ for group in _GROUPS}
        bars[f"{who}, paper\u2019s formula"] = {"formula": sums["paper"].pj * _UJ}
    bars["ANN of B\u2019s shape, once"] = {"ANN": ledgers["B"].energies()["ann_once"].pj * _UJ}
    return bars


def _draw_energy(subject: Subject, columns: int) -> Figure:
    bars = _bars(subject, _ledgers(subject))
    figure = style.figure(columns, height_mm=54)
    axes = figure.subplots()
    for place, parts in enumerate(bars.values()):
        left = 0.0
        for what, value in parts.items():
            # What is no sum of groups has no colour of its own.
            look: dict[str, Any] = (
                {"color": _GROUPS[what]}
                if what in _GROUPS
                else {"facecolor": "white", "edgecolor": style.INK, "hatch": "////"}
            )
            axes.barh(place, value, left=left, height=0.65, linewidth=0.6, **look)
            left += value
        axes.text(left, place, f" {left:.3g}", va="center", fontsize=6)
    axes.set_yticks(range(len(bars)), list(bars))
    for label in axes.get_yticklabels():
        label.set_color(style.COLOURS.get(label.get_text()[:1], style.INK))
    axes.get_yticklabels()[-1].set_color(style.INK)  # the ANN begins with an A as well
    axes.invert_yaxis()
    axes.set_xlim(0, 1.14 * (max(sum(parts.values()) for parts in bars.values()) or 1.0))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel("energy (\u00b5J)")
    handles = [Patch(color=colour, label=group) for group, colour in _GROUPS.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=4)
    return figure


def _energy_rows(subject: Subject) -> Rows:
    return [
        {"network": who} | row
        for who, found in _ledgers(subject).items()
        for row in energy.as_rows(found)
    ]


def _energy_caption(subject: Subject) -> str:
    ledgers = _ledgers(subject)
    prices = energy.PRESETS[subject.look.prices]
    found = energy.efficiency(ledgers["A"], ledgers["B"])
    ratios = ", ".join(
        f"{name} " + ("undefined" if ratio.value is None else f"{ratio.value:.2f}")
        for name, ratio in (
            ("counted", found["exact"]),
            ("comparable (counted, over what the formula has)", found["comparable"]),
            ("paper\u2019s formula", found["paper"]),
        )
    )
    unlike = comparison.caveats(subject.a.summary, subject.b.summary)
    return " ".join(
        [
            f"Energy in \u00b5J of every operation that the {subject.scene.noun} caused, counted "
            "one by one, beside the paper\u2019s formula (Eq. 17\u201319) and a network of "
            f"B\u2019s shape without spikes and gates, run once. MAC {prices.mac_pj:g} pJ, AC "
            f"{prices.ac_pj:g} pJ ({prices.name}).",
            contrast.cost(subject.a, subject.b, subject.look.prices),
            f"r_EE, A\u2019s energy over B\u2019s: {ratios}.",
            *unlike,
            energy.NOT_INCLUDED,
        ]
    )


PANELS = (
    Panel(
        "how_much_histograms", "Histograms of firing rates", "How much",
        _draw_histograms, _histogram_rows, _histogram_caption,
    ),
    Panel(
        "how_much_layers", "Firing rate of each layer", "How much",
        _draw_layers, _layer_rows, _layer_caption,
    ),
    Panel(
        "how_much_energy", "Energy", "How much", _draw_energy, _energy_rows, _energy_caption
    ),
)  # fmt: skip

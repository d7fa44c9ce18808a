"""Panels that say what each of B's gates does to the spikes of its own layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from masnn.ablations import SpikeChange
from masnn.linkage import GateLinkage
from masnn.numerals import typeset
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject

#: So many units of a gate are drawn; numbers are of all.
MAX_DOTS = 4000

#: A gate of more units is tabulated only where it is drawn.
MAX_ROWS = 20_000

_PARTS = {"suppressed": style.COLOUR_OFF, "enhanced": style.COLOUR_ON, "kept": "#c3c8d1"}


def _no_gates(subject: Subject) -> str:
    table = subject.linkage()
    if table.gates:
        return ""
    return "B has no gate." if table.relus else "B has no gate and no ReLU."


def _no_relus(subject: Subject) -> str:
    table = subject.linkage()
    if table.relus:
        return ""
    return "B has no ReLU." if table.gates else "B has no gate and no ReLU."


def _draw_changes(axes: Axes, changes: Mapping[str, SpikeChange]) -> None:
    """Draw for each label how many spikes are suppressed, enhanced and kept."""
    for place, change in enumerate(changes.values()):
        left = 0
        for part, colour in _PARTS.items():
            n = getattr(change, part)
            axes.barh(place, n, left=left, color=colour, height=0.65)
            left += n
    axes.set_yticks(range(len(changes)), list(changes))
    axes.set_ylim(len(changes) - 0.5, -0.5)
    axes.set_xlim(0, 1.05 * (max(sum(change) for change in changes.values()) or 1))
    axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel("spikes")


def _draw_effect(subject: Subject, columns: int) -> Figure:
    gates = subject.linkage().gates
    figure = style.figure(columns, height_mm=24 + 5 * len(gates))
    bars, ranks = figure.subplots(1, 2, sharey=True, width_ratios=[1.7, 1])
    _draw_changes(bars, {name: found.totals for name, found in gates.items()})
    ranks.axvline(0, color=style.INK, linewidth=0.5)
    for place, found in enumerate(gates.values()):
        for correlation, look in (
            (found.correlation, {"markerfacecolor": style.COLOUR_B}),
            (found.correlation_where_firing, {"markerfacecolor": "none"}),
        ):
            if correlation.rho is not None:
                ranks.plot(correlation.rho, place, "o", color=style.COLOUR_B, markersize=4, **look)
    ranks.set_xlim(-1.05, 1.05)
    ranks.set_xticks([-1, 0, 1])
    ranks.tick_params(axis="y", length=0)
    ranks.grid(axis="y", color="#e4e6ea", linewidth=0.5)
    ranks.set_axisbelow(True)
    ranks.set_xlabel("rank correlation \u03c1")
    handles = [
        *(Patch(color=colour, label=part) for part, colour in _PARTS.items()),
        *(
            Line2D([], [], marker="o", linestyle="", markersize=4, color=style.COLOUR_B,
                   markerfacecolor=fill, label=label)
            for fill, label in ((style.COLOUR_B, "\u03c1, all units"), ("none", "\u03c1, firing"))
        ),
    ]  # fmt: skip
    figure.legend(handles=handles, loc="outside upper center", ncols=3 if columns == 1 else 5)
    return figure


def _effect_rows(subject: Subject) -> Rows:
    return [
        {
            "layer": found.layer,
            "gate": found.gate,
            "mean_weight": float(found.values.mean(dtype=np.float64)),
            "spikes_without": found.totals.before,
            "spikes_with": found.totals.after,
            **found.totals._asdict(),
            "units": " x ".join(found.axes),
            "units_less": found.units.suppressed,
            "units_more": found.units.enhanced,
            "units_as_often": found.units.unchanged,
            "rho": found.correlation.rho,
            "n": found.correlation.n,
            "rho_where_firing": found.correlation_where_firing.rho,
            "n_where_firing": found.correlation_where_firing.n,
        }
        for found in subject.linkage().gates.values()
    ]


def _effect_caption(subject: Subject) -> str:
    told = "; ".join(
        f"{name} {typeset(found.correlation.rho, '.2f')} (n = {found.correlation.n:,})"
        for name, found in subject.linkage().gates.items()
        if found.correlation.rho is not None
    )
    return (
        "Each gate of B set to one, one at a time, all else as it is: number of spikes of its own "
        "layer that are there only without it (suppressed), only with it (enhanced), and in both "
        "(kept). An ablation of a trained network, not a network trained without the gate. Right: "
        "Spearman\u2019s rank correlation \u03c1 of weight and change of rate, unit by unit (step, "
        "channel or place), over all units and over those that fire with the gate or without it; "
        f"no mark where one side is constant. Units of one {subject.scene.noun} depend on each "
        f"other: no test of significance. \u03c1 over all units: "
        f"{told or 'none'}.{subject.left_out}"
    )


def _drawn(found: GateLinkage) -> NDArray[np.intp]:
    """Return the units that are drawn: all, or `MAX_DOTS` of them, evenly spread."""
    n = found.values.size
    return np.linspace(0, n - 1, min(n, MAX_DOTS)).astype(np.intp)


def _draw_scatter(subject: Subject, columns: int) -> Figure:
    gates = subject.linkage().gates
    across = min(3, len(gates))
    down = -(-len(gates) // across)
    figure = style.figure(
        columns, height_mm=min((28 if columns == 1 else 40) * down + 8, style.MOST_HEIGHT_MM)
    )
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    for axes in grid.ravel()[len(gates) :]:
        axes.set_visible(False)
    for i, (axes, (name, found)) in enumerate(zip(grid.ravel(), gates.items(), strict=False)):
        units = _drawn(found)
        axes.axhline(0, color=style.INK, linewidth=0.5)
        _draw_dots(axes, found.values.ravel()[units], found.rate_change.ravel()[units])
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.set_title(name if columns == 2 else name.replace(".", "\n"))  # room for few letters
        if i + across >= len(gates):  # nothing stands below it
            axes.tick_params(axis="x", labelbottom=True)
    figure.supxlabel("weight of the gate", fontsize=7)
    figure.supylabel("change of rate (spikes\nper neuron and step)", fontsize=7)
    return figure


def _draw_dots(axes: Axes, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
    """Draw dots as one path of round strokes: drawn thing by thing they would be megabytes.

    A picture of them would be small too, but keep its colour where the page's theme has another.
    """
    # A hundred-thousandth of the axis: what has no length has no caps either, to some.
    ends = np.stack([x, x + 1e-5], axis=1)
    path = Path(
        np.stack([ends, np.repeat(y[:, None], 2, axis=1)], axis=2).reshape(-1, 2),
        np.tile([Path.MOVETO, Path.LINETO], len(x)),
    )
    path.should_simplify = False
    axes.add_patch(
        PathPatch(
            path,
            facecolor="none",
            edgecolor=style.COLOUR_B,
            alpha=0.7,
            capstyle="round",
            linewidth=2.4 if len(x) < 100 else 1.2,
            clip_on=False,
            snap=False,
        )
    )
    axes.update_datalim(np.stack([x, y], axis=1))
    axes.autoscale_view()


def _scatter_rows(subject: Subject) -> Rows:
    rows = []
    for found in subject.linkage().gates.values():
        places = np.indices(found.values.shape).reshape(len(found.axes), -1)
        weights, changes = found.values.ravel(), found.rate_change.ravel()
        units = _drawn(found)
        drawn = {int(unit) for unit in units}
        for unit in range(weights.size) if weights.size <= MAX_ROWS else units:
            place = dict(zip(found.axes, places[:, unit], strict=True))
            rows.append(
                {
                    "layer": found.layer,
                    "gate": found.gate,
                    **{axis: int(place[axis]) if axis in place else None for axis in "tcyx"},
                    "weight": float(weights[unit]),
                    "change_of_rate": float(changes[unit]),
                    "drawn": unit in drawn,
                    "units": weights.size,
                }
            )
    return rows


def _scatter_caption(subject: Subject) -> str:
    gates = subject.linkage().gates
    told = [
        f"{name} {MAX_DOTS:,} of {found.values.size:,}"
        for name, found in gates.items()
        if found.values.size > MAX_DOTS
    ]
    short = [name for name, found in gates.items() if found.values.size > MAX_ROWS]
    return (
        "Each dot is a unit of a gate of B (a step, channel or place): the gate\u2019s weight, 0 "
        "closed to 1 open, against the unit\u2019s rate with the gate less its rate with the gate "
        "set to one (spikes per neuron and step)."
        + (f" Units are drawn evenly spread: {'; '.join(told)}." if told else "")
        + (f" The table holds the drawn units alone of {', '.join(short)}." if short else "")
        + subject.left_out
    )


def _relu_parts(subject: Subject) -> dict[tuple[str, str], SpikeChange]:
    return {
        (layer, part): change
        for layer, split in subject.linkage().relus.items()
        for part, change in (("ReLU", split.relu), ("gates", split.gates))
    }


def _draw_relus(subject: Subject, columns: int) -> Figure:
    parts = _relu_parts(subject)
    figure = style.figure(columns, height_mm=20 + 5 * len(parts))
    _draw_changes(figure.subplots(), {", ".join(key): change for key, change in parts.items()})
    handles = [Patch(color=colour, label=part) for part, colour in _PARTS.items()]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def _relu_rows(subject: Subject) -> Rows:
    return [
        {
            "layer": layer,
            "part": part,
            "spikes_before": change.before,
            "spikes_after": change.after,
            **change._asdict(),
        }
        for (layer, part), change in _relu_parts(subject).items()
    ]


def _relu_caption(subject: Subject) -> str:
    return (
        "Number of spikes that the ReLU takes or gives in each layer of B, and that the gates do, "
        "in this order: the layer bare, then with the ReLU alone, then with its gates too. The "
        f"other order would give other parts, and neither is the true one.{subject.left_out}"
    )


PANELS = (
    Panel(
        "gates_effect", "What each gate does", "Gate by gate",
        _draw_effect, _effect_rows, _effect_caption, _no_gates,
    ),
    Panel(
        "gates_scatter", "Gate against change of rate", "Gate by gate",
        _draw_scatter, _scatter_rows, _scatter_caption, _no_gates,
    ),
    Panel(
        "gates_relu", "The ReLU\u2019s part and the gates\u2019", "Gate by gate",
        _draw_relus, _relu_rows, _relu_caption, _no_relus,
    ),
)  # fmt: skip

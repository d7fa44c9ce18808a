"""Panels that say when A and B fire and decide, and when B's temporal gate is open."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from masnn import contrast, rates
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.subject import Subject
from masnn.sides import Side, constant_gates

#: The axis of every figure over time.
TIME = "time after the first event (ms)"

#: So many classes have curves of their own.
_CURVES = 3


def span(edges_ms: NDArray[np.float64], t: int | None) -> dict[str, int | float | None]:
    """Return what a table says of a step, from 1: its number and its borders.

    Args:
        edges_ms: Borders of the steps in ms after the first event, (T + 1,).
        t: The step, from 0; None where a number holds for all steps.
    """
    if t is None:
        return {"step": None, "from_ms": None, "to_ms": None}
    return {"step": t + 1, "from_ms": float(edges_ms[t]), "to_ms": float(edges_ms[t + 1])}


def _edges(subject: Subject, who: str) -> NDArray[np.float64]:
    return subject.sides[who].edges_ms


def _events(side: Side) -> dict[str, NDArray[np.int64]]:
    """Return events of each step by polarity, (T,)."""
    counts = side.recorded.counts
    return {name: counts[:, i].sum((1, 2), dtype=np.int64) for name, i in (("ON", 1), ("OFF", 0))}


def _draw_activity(subject: Subject, columns: int) -> Figure:
    alike = subject.a.sees_what(subject.b)
    seen = ["B"] if alike else ["A", "B"]
    figure = style.figure(columns, height_mm=34 + 26 * len(seen))
    *above, below = figure.subplots(
        len(seen) + 1, sharex=True, height_ratios=[*([1] * len(seen)), 1.4]
    )
    for axes, who in zip(above, seen, strict=True):
        events, edges = _events(subject.sides[who]), _edges(subject, who)
        axes.stairs(events["ON"], edges, fill=True, color=style.COLOUR_ON, label="ON")
        total = events["ON"] + events["OFF"]
        axes.stairs(
            total, edges, baseline=events["ON"], fill=True, color=style.COLOUR_OFF, label="OFF"
        )
        axes.set_ylabel("events per step" if alike else f"events per step,\nseen by {who}")
    above[0].legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    for who, side in subject.sides.items():
        values = rates.nsfr(side.response.spikes)
        below.stairs(
            values, _edges(subject, who), baseline=None, color=style.COLOURS[who],
            label=subject.titles[who], linewidth=1.2,
        )  # fmt: skip
    below.set_ylim(bottom=0)
    below.set_ylabel("NSFR(t)\n(spikes per neuron)")
    below.set_xlabel(TIME)
    below.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    return figure


def _activity_rows(subject: Subject) -> Rows:
    rows = []
    for who, side in subject.sides.items():
        edges, events = _edges(subject, who), _events(side)
        for t, rate in enumerate(rates.nsfr(side.response.spikes)):
            rows.append(
                {
                    "network": who,
                    **span(edges, t),
                    "on_events": int(events["ON"][t]),
                    "off_events": int(events["OFF"][t]),
                    "nsfr": float(rate),
                }
            )
    return rows


def _activity_caption(subject: Subject) -> str:
    return (
        "Above: ON and OFF events of each step, stacked. Below: NSFR(t), the spikes of all neurons "
        f"at a step over the number of neurons. {contrast.firing(subject.a, subject.b)}"
    )


def _layer_rates(side: Side) -> dict[str, NDArray[np.float64]]:
    return {name: rates.nsfr({name: spikes}) for name, spikes in side.response.spikes.items()}


def _draw_layer_rates(subject: Subject, columns: int) -> Figure:
    found = {who: _layer_rates(side) for who, side in subject.sides.items()}
    top = max(float(values.max()) for layers in found.values() for values in layers.values())
    heights = [len(layers) for layers in found.values()]
    figure = style.figure(columns, height_mm=22 + 5 * sum(heights))
    grid = figure.subplots(2, sharex=True, height_ratios=heights)
    for axes, (who, layers) in zip(grid, found.items(), strict=True):
        edges = _edges(subject, who)
        mesh = axes.pcolormesh(
            edges, np.arange(len(layers) + 1), np.stack(list(layers.values())),
            vmin=0, vmax=top or 1.0, cmap=style.RATE_MAP, rasterized=True,
        )  # fmt: skip
        axes.hlines(np.arange(1, len(layers)), *edges[[0, -1]], color="#ffffff", linewidth=0.8)
        axes.set_yticks(np.arange(len(layers)) + 0.5, list(layers))
        axes.invert_yaxis()
        axes.tick_params(left=False)
        axes.set_title(subject.titles[who])
    grid[1].set_xlabel(TIME)
    figure.colorbar(mesh, ax=list(grid), label=style.RATE)
    return figure


def _layer_rate_rows(subject: Subject) -> Rows:
    return [
        {
            "network": who,
            "layer": name,
            **span(_edges(subject, who), t),
            "rate": float(rate),
        }
        for who, side in subject.sides.items()
        for name, values in _layer_rates(side).items()
        for t, rate in enumerate(values)
    ]


def _layer_rates_caption(subject: Subject) -> str:
    return (
        "Spikes per neuron of every layer at each step. A and B share one colour scale; each "
        "stands on its own steps."
    )


def _draw_votes(subject: Subject, columns: int) -> Figure:
    figure = style.figure(columns, height_mm=104 if columns == 1 else 84)
    grid = figure.subplots(2, sharex=True, sharey=True)
    for axes, (who, side) in zip(grid, subject.sides.items(), strict=True):
        settled = _draw_side_votes(axes, subject, who, side)
        # Long names stand under each other where they cannot stand side by side.
        handles, labels = axes.get_legend_handles_labels()
        across = 1 if columns == 1 and len("".join(labels)) > 30 else _CURVES + 1
        axes.legend(
            handles[::-1] + settled,
            labels[::-1] + ["settled"] * len(settled),
            title=subject.titles[who],
            title_fontsize=7.5,
            alignment="left",
            loc="lower left",
            bbox_to_anchor=(0, 0.98),
            borderaxespad=0,
            ncols=across,
            columnspacing=1.2,
        )
        axes.set_ylabel("vote so far\n(per step)")
    grid[0].set_ylim(-0.02, 1.02)
    grid[1].set_xlabel(TIME)
    return figure


def _draw_side_votes(axes: Axes, subject: Subject, who: str, side: Side) -> list[Line2D]:
    """Draw the mean votes so far, the few highest at the end with names.

    Returns:
        The line of the step's end at which the decision settles, if it does.
    """
    edges, means = _edges(subject, who), rates.running_mean(side.response.votes)
    order = np.argsort(-means[-1], kind="stable")
    for place, i in reversed(list(enumerate(order))):
        named = place < _CURVES and means[:, i].any()
        axes.stairs(
            means[:, i],
            edges,
            baseline=None,
            linewidth=1.2 if named else 0.5,
            color=style.COLOURS[who] if named else "#999999",
            linestyle=("-", "--", ":")[place] if named else "-",
            label=side.card.classes[i].replace("_", " ") if named else None,
        )
    settled = rates.settled_at(side.response.votes)
    if settled is None:
        return []
    return [axes.axvline(edges[settled + 1], color=style.INK, linewidth=0.8, linestyle="-.")]


def _vote_rows(subject: Subject) -> Rows:
    return [
        {
            "network": who,
            **span(_edges(subject, who), t),
            "class": name,
            "mean_vote": float(means[t, i]),
            "settles_at_step": None if settled is None else settled + 1,
        }
        for who, side in subject.sides.items()
        for means, settled in [
            (rates.running_mean(side.response.votes), rates.settled_at(side.response.votes))
        ]
        for t in range(len(means))
        for i, name in enumerate(side.card.classes)
    ]


def _votes_caption(subject: Subject) -> str:
    return (
        "Vote so far: spikes per output neuron and step, up to each step. The up to "
        f"{_CURVES} highest classes at the end are named, the others grey. Dash-dotted: "
        "the end of the first step from which the leading class no "
        f"longer changes. {contrast.deciding(subject.a, subject.b)}"
    )


def _gates(subject: Subject) -> dict[str, NDArray[np.floating]]:
    """Return B's temporal gates by layer, (T,)."""
    layers = subject.b.response.layers
    return {name: x.gates["time"] for name, x in layers.items() if "time" in x.gates}


def _draw_gates(subject: Subject, columns: int) -> Figure:
    gates, edges = _gates(subject), _edges(subject, "B")
    events = subject.b.recorded.counts.sum((1, 2, 3), dtype=np.int64)
    figure = style.figure(columns, height_mm=16 + 22 * len(gates))
    grid = figure.subplots(len(gates), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, weights) in zip(grid, gates.items(), strict=True):
        axes.stairs(weights, edges, fill=True, color=style.COLOUR_GATE, label="gate")
        axes.stairs(
            events / max(int(events.max()), 1), edges, baseline=None, color=style.INK,
            label="events / busiest step\u2019s",
        )  # fmt: skip
        axes.set_ylim(0, 1.02)
        axes.set_ylabel(name)
    grid[0].legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    grid[-1].set_xlabel(TIME)
    return figure


def _gate_rows(subject: Subject) -> Rows:
    edges = _edges(subject, "B")
    events = subject.b.recorded.counts.sum((1, 2, 3), dtype=np.int64)
    return [
        {
            "layer": name,
            **span(edges, t),
            "gate": float(weight),
            "events": int(events[t]),
        }
        for name, weights in _gates(subject).items()
        for t, weight in enumerate(weights)
    ]


def _gate_caption(subject: Subject) -> str:
    return (
        f"Temporal gate of {subject.titles['B']} by layer, one weight a step, over the "
        "input\u2019s events as shares of the busiest step\u2019s. The gate is computed from the "
        f"whole window: it looks ahead (non-causal). {constant_gates(subject.b)}"
    ).rstrip()


PANELS = (
    Panel(
        "when_activity", "Events and firing rate over time", "When",
        _draw_activity, _activity_rows, _activity_caption,
    ),
    Panel(
        "when_layer_rates", "Rate of each layer over time", "When",
        _draw_layer_rates, _layer_rate_rows, _layer_rates_caption,
    ),
    Panel("when_votes", "Votes over time", "When", _draw_votes, _vote_rows, _votes_caption),
    Panel(
        "when_temporal_gates", "Temporal gate", "When", _draw_gates, _gate_rows, _gate_caption,
        lambda subject: "" if _gates(subject) else "B has no temporal gate.",
    ),
)  # fmt: skip

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

#: Of the kinds of an input, see `Scene.course`, in the order in which they are stacked.
_COURSE_COLOURS = (style.COLOUR_ON, style.COLOUR_OFF)

#: So many classes have curves of their own.
_CURVES = 3


def _edges(subject: Subject, who: str) -> NDArray[np.float64]:
    return subject.sides[who].edges_ms


def _draw_activity(subject: Subject, columns: int) -> Figure:
    alike = subject.a.sees_what(subject.b)
    courses = {who: subject.scene.course(subject.sides[who]) for who in ("B" if alike else "AB")}
    courses = {who: course for who, course in courses.items() if course}
    figure = style.figure(columns, height_mm=34 + 26 * len(courses) if courses else 48)
    *above, below = figure.subplots(
        len(courses) + 1,
        sharex=True,
        squeeze=False,
        height_ratios=[*([1] * len(courses)), 1.4],
    )[:, 0]
    for axes, (who, course) in zip(above, courses.items(), strict=True):
        base = np.zeros(subject.sides[who].response.T)
        for (name, n), colour in zip(course.items(), _COURSE_COLOURS, strict=True):
            axes.stairs(
                base + n, _edges(subject, who), baseline=base, fill=True, color=colour, label=name
            )
            base = base + n
        unit = f"{subject.scene.unit} per step"
        axes.set_ylabel(unit if alike else f"{unit},\nseen by {who}")
        if axes is above[0]:
            axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    for who, side in subject.sides.items():
        values = rates.nsfr(side.response.spikes)
        below.stairs(
            values, _edges(subject, who), baseline=None, color=style.COLOURS[who],
            label=subject.titles[who], linewidth=1.2,
        )  # fmt: skip
    below.set_ylim(bottom=0)
    below.set_ylabel("NSFR(t)\n(spikes per neuron)")
    subject.scene.name_time(below)
    below.legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    return figure


def _activity_rows(subject: Subject) -> Rows:
    rows = []
    for who, side in subject.sides.items():
        edges, course = _edges(subject, who), subject.scene.course(side)
        for t, rate in enumerate(rates.nsfr(side.response.spikes)):
            rows.append(
                {
                    "network": who,
                    **subject.scene.span(edges, t),
                    **{
                        f"{name.lower()}_{subject.scene.unit}": int(n[t])
                        for name, n in course.items()
                    },
                    "nsfr": float(rate),
                }
            )
    return rows


def _activity_caption(subject: Subject) -> str:
    told = "NSFR(t), the spikes of all neurons at a step over the number of neurons."
    if subject.scene.course(subject.b):
        told = f"Above: ON and OFF events of each step, stacked. Below: {told}"
    return f"{told} {contrast.firing(subject.a, subject.b)}"


def _layer_rates(side: Side) -> dict[str, NDArray[np.float64]]:
    return {name: rates.nsfr({name: spikes}) for name, spikes in side.response.spikes.items()}


def _draw_layer_rates(subject: Subject, columns: int) -> Figure:
    found = {who: _layer_rates(side) for who, side in subject.sides.items()}
    top = max(float(values.max()) for layers in found.values() for values in layers.values())
    heights = [len(layers) for layers in found.values()]
    height_mm = min(22 + 5 * sum(heights), style.MOST_HEIGHT_MM)
    figure = style.figure(columns, height_mm=height_mm)
    grid = figure.subplots(2, sharex=True, height_ratios=heights)
    for axes, (who, layers) in zip(grid, found.items(), strict=True):
        edges = _edges(subject, who)
        mesh = axes.pcolormesh(
            edges, np.arange(len(layers) + 1), np.stack(list(layers.values())),
            vmin=0, vmax=top or 1.0, cmap=style.RATE_MAP, rasterized=True,
        )  # fmt: skip
        room_mm = (height_mm - 22) * len(layers) / sum(heights)
        named = style.every(len(layers), room_mm)
        if len(named) == len(layers):  # thin rows would be lines alone
            axes.hlines(np.arange(1, len(layers)), *edges[[0, -1]], color="#ffffff", linewidth=0.8)
        axes.set_yticks([i + 0.5 for i in named], [list(layers)[i] for i in named])
        axes.invert_yaxis()
        axes.tick_params(left=False)
        axes.set_title(subject.titles[who])
    subject.scene.name_time(grid[1])
    figure.colorbar(mesh, ax=list(grid), label=style.RATE)
    return figure


def _layer_rate_rows(subject: Subject) -> Rows:
    return [
        {
            "network": who,
            "layer": name,
            **subject.scene.span(_edges(subject, who), t),
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
        axes.set_ylabel("share so far" if side.by_logits else "vote so far\n(per step)")
    grid[0].set_ylim(-0.02, 1.02)
    subject.scene.name_time(grid[1])
    return figure


def _draw_side_votes(axes: Axes, subject: Subject, who: str, side: Side) -> list[Line2D]:
    """Draw the mean votes so far, the few highest at the end with names.

    Returns:
        The line of the step's end at which the decision settles, if it does.
    """
    edges, means = _edges(subject, who), side.votes_so_far
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
    settled = side.settled_at
    if settled is None:
        return []
    return [axes.axvline(edges[settled + 1], color=style.INK, linewidth=0.8, linestyle="-.")]


#: What a vote so far is, by its column in the table.
_VOTES = {
    "mean_vote": "Vote so far: spikes per output neuron and step, up to each step.",
    "share": "Share so far: the softmax of the mean logits up to each step.",
}


def _votes(side: Side) -> str:
    """Return which of `_VOTES` a network's are."""
    return "share" if side.by_logits else "mean_vote"


def _vote_rows(subject: Subject) -> Rows:
    columns = list(dict.fromkeys(_votes(side) for side in subject.sides.values()))
    return [
        {
            "network": who,
            **subject.scene.span(_edges(subject, who), t),
            "class": name,
            **{
                column: float(means[t, i]) if _votes(side) == column else None for column in columns
            },
            "settles_at_step": None if settled is None else settled + 1,
        }
        for who, side in subject.sides.items()
        for means, settled in [(side.votes_so_far, side.settled_at)]
        for t in range(len(means))
        for i, name in enumerate(side.card.classes)
    ]


def _votes_caption(subject: Subject) -> str:
    told = " ".join(dict.fromkeys(_VOTES[_votes(side)] for side in subject.sides.values()))
    return (
        f"{told} The up to "
        f"{_CURVES} highest classes at the end are named, the others grey. Dash-dotted: "
        "the end of the first step from which the leading class no "
        f"longer changes. {contrast.deciding(subject.a, subject.b)}"
    ).rstrip()


def _gates(subject: Subject) -> dict[str, NDArray[np.floating]]:
    """Return B's temporal gates by layer, (T,)."""
    return subject.gates("time")


def _input(subject: Subject) -> NDArray[np.int64] | None:
    """Return B's input of each step, all its kinds together; None where it stands still."""
    course = subject.scene.course(subject.b)
    return np.sum(list(course.values()), axis=0) if course else None


def _draw_gates(subject: Subject, columns: int) -> Figure:
    gates, edges = _gates(subject), _edges(subject, "B")
    events = _input(subject)
    height_mm = min(16 + 22 * len(gates), style.MOST_HEIGHT_MM)
    figure = style.figure(columns, height_mm=height_mm)
    grid = figure.subplots(len(gates), sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, (name, weights) in zip(grid, gates.items(), strict=True):
        axes.stairs(weights, edges, fill=True, color=style.COLOUR_GATE, label="gate")
        if events is not None:
            axes.stairs(
                events / max(int(events.max()), 1), edges, baseline=None, color=style.INK,
                label="events / busiest step\u2019s",
            )  # fmt: skip
        axes.set_ylim(0, 1.02)
        axes.set_ylabel(name)
    grid[0].legend(loc="lower right", bbox_to_anchor=(1.0, 0.98), ncols=2)
    subject.scene.name_time(grid[-1])
    return figure


def _gate_rows(subject: Subject) -> Rows:
    edges, events = _edges(subject, "B"), _input(subject)
    return [
        {
            "layer": name,
            **subject.scene.span(edges, t),
            "gate": float(weight),
            **({} if events is None else {"events": int(events[t])}),
        }
        for name, weights in _gates(subject).items()
        for t, weight in enumerate(weights)
    ]


def _gate_caption(subject: Subject) -> str:
    return (
        f"Temporal gate of {subject.titles['B']} by layer, one weight a step"
        + (
            ""
            if _input(subject) is None
            else ", over the input\u2019s events as shares of the busiest step\u2019s"
        )
        + ". The gate is computed from all steps: it looks ahead (non-causal). "
        + f"{constant_gates(subject.b)}{subject.left_out}"
    ).rstrip()


PANELS = (
    Panel(
        "when_activity", "Activity over time", "When",
        _draw_activity, _activity_rows, _activity_caption,
    ),
    Panel(
        "when_layer_rates", "Rate of each layer over time", "When",
        _draw_layer_rates, _layer_rate_rows, _layer_rates_caption,
    ),
    Panel("when_votes", "Votes over time", "When", _draw_votes, _vote_rows, _votes_caption),
    Panel(
        "when_temporal_gates", "Temporal gate", "When", _draw_gates, _gate_rows, _gate_caption,
        lambda subject: subject.no_gate("time", "temporal"),
    ),
)  # fmt: skip

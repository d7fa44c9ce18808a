"""Panels of one neuron in A and in B, and of the potentials of its whole layer."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from masnn.neuron_trace import NeuronTrace, trace_neuron
from masnn.potentials import PotentialHistogram, potential_edges, potential_histogram
from masnn.receptive_field import receptive_field
from masnn.report import style
from masnn.report.panel import Panel, Rows
from masnn.report.scene import Plane
from masnn.report.subject import Subject
from masnn.sides import trained_apart


def _traces(subject: Subject) -> dict[str, NeuronTrace]:
    """Return the neuron's trace in A and in B, where it is there."""
    look = subject.look
    traces = {}
    for who in subject.sides:
        response = subject.potentials(who.lower())
        layer = response.layers.get(look.neuron_layer)
        if layer is None or len(layer.shape) != len(look.neuron):
            continue
        if all(i < n for i, n in zip(look.neuron, layer.shape, strict=True)):
            traces[who] = trace_neuron(
                response, subject.config(who.lower()), look.neuron_layer, look.neuron
            )
    return traces


def _place(subject: Subject) -> str:
    look = subject.look
    names = ("channel", "y", "x") if len(look.neuron) == 3 else ("neuron",)
    where = ", ".join(f"{name} {i}" for name, i in zip(names, look.neuron, strict=True))
    return f"{look.neuron_layer}, {where}"


def _draw_courses(subject: Subject, columns: int) -> Figure:
    traces = _traces(subject)
    figure = style.figure(columns, height_mm=50 * len(traces) + 8)
    grid = figure.subplots(2 * len(traces), sharex=True, squeeze=False)[:, 0]
    for (above, below), (who, trace) in zip(
        zip(grid[::2], grid[1::2], strict=True), traces.items(), strict=True
    ):
        edges = subject.sides[who].edges_ms
        _draw_course(above, below, trace, edges, style.COLOURS[who])
        above.set_ylabel(f"current, {who}")
        below.set_ylabel(f"potential, {who}")
        step = subject.step_of(who)
        for axes in (above, below):
            axes.axvspan(edges[step], edges[step + 1], color="#000000", alpha=0.08, linewidth=0)
    subject.scene.name_time(grid[-1])
    figure.suptitle(_place(subject), fontsize=7.5)
    return figure


def _draw_course(
    above: Axes, below: Axes, trace: NeuronTrace, edges: np.ndarray, colour: str
) -> None:
    """Draw currents above, the potential with threshold, spikes and resets below."""
    above.stairs(trace.current, edges, baseline=None, color="#8a909c", label="current X")
    if trace.gates:
        above.stairs(
            trace.current_gated, edges, baseline=None, color=style.COLOUR_GATE,
            label="as integrated X\u2032", linewidth=1.2,
        )  # fmt: skip
    above.axhline(0, color=style.INK, linewidth=0.4)
    above.legend(loc="lower right", bbox_to_anchor=(1.0, 0.97), ncols=2)
    if not np.array_equal(trace.integrated, trace.membrane):
        below.stairs(
            trace.integrated, edges, baseline=None, color="#8a909c", label="before gates U\u2032"
        )
    below.stairs(trace.membrane, edges, baseline=None, color=colour, label="potential U")
    below.axhline(trace.v_threshold, color=style.INK, linewidth=0.8, linestyle="--")
    fired = np.flatnonzero(trace.spikes)
    centre = (edges[1:] + edges[:-1]) / 2
    if len(fired):
        below.plot(
            centre[fired], trace.membrane[fired], "v", color=style.INK, markersize=3,
            label="spike",
        )  # fmt: skip
        below.plot(
            edges[fired + 1], trace.carried_out[fired], "_", color=style.INK, markersize=4,
            label="after reset H",
        )  # fmt: skip
    below.margins(y=0.15)
    below.legend(loc="lower right", bbox_to_anchor=(1.0, 0.97), ncols=4, columnspacing=1.0)


def _course_rows(subject: Subject) -> Rows:
    return [
        {
            "network": who,
            **subject.scene.span(subject.sides[who].edges_ms, t),
            "current": float(trace.current[t]),
            **{
                f"gate_{gate}": float(trace.gates[gate][t]) if gate in trace.gates else None
                for gate in ("time", "channel", "space")
            },
            "current_as_integrated": float(trace.current_gated[t]),
            "carried_in": float(trace.carried_in[t]),
            "integrated": float(trace.integrated[t]),
            "potential": float(trace.membrane[t]),
            "threshold": float(trace.v_threshold),
            "spike": int(trace.spikes[t]),
            "carried_out": float(trace.carried_out[t]),
        }
        for who, trace in _traces(subject).items()
        for t in range(trace.T)
    ]


def _course_caption(subject: Subject) -> str:
    traces = _traces(subject)
    fired = "; ".join(
        f"{who} fires {int(trace.spikes.sum())} of {trace.T} steps" for who, trace in traces.items()
    )
    lacking = [who for who in subject.sides if who not in traces]
    return (
        f"Neuron {_place(subject)}: input current and potential, each before the gates that weigh "
        "it (grey, where they do) and after; threshold (dashed), spikes, and what a reset leaves "
        f"(short bars); shaded: {subject.moment}. {fired}."
        + "".join(f" {who} has no such neuron." for who in lacking)
        + f" {trained_apart(subject.a, subject.b, subject.look.neuron_layer)}"
    ).rstrip()


def _draw_field(subject: Subject, columns: int) -> Figure:
    who, y0, y1, x0, x1 = _field(subject)
    planes = _planes(subject, who)
    figure = style.figure(columns, height_mm=46 if columns == 1 else 70)
    figure.set_layout_engine("compressed")  # maps keep their aspect
    grid = figure.subplots(1, len(planes), squeeze=False)[0]
    for axes, plane in zip(grid, planes, strict=True):
        style.bare(axes)
        axes.set_title(f"{plane.name}, {who}, step {subject.step_of(who) + 1}")
        image = plane.draw(axes, max(1, int(plane.values.max())))
        if plane.values.ndim == 2:
            style.labelled_bar(figure, image, axes, subject.scene.unit)
        corners = ([x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0])
        axes.plot(
            *(np.array(c) - 0.5 for c in corners), color=style.ON_MAPS, linewidth=1,
            path_effects=[withStroke(linewidth=2, foreground="#ffffff")],  # on black ground too
        )  # fmt: skip
    return figure


def _field(subject: Subject) -> tuple[str, int, int, int, int]:
    """Return of which network's input it is drawn, and the rows and columns that are framed."""
    who = list(_traces(subject))[-1]
    look = subject.look
    seen = receptive_field(subject.config(who.lower()), look.neuron_layer, *look.neuron[1:])
    return (who, *seen.clipped)


def _planes(subject: Subject, who: str) -> list[Plane]:
    side = subject.sides[who]
    return subject.scene.planes(side, subject.step_of(who))


def _field_rows(subject: Subject) -> Rows:
    who, y0, y1, x0, x1 = _field(subject)
    scene = subject.scene
    return [
        {
            "network": who, scene.kind: name, "y": y, "x": x, scene.unit: int(n),
            "framed": y0 <= y < y1 and x0 <= x < x1,
        }
        for plane in _planes(subject, who)
        for name, values in plane.parts.items()
        for (y, x), n in np.ndenumerate(values)
    ]  # fmt: skip


def _field_caption(subject: Subject) -> str:
    who, y0, y1, x0, x1 = _field(subject)
    planes = _planes(subject, who)
    inside, everywhere = (
        sum(int(plane.values[of].sum()) for plane in planes)
        for of in ((slice(y0, y1), slice(x0, x1)), ...)
    )
    events = "" if planes[0].most else f": {inside:,} of {everywhere:,} events"
    return (
        f"{who}\u2019s input at step {subject.step_of(who) + 1}: {subject.sides[who].input_grid}. "
        f"Framed: its rows {y0}\u2013{y1 - 1} and columns {x0}\u2013{x1 - 1}, all that reaches "
        f"neuron {_place(subject)} through convolutions and pooling{events}. Gates pool over the "
        "whole map and reach farther."
    )


def _histograms(subject: Subject) -> dict[str, tuple[PotentialHistogram, float]]:
    """Return the layer's potentials and the threshold, by network."""
    found = {}
    for who in subject.sides:
        layer = subject.potentials(who.lower()).layers.get(subject.look.neuron_layer)
        if layer is not None:
            found[who] = (layer, float(subject.config(who.lower()).v_threshold))
    histograms = {}
    for who, (layer, threshold) in found.items():
        # Networks of one threshold share their bins.
        alike = [one for one, other in found.values() if other == threshold]
        edges = potential_edges(alike, threshold)
        histograms[who] = (potential_histogram(layer, threshold, edges), threshold)
    return histograms


def _draw_potentials(subject: Subject, columns: int) -> Figure:
    figure = style.figure(columns, height_mm=56)
    axes = figure.subplots()
    for who, (histogram, threshold) in _histograms(subject).items():
        axes.stairs(
            histogram.shares, histogram.edges, color=style.COLOURS[who],
            label=subject.titles[who], linewidth=style.OUTLINES_PT[who],
        )  # fmt: skip
        axes.axvline(threshold, color=style.INK, linewidth=0.8, linestyle="--")
    axes.set_yscale("log")
    axes.set_xlabel(f"potential U of {subject.look.neuron_layer}")
    axes.set_ylabel("share of neurons and steps")
    axes.legend()
    return figure


def _potential_rows(subject: Subject) -> Rows:
    return [
        {
            "network": who,
            "from": float(low),
            "to": float(high),
            "potentials": int(n),
            "share": float(share),
            "at_or_above_threshold": bool(low >= threshold),
        }
        for who, (histogram, threshold) in _histograms(subject).items()
        for low, high, n, share in zip(
            histogram.edges[:-1],
            histogram.edges[1:],
            histogram.counts,
            histogram.shares,
            strict=True,
        )
    ]


def _potential_caption(subject: Subject) -> str:
    told = "; ".join(
        f"{who}: {histogram.share_firing:.2%} of {histogram.n:,} reach it"
        + (f", {outside:,} lie outside the picture" if outside else "")
        for who, (histogram, _) in _histograms(subject).items()
        for outside in [histogram.n_below + histogram.n_above]
    )
    return (
        f"Potentials of all neurons of {subject.look.neuron_layer} at all steps as they are "
        f"compared with the threshold (dashed). {told}."
    )


PANELS = (
    Panel(
        "neuron_courses", "Current, potential and spikes", "One neuron",
        _draw_courses, _course_rows, _course_caption,
    ),
    Panel(
        "neuron_receptive_field", "What the neuron can see", "One neuron",
        _draw_field, _field_rows, _field_caption,
    ),
    Panel(
        "neuron_potentials", "Potentials of the layer", "One neuron",
        _draw_potentials, _potential_rows, _potential_caption,
    ),
)  # fmt: skip

"""Panel: one neuron of A and of B at the player's step, with its equation in numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import choices, runs, state
from app.components.neuron import neuron
from app.figures import neuron as figure
from app.panels.chart import chart
from app.panels.explain import heading
from app.runs import Gaze
from masnn import clock
from masnn.equations import equations
from masnn.explanations import neuron as told
from masnn.neuron_trace import NeuronTrace, trace_neuron
from masnn.potentials import PotentialHistogram, potential_edges, potential_histogram
from masnn.receptive_field import receptive_field
from masnn.report.subject import busiest, neuron_layers
from masnn.response import LayerResponse, Response
from masnn.sides import Side, joined, trained_apart


class Probe(NamedTuple):
    """Hold a network's part of the comparison, with potentials and its configuration."""

    side: Side
    response: Response
    config: Any


def show(gaze: Gaze, a: Side, b: Side, playing: str) -> None:
    """Show a neuron of the layer that plays, or of a fully connected one."""
    layers = joined(a, b)
    above = st.container()
    name, index = _choice(layers, neuron_layers(a, b, playing))
    if words := trained_apart(a, b, name):
        above.caption(f":material/call_split: {words}")
    probes = {
        who: Probe(side, runs.with_potentials(gaze, side, name), runs.config(gaze, side))
        for who, side in (("A", a), ("B", b))
        if name in side.response.layers
    }
    traces = {
        who: trace_neuron(probe.response, probe.config, name, index)
        for who, probe in probes.items()
        if _has(probe.response.layers[name].shape, index)
    }
    for who in "AB":
        if who not in traces:
            st.caption(f":material/info: {who} has no such neuron.")
    if not traces:
        return
    edges = {"A": a.edges_ms, "B": b.edges_ms}
    ticks_ms = clock.ticks(*edges.values())
    steps = {who: clock.own_steps(ms, ticks_ms) for who, ms in edges.items()}
    courses = {
        who: _course(probes[who].side.card.title, edges[who], steps[who], trace)
        for who, trace in traces.items()
    }
    field, picture = st.columns([1, 2.6])
    with picture:
        heading("#### Current, potential, spikes", told.course(traces))
        dark = state.is_dark()
        drawn = figure.course(
            courses.get("A"), courses.get("B"), ticks_ms, dark=dark, in_steps=a.is_still
        )
        neuron(drawn, "course")
    with field:
        who = list(traces)[-1]
        _receptive(probes[who], who, name, index, steps[who])
    for column, (who, trace) in zip(st.columns(len(traces)), traces.items(), strict=True):
        with column:
            _equations(who, probes[who].side.card.title, trace, steps[who])
    _histogram(probes, name)


def _choice(
    layers: dict[str, tuple[LayerResponse | None, LayerResponse | None]], names: list[str]
) -> tuple[str, tuple[int, ...]]:
    """Return the chosen layer and neuron."""
    key = choices.key("neuron_layer")
    choices.forget_unless(key, names)
    columns = st.columns([1.4, 1, 1, 1])
    with columns[0]:
        name = st.selectbox(
            "Layer of the neuron",
            names,
            key=key,
            bind="query-params",
            help="The layer that plays above, or a fully connected one.",
        )
    found = [layer for layer in layers[name] if layer is not None]
    shape = max((layer.shape for layer in found), key=np.prod)
    place = busiest(layers[name])
    index = []
    for column, axis, size, first in zip(
        columns[1:], choices.NEURON_AXES[len(shape)], shape, place, strict=False
    ):
        key = choices.offer(axis, int(first), 0, size - 1)
        with column:
            index.append(
                st.number_input(
                    {"n": "neuron"}.get(axis, axis),
                    0,
                    size - 1,
                    key=key,
                    disabled=size == 1,
                )
            )
    return name, tuple(int(i) for i in index)


def _has(shape: tuple[int, ...], index: tuple[int, ...]) -> bool:
    return len(shape) == len(index) and all(i < n for i, n in zip(index, shape, strict=True))


def _course(
    title: str, edges_ms: NDArray[np.float64], steps: NDArray[np.int32], trace: NeuronTrace
) -> figure.Course:
    return figure.Course(
        title,
        edges_ms,
        steps,
        trace.current,
        trace.current_gated,
        trace.integrated,
        trace.membrane,
        trace.spikes,
        trace.carried_out,
        trace.v_threshold,
    )


def _receptive(
    probe: Probe, who: str, name: str, index: tuple[int, ...], steps: NDArray[np.int32]
) -> None:
    """Show the input of the step with the part that can reach the neuron."""
    seen = receptive_field(probe.config, name, *index[1:])
    y, x = index[1:] or (None, None)
    heading("#### What reaches it", told.field(probe.config, name, y, x))
    counts = probe.side.frames.strength
    if probe.side.is_still:  # the same at every step: one travels
        counts, steps = counts[:1], np.minimum(steps, 0)
    neuron(figure.field(who, counts, seen.clipped, steps, dark=state.is_dark()), "field")
    st.caption(f"Rows and columns are those of {probe.side.input_grid}.")


def _equations(who: str, title: str, trace: NeuronTrace, steps: NDArray[np.int32]) -> None:
    """Write every step out with the neuron's numbers; the player says which is shown."""
    colour = {"A": "orange", "B": "blue"}[who]
    heading(f":{colour}[**{who} {title}**]", told.step(trace, who))
    lines = [
        [(f"{line.what} \u00b7 {line.source}", line.plain) for line in equations(trace, t)]
        for t in range(trace.T)
    ]
    neuron(figure.equations(who, lines, int(trace.spikes.sum()), steps), f"equations_{who}")


def _histogram(probes: dict[str, Probe], name: str) -> None:
    """Show how the whole layer's potentials lie to the threshold."""
    above = st.container()
    found = {
        who: (probe.response.layers[name], float(probe.config.v_threshold))
        for who, probe in probes.items()
    }
    histograms: dict[str, PotentialHistogram] = {}
    shown: list[figure.Potentials | None] = []
    for who in "AB":
        if who not in found:
            shown.append(None)
            continue
        layer, threshold = found[who]
        # Networks of one threshold share their bins.
        alike = [one for one, other in found.values() if other == threshold]
        histogram = potential_histogram(layer, threshold, potential_edges(alike, threshold))
        histograms[who] = histogram
        shown.append(
            figure.Potentials(
                probes[who].side.card.title, histogram.counts, histogram.edges, threshold
            )
        )
        outside = histogram.n_below + histogram.n_above
        st.caption(
            f"{who}: {histogram.share_firing:.2%} of {histogram.n:,} potentials reach the threshold"
            + (f"; {outside:,} lie outside the picture." if outside else ".")
        )
    with above:
        heading(f"#### Potentials of {name}", told.potentials(histograms))
    chart(
        figure.potentials(shown, dark=state.is_dark()),
        "potentials",
        "Histogram of membrane potentials with the threshold",
    )

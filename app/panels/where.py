"""Panel: where A and B fire, where B's spatial gate is open, and how much of it is at the input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import choices, state
from app.components.maps import maps
from app.components.spatial import spatial
from app.figures import spatial as figure
from app.figures import where
from app.panels.explain import heading
from app.panels.gates import none_of, site_sentence
from masnn import clock, rates
from masnn.explanations import weights
from masnn.explanations import where as told
from masnn.response import LayerResponse
from masnn.sides import Side, around, joined, no_difference

#: A layer of A and of B by its name, None where one lacks it.
Layers = Mapping[str, tuple[LayerResponse | None, LayerResponse | None]]


def show(a: Side, b: Side, chosen: str) -> None:
    """Show convolutional layers' maps, the focus, the input and B's spatial gate.

    Args:
        a: Network A.
        b: Network B.
        chosen: Of a deep network the layers around this one are shown.
    """
    layers = joined(a, b)
    shown = {name: layers[name] for name in around(layers, chosen)}
    for name, pair in shown.items():
        if any(layer is not None and len(layer.shape) == 3 for layer in pair):
            _maps(a, b, name, pair)
    _focus(a, b, shown)
    _input_and_gate(a, b, shown)


def _maps(
    a: Side, b: Side, name: str, pair: tuple[LayerResponse | None, LayerResponse | None]
) -> None:
    words, picture = st.columns([1, 5])
    with words:
        heading(f"**{name}**", told.response_map(a, b, name))
        shapes = [_shape(layer.shape) for layer in pair if layer is not None]
        st.caption(" \u2192 ".join(dict.fromkeys(shapes)))
        reason = no_difference(a, b, *pair)
        if reason:
            st.caption(f":material/info: {reason}")
    key = f"map_{name}"
    with picture:
        fired = [None if layer is None else rates.neuron_rates(layer.spikes) for layer in pair]
        maps(
            where.response_maps(
                name,
                fired,
                names=[side.card.title for side in (a, b)],
                no_difference=reason,
                dark=state.is_dark(),
            ),
            key,
            on_pick=lambda: choices.pick_neuron(key),
        )


def _shape(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} channels of {shape[1]} \u00d7 {shape[2]}"


def _focus(a: Side, b: Side, layers: Layers) -> None:
    """Show which share of the firing lies where the input is."""
    if not a.says_where:
        st.markdown("#### Focus")
        st.caption(
            ":material/info: Not measured: in a photograph brightness does not say where the thing "
            "is. It is where a network sees events, or ink."
        )
        return
    heading("#### Focus", told.focus(a, b, next(iter(layers))))
    seen: dict[str, list[str]] = {}
    for name, pair in layers.items():
        for who, side, layer in zip("AB", (a, b), pair, strict=True):
            if layer is None or len(layer.shape) != 3:
                continue
            found = side.focus_of(name)
            if found is None:
                continue
            share = "none" if found.share is None else f"{found.share:.1%}"
            row = seen.setdefault(name, [""] * 4)
            at = 2 * "AB".index(who)
            row[at : at + 2] = [f"{found.area:.1%}", share]
    head = ["layer", "area A", "share A", "area B", "share B"]
    lines = [head, ["---", *["---:"] * 4], *([name, *row] for name, row in seen.items())]
    st.markdown("\n".join(f"| {' | '.join(cells)} |" for cells in lines))


def _input_and_gate(a: Side, b: Side, layers: Layers) -> None:
    gates = b.gates("space", layers)
    if b.is_still:  # the page shows the picture
        _gates(a, b, gates)
        return
    image, gate = st.columns([2, 3]) if gates else (st.container(), None)
    seen = {"A": a, "B": b}
    if a.sees_what(b):
        seen = {"": b}
    with image:
        heading("#### What they see", told.seen(a, b))
        maps(
            where.event_images(
                {who: side.recorded.counts.sum(0) for who, side in seen.items()},
                dark=state.is_dark(),
                rows=len(seen),
            ),
            "input",
        )
        for who, side in seen.items():
            n = f"{int(side.recorded.counts.sum()):,} events in "
            height, width = side.recorded.counts.shape[2:]
            st.caption(n + (f"{who}'s window, {height} \u00d7 {width}." if who else "the window."))
    with gate or st.container():
        _gates(a, b, gates)


def _gates(a: Side, b: Side, gates: dict[str, Any]) -> None:
    """Show how open B's spatial gates are at each place."""
    if not gates:
        none_of("spatial", b)
        return
    heading("#### Where B attends", weights.gate(b, "space", list(gates)))
    ticks_ms = clock.ticks(*(side.edges_ms for side in (a, b)))
    steps = clock.own_steps(b.edges_ms, ticks_ms)
    fired = {n: rates.neuron_rates(b.response.layers[n].spikes) for n in gates}
    channels = {n: where.busiest(one)[0] for n, one in fired.items()}
    over = "ink" if b.is_still else "events"
    spatial(
        figure.content(
            gates,
            {name: b.borders(name) for name in gates},
            b.frames.strength,
            steps,
            channels,
            over=over if b.says_where else "",
        ),
        key="spatial",
        on_pick=lambda: choices.pick_neuron("spatial"),
    )
    st.caption(site_sentence(b, "place"))

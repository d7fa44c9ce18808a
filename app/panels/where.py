"""Panel: where A and B fire, where B's spatial gate is open, and how much of it is at the input."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from app import state
from app.components.spatial import spatial
from app.figures import player, where
from app.figures import spatial as figure
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.gates import none_of, site_sentence
from app.state import Selection
from masnn import focus, rates
from masnn.explanations import weights
from masnn.explanations import where as told
from masnn.response import LayerResponse
from masnn.sides import Side, joined, no_difference, titles


def show(selection: Selection, a: Side, b: Side) -> None:
    """Show each convolutional layer's map, the focus, the input and B's spatial gate."""
    for name, pair in joined(a, b).items():
        if any(layer is not None and len(layer.shape) == 3 for layer in pair):
            _maps(a, b, name, pair)
    _focus(a, b)
    _input_and_gate(selection, a, b)


def _maps(
    a: Side, b: Side, name: str, pair: tuple[LayerResponse | None, LayerResponse | None]
) -> None:
    map_a, map_b = (None if layer is None else rates.rate_map(layer.spikes) for layer in pair)
    reason = no_difference(a, b, *pair)
    words, picture = st.columns([1, 4], vertical_alignment="center")
    with words:
        heading(f"**{name}**", told.response_map(a, b, name))
        shapes = [_shape(layer.shape) for layer in pair if layer is not None]
        found = [values for values in (map_a, map_b) if values is not None]
        st.caption(_arrow(dict.fromkeys(shapes)))
        st.caption("mean rate  " + _arrow(f"{values.mean():.4f}" for values in found))
        st.caption("highest  " + _arrow(f"{values.max():.3f}" for values in found))
        if reason:
            st.caption(f":material/info: {reason}")
    with picture:
        chart(
            where.response_maps(
                name,
                map_a,
                map_b,
                names=titles(a, b),
                dark=state.is_dark(),
                difference=not reason,
            ),
            f"map_{name}",
            f"Firing rate of {name} over the sensor's plane. "
            + (reason or "In A, B and B minus A."),
        )


def _shape(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} channels of {shape[1]} \u00d7 {shape[2]}"


def _arrow(words: Iterable[str]) -> str:
    return " \u2192 ".join(words)


def _focus(a: Side, b: Side) -> None:
    """Show which share of the firing lies where the input is."""
    heading("#### Focus", told.focus(a, b))
    rows = []
    for name, pair in joined(a, b).items():
        row: dict[str, object] = {"layer": name}
        for who, side, layer in zip("AB", (a, b), pair, strict=True):
            if layer is None or len(layer.shape) != 3:
                continue
            inside = focus.region(side.frames.counts, layer.shape[1:])  # type: ignore[arg-type]
            found = focus.focus(layer.spikes, inside)
            row |= {f"area {who}": found.area, f"share {who}": found.share}
        if len(row) > 1:
            rows.append(row)
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={key: percent for row in rows for key in row if key != "layer"},
    )


def _input_and_gate(selection: Selection, a: Side, b: Side) -> None:
    gates = {n: x.gates["space"] for n, x in b.response.layers.items() if "space" in x.gates}
    image, gate = st.columns([1, 3]) if gates else (st.container(), None)
    seen = {"A": a, "B": b}
    if a.sees_what(b):
        seen = {"": b}
    with image:
        heading("#### What they see", told.seen(a, b))
        chart(
            where.event_images(
                {who: side.frames.counts.sum(0) for who, side in seen.items()},
                dark=state.is_dark(),
            ),
            "input",
            "Events of the window as two images, ON and OFF"
            + (", for A and for B" if len(seen) > 1 else ""),
        )
        for who, side in seen.items():
            n = f"{int(side.frames.counts.sum()):,} events in "
            height, width = side.frames.counts.shape[2:]
            st.caption(n + (f"{who}'s window, {height} \u00d7 {width}." if who else "the window."))
    if gate is None:
        none_of("spatial")
    else:
        with gate:
            heading("#### Where B attends", weights.gate(b, "space"))
            ticks_ms = player.clock(*(side.edges_ms(selection.recording) for side in (a, b)))
            steps = player.own_steps(b.edges_ms(selection.recording), ticks_ms)
            spatial(figure.content(gates, b.frames.counts, steps), key="spatial")
            st.caption(site_sentence(b, "place"))

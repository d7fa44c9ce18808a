"""Panels: when, where and how much A and B fire, each on its own steps, layers joined by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import streamlit as st

from app import state
from app.figures import how_much, when, where
from app.figures.when import Steps
from app.panels.chart import chart
from app.state import Selection, Side
from masnn import rates
from masnn.response import LayerResponse


def _names(a: Side, b: Side) -> tuple[str, str]:
    return a.card.title, b.card.title


def _joined(a: Side, b: Side) -> dict[str, tuple[LayerResponse | None, LayerResponse | None]]:
    """Return every layer of A and B by name, convolutions first; None where one lacks it."""
    layers = [side.response.layers for side in (a, b)]
    names = sorted(
        dict.fromkeys(name for side in layers for name in side),
        key=lambda name: any(name in side and len(side[name].shape) != 3 for side in layers),
    )
    return {name: (layers[0].get(name), layers[1].get(name)) for name in names}


def _steps(side: Side, selection: Selection) -> Steps:
    counts = side.frames.counts
    return Steps(
        side.edges_ms(selection.recording),
        counts[:, 1].sum((1, 2)),
        counts[:, 0].sum((1, 2)),
        rates.nsfr(side.response.spikes),
    )


def overview(selection: Selection, a: Side, b: Side) -> None:
    """Show the input, and how the networks fire and vote on it."""
    dark = state.is_dark()
    seen = {"A": a, "B": b}
    if np.array_equal(a.frames.edges_us, b.frames.edges_us) and np.array_equal(
        a.frames.counts, b.frames.counts
    ):
        seen = {"": b}
    image, curves, votes = st.columns([1, 2.4, 1.8] if len(seen) == 1 else [1.6, 2.1, 1.7])
    with image:
        st.markdown("###### What they see")
        chart(
            where.event_images(
                {who: side.frames.counts.sum(0) for who, side in seen.items()}, dark=dark
            ),
            "input",
            "Events of the window as two images, ON and OFF"
            + (", for A and for B" if len(seen) > 1 else ""),
        )
        for who, side in seen.items():
            n = f"{int(side.frames.counts.sum()):,} events in "
            height, width = side.frames.counts.shape[2:]
            st.caption(n + (f"{who}'s window, {height} \u00d7 {width}." if who else "the window."))
    with curves:
        st.markdown("###### Input events and firing rate over time")
        chart(
            when.activity(
                _steps(a, selection), _steps(b, selection), names=_names(a, b), dark=dark
            ),
            "activity",
            "Events per step, and spikes per neuron of A and B at each step",
        )
    with votes:
        st.markdown("###### Votes")
        chart(
            when.votes(a.summary["votes"], b.summary["votes"], names=_names(a, b), dark=dark),
            "votes",
            "Mean output rate of each class in A and B",
        )


def maps(a: Side, b: Side) -> None:
    """Show where each convolutional layer fires."""
    st.markdown("### Where they fire")
    st.caption(
        "Spike response of each convolutional layer: rate averaged over time and channels "
        "(the paper's Fig. 6). A and B share one colour scale; B \u2212 A has its own, symmetric "
        "one."
    )
    for name, pair in _joined(a, b).items():
        if not any(layer is not None and len(layer.shape) == 3 for layer in pair):
            continue
        map_a, map_b = (None if layer is None else rates.rate_map(layer.spikes) for layer in pair)
        reason = _no_difference(a, b, *pair)
        words, picture = st.columns([1, 4], vertical_alignment="center")
        with words:
            st.markdown(f"**{name}**")
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
                    names=_names(a, b),
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


def _no_difference(a: Side, b: Side, one: LayerResponse | None, other: LayerResponse | None) -> str:
    """Return why there is no map B - A, or nothing where there is one."""
    if one is None or other is None:
        return f"Only {'B' if one is None else 'A'} has this layer."
    sizes = [layer.shape[1:] for layer in (one, other)]
    if sizes[0] != sizes[1]:
        (h, w), (other_h, other_w) = sizes
        return f"No difference: A's map has {h} \u00d7 {w} places, B's {other_h} \u00d7 {other_w}."
    if _field(a) != _field(b):
        return "No difference: A and B look at other parts of the sensor."
    return ""


def _field(side: Side) -> tuple[int, ...]:
    """Return the part of the sensor that a network sees: corner and size in px."""
    height, width = side.frames.counts.shape[2:]
    return (*side.frames.offset_px, side.frames.block * height, side.frames.block * width)


def histograms(a: Side, b: Side) -> None:
    """Show how often neurons fire, layer by layer, and the numbers behind it."""
    st.markdown("### How much they fire")
    times = f"0 to {a.response.T} times"
    if a.response.T != b.response.T:
        times = f"{times} in A and 0 to {b.response.T} times in B"
    st.caption(
        f"A neuron fires {times}, so each bar is one exact rate; silent neurons stand apart. "
        "Counts are on a logarithmic axis."
    )
    joined = _joined(a, b)
    for start in range(0, len(joined), 3):
        for name, column in zip(list(joined)[start : start + 3], st.columns(3), strict=False):
            counts = [
                None if layer is None else rates.spikes_per_neuron_histogram(layer.spikes)
                for layer in joined[name]
            ]
            with column:
                lacking = [who for who, n in zip("AB", counts, strict=True) if n is None]
                st.markdown(f"**{name}**" + "".join(f" \u00b7 not in {who}" for who in lacking))
                chart(
                    how_much.rate_histogram(
                        name, *counts, names=_names(a, b), dark=state.is_dark()
                    ),
                    f"histogram_{name}",
                    f"Histogram of firing rates of {name} in A and B",
                )
    _table(a, b, list(joined))


def _table(a: Side, b: Side, names: list[str]) -> None:
    """Show the layers' numbers, joined by name; a layer that one lacks leaves its cells empty."""
    sides = {
        who: {layer["name"]: layer for layer in side.summary["layers"]}
        for who, side in (("A", a), ("B", b))
    }
    rows = [
        {"layer": name}
        | {
            f"{title} {who}": layers.get(name, {}).get(key)
            for title, key in (("neurons", "neurons"), ("spikes", "spikes"), ("LASFR", "lasfr"))
            for who, layers in sides.items()
        }
        for name in names
    ]
    if all(row["neurons A"] == row["neurons B"] for row in rows):
        rows = [_one_neurons(row) for row in rows]
    number = st.column_config.NumberColumn
    whole = ("neurons", "neurons A", "neurons B", "spikes A", "spikes B")
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            **{k: number(format="localized") for k in whole if k in rows[0]},
            **{k: number(format="%.4f") for k in ("LASFR A", "LASFR B")},
        },
    )
    outputs = [list(side)[-1] for side in sides.values()]
    st.caption(
        "LASFR: spikes of a layer / (its neurons \u00b7 steps)."
        + ("" if outputs[0] == outputs[1] else f" {outputs[0]} is A's output, {outputs[1]} B's.")
    )


def _one_neurons(row: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in row.items() if not key.startswith("neurons")}
    return {"layer": row["layer"], "neurons": row["neurons A"], **rest}

"""Panel: how much A and B fire, layer by layer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import state
from app.figures import how_much
from app.panels.chart import chart
from app.panels.explain import heading
from masnn import comparison, rates
from masnn.explanations import how_much as told
from masnn.kinds import is_deep
from masnn.sides import Side, around, joined, titles

#: Columns of the table for each network, and what `comparison.layer_table` calls them.
_COLUMNS = {"neurons": "neurons", "spikes": "spikes", "rate": "rate", "share of spikes": "share"}


def show(a: Side, b: Side, chosen: str) -> None:
    """Show how often neurons fire, layer by layer, and the numbers behind it.

    Args:
        a: Network A.
        b: Network B.
        chosen: Of a deep network histograms of the layers around this one are shown.
    """
    times = f"0 to {a.response.T} times"
    if a.response.T != b.response.T:
        times = f"{times} in A and 0 to {b.response.T} times in B"
    layers = joined(a, b)
    shown = around(layers, chosen)
    heading("#### Neurons by firing rate", told.histograms(a, b, shown[0]))
    st.caption(f"A neuron fires {times}, so each bar is one exact rate.")
    for start in range(0, len(shown), 3):
        for name, column in zip(shown[start : start + 3], st.columns(3), strict=False):
            counts = [
                None if layer is None else rates.spikes_per_neuron_histogram(layer.spikes)
                for layer in layers[name]
            ]
            with column:
                lacking = [who for who, n in zip("AB", counts, strict=True) if n is None]
                st.markdown(f"**{name}**" + "".join(f" \u00b7 not in {who}" for who in lacking))
                chart(
                    how_much.rate_histogram(
                        name, *counts, names=titles(a, b), dark=state.is_dark()
                    ),
                    f"histogram_{name}",
                    f"Histogram of firing rates of {name} in A and B",
                )
    heading("#### Spikes of each layer", told.layers(a, b))
    _table(a, b, list(layers))


def _table(a: Side, b: Side, names: list[str]) -> None:
    """Show the layers' numbers, joined by name; a layer that one lacks leaves its cells empty."""
    sides = {
        who: {row["layer"]: row for row in comparison.layer_table(side.summary)}
        for who, side in (("A", a), ("B", b))
    }
    rows = [
        {"layer": name}
        | {
            f"{title} {who}": layers.get(name, {}).get(key)
            for title, key in _COLUMNS.items()
            for who, layers in sides.items()
        }
        for name in (*names, "all")
    ]
    if all(row["neurons A"] == row["neurons B"] for row in rows):
        rows = [_one_neurons(row) for row in rows]
    number = st.column_config.NumberColumn
    formats = {"neurons": "localized", "spikes": "localized", "rate": "%.4f", "share": "percent"}
    st.dataframe(
        rows,
        hide_index=True,
        column_config={
            key: number(format=formats[key.split()[0]]) for key in rows[0] if key != "layer"
        }
        | {"layer": st.column_config.Column(pinned=True)},
    )
    outputs = [list(side)[-2] for side in sides.values()]
    if outputs[0] != outputs[1] and not is_deep(names):
        st.caption(f"{outputs[0]} is A's output, {outputs[1]} B's.")


def _one_neurons(row: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in row.items() if not key.startswith("neurons")}
    return {"layer": row["layer"], "neurons": row["neurons A"], **rest}

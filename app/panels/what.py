"""Panel: what A and B fire for, channel by channel, and what B's channel gate lets through."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app import choices, state
from app.components.channels import channels
from app.figures import channels as figure
from app.figures import player, what
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.gates import none_of, site_sentence
from app.panels.table import table
from masnn import channels as library
from masnn import focus, rates
from masnn.explanations import weights
from masnn.explanations import what as told
from masnn.sides import Side, around, joined, trained_apart


def show(a: Side, b: Side, name: str) -> None:
    """Show every channel of the layer `name`, and B's channel gates."""
    heading(f"#### Channels of {name}", told.channels(a, b, name))
    if words := trained_apart(a, b, name):
        st.caption(f":material/call_split: {words}")
    edges = [side.edges_ms for side in (a, b)]
    ticks_ms = player.clock(*edges)
    pair = joined(a, b)[name]
    kinds = [
        None if layer is None else library.kinds(side, layer)
        for side, layer in zip((a, b), pair, strict=True)
    ]
    layers = [
        None
        if layer is None or kind is None
        else figure.Layer(
            title=side.card.title,
            shape=layer.shape,
            packed=layer.packed,
            rates=rates.neuron_rates(layer.spikes),
            kinds=kind,
            steps=player.own_steps(ms, ticks_ms),
            gate=layer.gates.get("channel"),
        )
        for side, layer, kind, ms in zip((a, b), pair, kinds, edges, strict=True)
    ]
    channels(
        figure.content(layers, [side.response.T for side in (a, b)], dark=state.is_dark()),
        key="channels",
        on_pick=lambda: choices.pick_neuron("channels"),
    )
    each, counts = st.columns([3, 2])
    with each:
        heading("#### Each channel", told.each_channel(a, b, name))
        _table(library.table(a, b, name))
    with counts:
        heading("#### Kinds of channels", told.kinds(a, b, name))
        _kinds_table(kinds)
    found = b.response.layers
    gates = {
        layer: found[layer].gates["channel"]
        for layer in around(joined(a, b), name)
        if layer in found and "channel" in found[layer].gates
    }
    if gates:
        heading("#### What B attends to", weights.gate(b, "channel", list(gates)))
        st.caption(site_sentence(b, "channel"))
        chart(
            what.channel_gates(gates, edges[1], in_steps=b.is_still, dark=state.is_dark()),
            "gate_channel",
            "Channel gate",
        )
    else:
        none_of("channel", b)


#: Marks of the kinds, as they stand on the tiles and in printed figures.
_MARKS = {"silent": "\u00d7", "saturated": "\u25a1", "background": "\u25cb", "selective": "\u25cf"}

#: Columns of the table, and what `channels.table` calls them.
_COLUMNS = {
    "channel": "channel",
    "rate A": "rate_A",
    "rate B": "rate_B",
    "B \u2212 A": "rate_B-A",
    "gate A": "gate_A",
    "gate B": "gate_B",
    "A is": "kind_A",
    "B is": "kind_B",
}


def _table(rows: list[dict[str, Any]]) -> None:
    """Show each channel's numbers, to be sorted by any of them."""
    shown = {
        title: key for title, key in _COLUMNS.items() if any(row[key] is not None for row in rows)
    }
    table(
        [
            {
                title: f"{_MARKS[row[key]]}\u00a0{row[key]}"
                if key.startswith("kind") and row[key]
                else row[key]
                for title, key in shown.items()
            }
            for row in rows
        ],
        height=min(38 + 35 * len(rows), 388),
        forms={
            title: "+.4f" if key == "rate_B-A" else ".4f"
            for title, key in shown.items()
            if key.startswith(("rate", "gate"))
        },
    )
    st.caption(
        "Rates in spikes per neuron and step, gates as means of the steps. A click on a heading "
        "sorts; the CSV stands under Take it away, Rates of channels."
    )


def _kinds_table(kinds: list[list[str] | None]) -> None:
    """Name the channels that are silent, saturated or fire in the background."""
    rows = []
    for kind in focus.KINDS:
        row: dict[str, object] = {"kind": f"{_MARKS[kind]}\u00a0{kind}"}
        for who, found in zip("AB", kinds, strict=True):
            if found is not None:
                of_kind = [str(i) for i, one in enumerate(found) if one == kind]
                row |= {who: len(of_kind), f"channels of {who}": ", ".join(of_kind)}
        rows.append(row)
    # Which channels: lists that go on in the next line, where a table that scrolls would cut them.
    st.table(rows, hide_index=True, border="horizontal")

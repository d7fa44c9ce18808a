"""Panel: what A and B fire for, channel by channel, and what B's channel gate lets through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app import choices, state
from app.components.channels import channels
from app.figures import channels as figure
from app.figures import what
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.gates import none_of, site_sentence
from app.panels.table import table
from masnn import channels as library
from masnn import clock, focus, rates
from masnn.explanations import weights
from masnn.explanations import what as told
from masnn.sides import Side, around, joined, titles, trained_apart


def show(a: Side, b: Side, name: str) -> None:
    """Show every channel of the layer `name`, and B's channel gates."""
    heading(f"#### Channels of {name}", told.channels(a, b, name))
    if words := trained_apart(a, b, name):
        st.caption(f":material/call_split: {words}")
    edges = [side.edges_ms for side in (a, b)]
    ticks_ms = clock.ticks(*edges)
    pair = joined(a, b)[name]
    found = library.of_layer(a, b, name)
    layers = [
        figure.Layer(
            title=side.card.title,
            shape=layer.shape,
            packed=layer.packed,
            rates=rates.neuron_rates(layer.spikes),
            fired=found[who].spikes,
            kinds=found[who].kinds,
            steps=clock.own_steps(ms, ticks_ms),
            gate=layer.gates.get("channel"),
        )
        if layer is not None and who in found
        else None
        for who, side, layer, ms in zip("AB", (a, b), pair, edges, strict=True)
    ]
    by_number = library.matched_by(a, b, name) == "channel"
    channels(
        figure.content(
            layers,
            [side.response.T for side in (a, b)],
            by_number=by_number,
            dark=state.is_dark(),
        ),
        key="channels",
        on_pick=lambda: choices.pick_neuron("channels"),
    )
    rows = library.table(a, b, name)
    drawn, counts = st.columns([3, 2])
    with drawn:
        how = "channel by channel" if by_number else "rank by rank"
        heading(f"#### Rates, {how}", told.channel_rates(a, b, name))
        chart(
            what.channel_rates(rows, names=titles(a, b), dark=state.is_dark()),
            "channel_rates",
            f"Rates of the channels of {name} in A and B, {how}",
        )
    with counts:
        heading("#### Kinds of channels", told.kinds(a, b, name))
        _kinds_table({who: one.kinds for who, one in found.items()})
    heading("#### Each channel", told.each_channel(a, b, name))
    _table(rows)
    gates = b.gates("channel", around(joined(a, b), name))
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

#: Columns of the table by what its rows pair, and what `channels.table` calls them.
_COLUMNS = {
    "rank": {
        "rank": "rank",
        "A\u2019s channel": "channel_A",
        "rate A": "rate_A",
        "A is": "kind_A",
        "B\u2019s channel": "channel_B",
        "rate B": "rate_B",
        "B is": "kind_B",
        "B \u2212 A at the rank": "rate_B-A",
        "gate A": "gate_A",
        "gate B": "gate_B",
    },
    "channel": {
        "channel": "channel_A",
        "rate A": "rate_A",
        "rate B": "rate_B",
        "B \u2212 A": "rate_B-A",
        "gate A": "gate_A",
        "gate B": "gate_B",
        "A is": "kind_A",
        "B is": "kind_B",
    },
}

#: What is said under the table, by what its rows pair.
_PAIRED = {
    "rank": "A row pairs the channels of one rank: numbers say nothing across A and B.",
    "channel": "A and B have the same weights: a row is one channel.",
}


def _table(rows: list[dict[str, Any]]) -> None:
    """Show each channel's numbers, to be sorted by any of them."""
    matched = rows[0]["matched_by"]
    rows = [row | {"rank": at} for at, row in enumerate(rows, start=1)]
    shown = {
        title: key
        for title, key in _COLUMNS[matched].items()
        if any(row[key] is not None for row in rows)
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
        named=[next(iter(shown))],
    )
    st.caption(
        f"{_PAIRED[matched]} Rates in spikes per neuron and step, gates as means of the steps. A "
        "click on a heading sorts; the CSV stands under Take it away, Rates of channels."
    )


def _kinds_table(kinds: Mapping[str, list[str]]) -> None:
    """Name the channels of each network that are silent, saturated or fire in the background."""
    rows = []
    for kind in focus.KINDS:
        row: dict[str, object] = {"kind": f"{_MARKS[kind]}\u00a0{kind}"}
        for who, found in kinds.items():
            of_kind = [i for i, one in enumerate(found) if one == kind]
            row |= {who: len(of_kind), f"channels of {who}": _listed(of_kind)}
        rows.append(row)
    # Which channels: lists that go on in the next line, where a table that scrolls would cut them.
    st.table(rows, hide_index=True, border="horizontal")


#: So many numbers, or runs of numbers, are named.
_MOST_NAMED = 30


def _listed(numbers: list[int]) -> str:
    """Name numbers in ascending order, three and more that follow each other as a run."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    # Two neighbours are shorter by themselves.
    parts = [
        part for run in runs for part in ([run] if len(run) > 2 else [[number] for number in run])
    ]
    named = [
        f"{part[0]}\u2013{part[-1]}" if len(part) > 1 else str(part[0])
        for part in parts[:_MOST_NAMED]
    ]
    more = sum(map(len, parts[_MOST_NAMED:]))
    return ", ".join(named) + (f" and {more} more" if more else "")

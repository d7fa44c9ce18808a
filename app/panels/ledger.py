"""Panel: the energy ledger, what A's and B's operations cost, counted and by formula."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import streamlit as st

from app import state
from app.figures import how_much as figure
from app.panels.chart import chart
from app.panels.explain import heading, tooltip
from app.panels.table import table
from masnn import comparison, energy
from masnn.energy import Energy, Ledger, Ratio
from masnn.explanations import how_much as told
from masnn.sides import Side, titles

_UJ = 1e-6  # uJ in a pJ

#: What a row is of stays where a phone scrolls sideways.
_PINNED = st.column_config.Column(pinned=True)

_COUNTED = ("synaptic operations A", "synaptic operations B")

#: Reasons that stand open on the page; those of a deep network are folded.
_MOST_REASONS = 12


def show(a: Side, b: Side) -> None:
    """Show the ledger under a choice of prices."""
    words, choice = st.columns([3, 2], vertical_alignment="bottom")
    with choice:
        prices = st.selectbox(
            "Prices of operations",
            list(energy.PRESETS),
            format_func=lambda key: energy.PRESETS[key].name,
            key="prices",
            bind="query-params",
        )
    costs = energy.PRESETS[prices]
    one, other = (side.ledger(prices) for side in (a, b))
    with words:
        heading("#### Energy ledger", told.ledger(one, other))
    st.caption(f"MAC {costs.mac_pj:g} pJ, AC {costs.ac_pj:g} pJ. {costs.source}.")
    head, _, rest = energy.NOT_INCLUDED.partition(":")
    st.caption(f"**{head}:**{rest}")
    _ratios(a, b, one, other)
    bars = _bars(titles(a, b), one, other)
    chart(figure.energy(bars, dark=state.is_dark()), "energy", "Energy of A, B and the ANN, in uJ")
    heading("#### Energy of each layer", told.layer_energies(one, other))
    _table(one, other)
    _reasons(one, other)
    with st.expander("Every line of the ledger, with its formula"):
        rows = [
            {"network": who} | row | {"formula": row["formula"].rpartition(" = ")[0]}
            for who, found in (("A", one), ("B", other))
            for row in energy.as_rows(found)
        ]  # what a formula comes to stands under "count"
        st.dataframe(
            rows,
            hide_index=True,
            placeholder="\u2013",
            column_order=(
                *("network", "book", "layer", "part", "gate", "kind", "count", "energy_pj"),
                "formula",
            ),
            column_config={
                "network": _PINNED,
                "kind": "operation",
                "count": st.column_config.NumberColumn(format="localized"),
                "energy_pj": st.column_config.NumberColumn("energy (pJ)", format="localized"),
            },
        )
        meanings = dict.fromkeys((row["part"], row["meaning"]) for row in rows)
        st.caption("\n\n".join(f"**{part}**: {meaning}" for part, meaning in meanings))


def _ratios(a: Side, b: Side, one: Ledger, other: Ledger) -> None:
    """Show how many times less energy B takes, three ways, each with its formula."""
    found = energy.efficiency(one, other)
    sums = other.energies()
    ann = Ratio(sums["ann_once"], sums["exact"])
    books = (
        ("r_EE, counted", "exact", "A\u2019s energy over B\u2019s, all operations counted."),
        (
            "r_EE, comparable",
            "comparable",
            "A\u2019s energy over B\u2019s, counted, over what the paper\u2019s formula has.",
        ),
        ("r_EE, paper's formula", "paper", "A\u2019s energy over B\u2019s, by formula."),
    )
    shown = [(label, found[book], told.ratio(found[book], what)) for label, book, what in books]
    with st.container(horizontal=True):
        for label, ratio, explanation in (*shown, ("ANN once / B", ann, told.ann(ann))):
            value = "\u2013" if ratio.value is None else f"{ratio.value:.2f}\u00d7"
            st.metric(label, value, help=tooltip(explanation), width=165)
    if unlike := comparison.caveats(a.summary, b.summary):
        st.caption(":material/balance: " + " ".join(unlike))


def _bars(titles: tuple[str, str], one: Ledger, other: Ledger) -> dict[str, Mapping[str, float]]:
    bars: dict[str, Mapping[str, float]] = {}
    for who, title, found in zip("AB", titles, (one, other), strict=True):
        sums = found.energies()
        bars[f"{who} {title}"] = {group: sums[group].pj * _UJ for group in figure.GROUPS}
        bars[f"{who}, paper's formula"] = {"formula": sums["paper"].pj * _UJ}
    bars["ANN of B's shape, once"] = {"ANN": other.energies()["ann_once"].pj * _UJ}
    return bars


def _table(one: Ledger, other: Ledger) -> None:
    """Show each layer's energies, and the gap between the paper's formula and what was counted."""
    sides = {"A": one, "B": other}
    facts = {who: {layer.name: layer for layer in found.layers} for who, found in sides.items()}
    rows = [
        _row(name, sides, facts)
        for name in dict.fromkeys(n for side in facts.values() for n in side)
    ]
    rows.append(
        {"layer": "all"} | _energies({who: found.energies() for who, found in sides.items()})
    )
    # The last row is of all networks, and has all columns.
    table(rows, forms={key: ".3f" for key in rows[-1] if key != "layer"}, named=["layer"])


def _row(name: str, sides: dict[str, Ledger], facts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    here = {who: found.energies(name) for who, found in sides.items() if name in facts[who]}
    return {"layer": name, **_energies(here)}


def _reasons(one: Ledger, other: Ledger) -> None:
    """Show what one synaptic operation of each layer is, how many there were, and why."""
    rows: dict[str, dict[str, Any]] = {}
    why: dict[tuple[str, str], list[str]] = {}
    for who, found in (("A", one), ("B", other)):
        for layer in found.layers:
            row = rows.setdefault(layer.name, {"layer": layer.name})
            row[f"operation {who}"] = layer.kind
            row[f"synaptic operations {who}"] = _synaptic(found, layer.name)
            why.setdefault((layer.name, f"{layer.kind}. {layer.reason}"), []).append(who)
    number = st.column_config.NumberColumn(format="localized")
    st.dataframe(
        list(rows.values()),
        hide_index=True,
        column_order=("layer", "operation A", "operation B", *_COUNTED),
        column_config=dict.fromkeys(_COUNTED, number) | {"layer": _PINNED},
    )
    # In paragraphs, as wide as the page: a cell would cut them off, and a phone has no room for a
    # list's margin.
    both = {layer for (layer, _), whose in why.items() if len(whose) == 2}
    lines = [
        f"**{layer}**{'' if layer in both else f' in {whose[0]}'}, {reason}"
        for (layer, reason), whose in why.items()
    ]
    many = len(lines) > _MOST_REASONS
    with st.expander("Why MAC or AC, layer by layer") if many else nullcontext():
        st.caption("\n\n".join(lines))


def _synaptic(found: Ledger, layer: str | None) -> int:
    done = found.energy(layer=layer, group="synapses")
    return done.macs + done.acs


def _energies(here: Mapping[str, Mapping[str, Energy]]) -> dict[str, float]:
    columns = (
        ("counted", lambda e: e["exact"].pj),
        ("gap", lambda e: e["paper"].pj - e["comparable"].pj),
        ("paper", lambda e: e["paper"].pj),
        ("comparable", lambda e: e["comparable"].pj),
    )
    return {
        f"{title} {who} (\u00b5J)": of(sums) * _UJ
        for title, of in columns
        for who, sums in here.items()
    }

"""Panel: what each of B's gates does to the spikes of its own layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import streamlit as st

from app import choices, runs, state
from app.figures import linkage as figure
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.table import table
from app.runs import Gaze
from masnn.ablations import SpikeChange
from masnn.explanations import gates as told
from masnn.kinds import is_deep
from masnn.linkage import GateLinkage, RateLinkage, against_vanilla, opening_gate
from masnn.sides import Side, around, constant_gates, is_vanilla_of, joined

#: What a unit's axes are called; rows and columns are y and x.
_AXES = {"t": "step", "c": "channel"}


def show(gaze: Gaze, a: Side, b: Side, chosen: str) -> None:
    """Show B with and without each gate, gate by gate, and beside A where A is its vanilla.

    Args:
        gaze: What they look at.
        a: Network A.
        b: Network B.
        chosen: Of a deep network the gates around this layer are shown.
    """
    names = joined(a, b)
    table = runs.linkage(gaze, b, around(names, chosen))
    if not table.gates and not table.relus:
        if is_deep(names) and b.card.config["attention"] != "none":
            st.info("B has no gate in this stage. Choose another above.")
        else:
            st.info("B has no gate and no ReLU. Choose an attention network as B.")
        return
    if is_deep(names):
        st.caption(
            f"Gates of {', '.join(dict.fromkeys(one.layer for one in table.gates.values()))}; "
            "those of other stages when one is chosen above."
        )
    vanilla = a if is_vanilla_of(a, b) else None
    if table.gates:
        if vanilla is not None and _against_a():
            gates = {
                name: against_vanilla(b.response, vanilla.response, found.layer, found.gate)
                for name, found in table.gates.items()
            }
            _vanilla_table(gates)
            _picture(gates, chosen)
        else:
            _ablation_table(table.gates, b)
            _picture(table.gates, chosen)
    if table.relus:
        _relus(table.relus)


def _against_a() -> bool:
    """Ask what B is compared with: itself without a gate, or A, trained apart."""
    without = "B with that gate set to one"
    chosen = st.segmented_control(
        "Compared with", [without, "A, its vanilla"], default=without, required=True, key="against"
    )
    return chosen != without


def _ablation_table(gates: Mapping[str, GateLinkage], b: Side) -> None:
    """Show B with and without each gate: spikes, units, correlation."""
    heading("#### B with and without each gate", told.table(next(iter(gates.values()))))
    _draw(
        {
            **_of_gate(found),
            "mean weight": float(found.values.mean(dtype=np.float64)),
            "spikes without": found.totals.before,
            "spikes with": found.totals.after,
            "suppressed": found.totals.suppressed,
            "enhanced": found.totals.enhanced,
            "kept": found.totals.kept,
        }
        for found in gates.values()
    )
    if constant := constant_gates(b):
        st.caption(f":material/horizontal_rule: {constant}")
    heading("#### What each gate does to units", told.units(next(iter(gates.values()))))
    _draw({**_of_gate(found), **_of_units(found)} for found in gates.values())
    st.caption(
        "An ablation of a trained network, not a network trained without the gate. Units of one "
        "input depend on each other: no test of significance. \u2013: no \u03c1 where all "
        "weights or all changes are equal."
    )


def _vanilla_table(gates: Mapping[str, RateLinkage]) -> None:
    """Show B's gates beside the rates of A, its vanilla: units and correlation."""
    heading(
        "#### B\u2019s gates and the rates of A", told.beside_vanilla(next(iter(gates.values())))
    )
    _draw(
        {
            **_of_gate(found),
            "spikes of A": int(found.spikes_without.sum()),
            "spikes of B": int(found.spikes_with.sum()),
            **_of_units(found),
        }
        for found in gates.values()
    )
    st.caption(
        "Two networks trained apart: steps and places mean the same in both, a channel\u2019s "
        "number does not, and no spike of one stands for a spike of the other."
    )


def _of_gate(found: RateLinkage) -> dict[str, Any]:
    return {
        "layer": found.layer,
        "gate": found.gate,
    }


def _of_units(found: RateLinkage) -> dict[str, Any]:
    units = found.units
    return {
        "units": " \u00d7 ".join(found.axes),
        "less": units.suppressed,
        "more": units.enhanced,
        "as often": units.unchanged,
        "n": found.correlation.n,
        "\u03c1": found.correlation.rho,
        "\u03c1, firing": found.correlation_where_firing.rho,
        "n, firing": found.correlation_where_firing.n,
    }


def _draw(found: Iterable[dict[str, Any]]) -> None:
    """Draw a table of gates."""
    rows = list(found)
    exact = {"mean weight", "\u03c1", "\u03c1, firing"}
    named = [key for key in ("layer", "gate", "part") if key in rows[0]]
    forms = {
        key: ".3f" if key in exact else ",.0f" for key in rows[0] if key not in (*named, "units")
    }
    table(rows, forms=forms, named=named)


def _picture(gates: Mapping[str, RateLinkage], chosen: str) -> None:
    """Draw a gate's weights against what it changes, opening on one of the chosen layer."""
    above = st.container()
    key = choices.offer_gate(gates, opening_gate(gates, chosen))
    name = st.selectbox("Gate", list(gates), key=key)
    found = gates[name]
    with above:
        heading("#### Weight and change of rate", told.picture(found))
    where = np.indices(found.values.shape).reshape(len(found.axes), -1).T
    labels = np.array(
        [
            # The page counts steps from one, channels and places from zero.
            ", ".join(
                f"{_AXES.get(x, x)} {i + (x == 't')}" for x, i in zip(found.axes, at, strict=True)
            )
            for at in where
        ]
    )
    chart(
        figure.gate_against_change(
            found.values.ravel(), found.rate_change.ravel(), labels, dark=state.is_dark()
        ),
        "linkage",
        "Each unit's gate against what it changes in the unit's rate",
    )
    if len(labels) > figure.MAX_DOTS:
        st.caption(f"1 of {-(-len(labels) // figure.MAX_DOTS)} units shown; numbers are of all.")


def _relus(relus: Any) -> None:
    """Show the ReLU's part apart from the gates'."""
    first = next(iter(relus.values()))
    heading("#### The ReLU\u2019s part and the gates\u2019", told.relu(first))
    rows = []
    for layer, split in relus.items():
        for part, change in (("ReLU", split.relu), ("gates", split.gates)):
            rows.append({"layer": layer, "part": part, **_change(change)})
    _draw(rows)


def _change(change: SpikeChange) -> dict[str, int]:
    return {
        "spikes before": change.before,
        "spikes after": change.after,
        "suppressed": change.suppressed,
        "enhanced": change.enhanced,
        "kept": change.kept,
    }

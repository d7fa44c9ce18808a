"""Panel: when A and B fire and decide, layer by layer, and when B's temporal gate is open."""

from __future__ import annotations

import streamlit as st

from app import state
from app.figures import when
from app.figures.when import Steps
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.gates import none_of
from app.state import Selection
from masnn import rates
from masnn.explanations import weights
from masnn.explanations import when as told
from masnn.sides import Side, constant_gates, titles


def show(selection: Selection, a: Side, b: Side) -> None:
    """Show firing over time, the decision's latency and B's temporal gates."""
    dark = state.is_dark()
    heading("#### Input events and firing rate", told.activity(a, b))
    chart(
        when.activity(
            _steps(a, selection),
            _steps(b, selection),
            names=titles(a, b),
            dark=dark,
        ),
        "activity",
        "Events per step, and spikes per neuron of A and B at each step",
    )
    heading("#### Rate of each layer over time", told.layer_rates(a, b))
    chart(
        when.layer_rates(
            [
                (
                    side.edges_ms(selection.recording),
                    {name: rates.nsfr({name: x}) for name, x in side.response.spikes.items()},
                )
                for side in (a, b)
            ],
            names=titles(a, b),
            dark=dark,
        ),
        "layer_rates",
        "Firing rate of every layer at every step, A beside B",
    )
    left, right = st.columns(2)
    with left:
        heading("#### Decision", told.decision(a, b))
        chart(
            when.vote_curves(
                [
                    (
                        side.edges_ms(selection.recording),
                        rates.running_mean(side.response.votes),
                        side.card.classes,
                        rates.settled_at(side.response.votes),
                    )
                    for side in (a, b)
                ],
                names=titles(a, b),
                dark=dark,
            ),
            "vote_curves",
            "Mean vote of each class so far, over time, in A and B",
        )
        for who, side in (("A", a), ("B", b)):
            st.markdown(_latency(who, side))
    with right:
        heading("#### Votes", told.votes(a, b))
        chart(
            when.votes(
                a.summary["votes"],
                b.summary["votes"],
                names=titles(a, b),
                dark=dark,
            ),
            "votes",
            "Mean output rate of each class in A and B",
        )
    gates = {n: x.gates["time"] for n, x in b.response.layers.items() if "time" in x.gates}
    if gates:
        heading("#### When B attends", weights.gate(b, "time"))
        chart(
            when.temporal_gates(
                gates, b.edges_ms(selection.recording), b.frames.counts.sum((1, 2, 3)), dark=dark
            ),
            "gate_time",
            "Temporal gate of each layer over the input's events",
        )
        if constant := constant_gates(b):
            st.caption(f":material/horizontal_rule: {constant}")
        st.caption(
            ":material/history_toggle_off: It looks ahead (non-causal): a network with it cannot "
            "decide before the window ends, whatever the latency above says."
        )
    else:
        none_of("temporal")


def _latency(who: str, side: Side) -> str:
    at = rates.settled_at(side.response.votes)
    if at is None:
        return f"**{who}** never votes."
    T, dt_ms = side.response.T, side.card.config["dt_ms"]
    return (
        f"**{who}** settles at step {at + 1} of {T}, after **{(at + 1) * dt_ms:g} ms** "
        f"of {T * dt_ms:g} ms."
    )


def _steps(side: Side, selection: Selection) -> Steps:
    counts = side.frames.counts
    return Steps(
        side.edges_ms(selection.recording),
        counts[:, 1].sum((1, 2)),
        counts[:, 0].sum((1, 2)),
        rates.nsfr(side.response.spikes),
    )

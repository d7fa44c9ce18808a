"""Panel: when A and B fire and decide, layer by layer, and when B's temporal gate is open."""

from __future__ import annotations

import streamlit as st

from app import state
from app.figures import when
from app.figures.when import Steps
from app.panels.chart import chart
from app.panels.explain import heading
from app.panels.gates import none_of
from masnn import rates
from masnn.explanations import weights
from masnn.explanations import when as told
from masnn.sides import Side, around, constant_gates, joined, titles


def show(a: Side, b: Side, chosen: str) -> None:
    """Show firing over time, the decision's latency and B's temporal gates.

    Args:
        a: Network A.
        b: Network B.
        chosen: Of a deep network the gates around this layer are shown.
    """
    dark, still = state.is_dark(), b.is_still
    if still:
        st.caption(f":material/info: {_of_a_picture(a, b)}")
    else:
        heading("#### Input events and firing rate", told.activity(a, b))
        chart(
            when.activity(_steps(a), _steps(b), names=titles(a, b), dark=dark),
            "activity",
            "Events per step, and spikes per neuron of A and B at each step",
        )
    heading("#### Rate of each layer over time", told.layer_rates(a, b))
    chart(
        when.layer_rates(
            [
                (
                    side.edges_ms,
                    {name: rates.nsfr({name: x}) for name, x in side.response.spikes.items()},
                )
                for side in (a, b)
            ],
            names=titles(a, b),
            in_steps=still,
            dark=dark,
        ),
        "layer_rates",
        "Firing rate of every layer at every step, A beside B",
    )
    if still:  # the page shows the votes above
        _decision(a, b)
    else:
        left, right = st.columns(2)
        with left:
            _decision(a, b)
        with right:
            _votes(a, b)
    gates = b.gates("time", around(joined(a, b), chosen))
    if gates:
        heading("#### When B attends", weights.gate(b, "time", list(gates)))
        events = None if still else b.recorded.counts.sum((1, 2, 3))
        chart(
            when.temporal_gates(gates, b.edges_ms, events, dark=dark),
            "gate_time",
            "Temporal gate of each layer" + ("" if still else " over the input's events"),
        )
        if constant := constant_gates(b):
            st.caption(f":material/horizontal_rule: {constant}")
        st.caption(
            ":material/history_toggle_off: It looks ahead (non-causal): a network with it cannot "
            f"decide before {'the last step' if still else 'the window ends'}, whatever the "
            "latency above says."
        )
    else:
        none_of("temporal", b)


def _decision(a: Side, b: Side) -> None:
    """Draw the votes so far, and from when on the decision stays."""
    heading("#### Decision", told.decision(a, b))
    chart(
        when.vote_curves(
            [(x.edges_ms, x.votes_so_far, x.card.classes, x.settled_at) for x in (a, b)],
            names=titles(a, b),
            shares=[x.by_logits for x in (a, b)],
            in_steps=b.is_still,
            dark=state.is_dark(),
        ),
        "vote_curves",
        "Mean vote of each class so far, over time, in A and B",
    )


def _votes(a: Side, b: Side) -> None:
    """Draw the mean votes."""
    heading("#### Votes", told.votes(a, b))
    chart(
        when.votes(
            *(dict(zip(x.card.classes, x.votes_so_far[-1].tolist(), strict=True)) for x in (a, b)),
            names=titles(a, b),
            shares=[x.by_logits for x in (a, b)],
            dark=state.is_dark(),
        ),
        "votes",
        "Mean vote of each class in A and B",
    )


def _of_a_picture(a: Side, b: Side) -> str:
    """Say what there is in time where nothing moves."""
    if max(side.response.T for side in (a, b)) == 1:
        return (
            "A and B have one step: nothing goes on in time. A network of more steps sees the same "
            "picture at each and sums up what it makes of it."
        )
    return (
        "The picture is the same at each step: what changes is the networks\u2019 own doing, "
        "potentials that fill and are reset."
    )


def _steps(side: Side) -> Steps:
    counts = side.recorded.counts
    return Steps(
        side.edges_ms,
        counts[:, 1].sum((1, 2)),
        counts[:, 0].sum((1, 2)),
        rates.nsfr(side.response.spikes),
    )

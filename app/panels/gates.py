"""What is said of B's gates wherever they are drawn."""

from __future__ import annotations

import streamlit as st

from masnn.kinds import is_residual
from masnn.sides import Side


def none_of(kind: str, b: Side | None = None) -> None:
    """Say that B has no gate of a kind: "spatial", "channel" or "temporal".

    Args:
        kind: What it lacks.
        b: A deep network, of which only some layers are shown.
    """
    gate = {"spatial": "space", "channel": "channel", "temporal": "time"}[kind]
    elsewhere = b is not None and any(gate in x.gates for x in b.response.layers.values())
    stage = " in this stage" if elsewhere else ""
    st.caption(f":material/info: B has no {kind} gate{stage}.")


def site_sentence(side: Side, thing: str) -> str:
    """Say what a gate's weights are and what they multiply.

    Args:
        side: The network.
        thing: What there is a weight for: "channel" or "place".
    """
    config = side.card.config
    of_the_paper = {"form": "paper"} if is_residual(config) else {"attention_site": "membrane"}
    if of_the_paper.items() <= config.items():
        return f"One weight a {thing} and step; it multiplies {side.gated}."
    if side.is_still:
        return f"One weight a {thing} for all steps, pooled over them; it multiplies {side.gated}."
    return (
        f"One weight a {thing} for the whole window; it multiplies {side.gated}. It is pooled over "
        "all steps and so looks ahead (non-causal): a network with it cannot decide before the "
        "window ends."
    )

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
    if config["attention_site"] == "membrane":
        return f"One weight a {thing} and step; it multiplies the membrane potential before firing."
    if is_residual(config):
        what = {
            "branch": "the block\u2019s branch before the shortcut is added (Eq. 15)",
            "sum": "the sum of the block\u2019s branch and its shortcut (Eq. 16)",
        }[config["attention_site"]]
        when = "and step" if config["form"] == "paper" else "for all steps, pooled over them"
        return f"One weight a {thing} {when}; it multiplies {what}."
    return (
        f"One weight a {thing} for the whole window; it multiplies the input current. It is pooled "
        "over all steps and so looks ahead (non-causal): a network with it cannot decide before "
        "the window ends."
    )

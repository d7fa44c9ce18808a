"""What is said of B's gates wherever they are drawn."""

from __future__ import annotations

import streamlit as st

from masnn.sides import Side


def none_of(kind: str) -> None:
    """Say that B has no gate of a kind: "spatial", "channel" or "temporal"."""
    st.caption(f":material/info: B has no {kind} gate.")


def site_sentence(side: Side, thing: str) -> str:
    """Say what a gate's weights are and what they multiply.

    Args:
        side: The network.
        thing: What there is a weight for: "channel" or "place".
    """
    if side.card.config["attention_site"] == "membrane":
        return f"One weight a {thing} and step; it multiplies the membrane potential before firing."
    return (
        f"One weight a {thing} for the whole window; it multiplies the input current. It is pooled "
        "over all steps and so looks ahead (non-causal): a network with it cannot decide before "
        "the window ends."
    )

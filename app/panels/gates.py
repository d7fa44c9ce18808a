"""Panel: what an attention network attends to."""

from __future__ import annotations

import streamlit as st

from app import state
from app.figures import what, when, where
from app.panels.chart import chart
from app.state import Selection, Side


def show(selection: Selection, b: Side) -> None:
    """Show B's attention weights: when, what, where."""
    st.markdown("### What B attends to")
    found = {
        gate: {
            n: layer.gates[gate] for n, layer in b.response.layers.items() if gate in layer.gates
        }
        for gate in ("time", "channel", "space")
    }
    if not any(found.values()):
        st.info("B has no attention gates. Choose an attention network as B to see its weights.")
        return
    dark = state.is_dark()
    edges_ms = b.edges_ms(selection.recording)
    columns = iter(st.columns(sum(bool(gates) for gates in found.values())))
    if gates := found["time"]:
        with next(columns):
            st.markdown("**When** \u00b7 temporal gate")
            chart(when.temporal_gates(gates, edges_ms, dark=dark), "gate_time", "Temporal gate")
            st.caption("One weight a step, computed from the whole window: it looks ahead.")
    if gates := found["channel"]:
        with next(columns):
            st.markdown("**What** \u00b7 channel gate")
            chart(what.channel_gates(gates, edges_ms, dark=dark), "gate_channel", "Channel gate")
            st.caption(_site_sentence(b, "channel"))
    if gates := found["space"]:
        with next(columns):
            st.markdown("**Where** \u00b7 spatial gate")
            chart(where.spatial_gates(gates, dark=dark), "gate_space", "Spatial gate")
            st.caption(_site_sentence(b, "place") + " Drawn: mean over the steps.")


def _site_sentence(side: Side, thing: str) -> str:
    if side.card.config["attention_site"] == "membrane":
        return f"One weight a {thing} and step; it multiplies the membrane potential before firing."
    return f"One weight a {thing} for the whole window; it multiplies the input current."

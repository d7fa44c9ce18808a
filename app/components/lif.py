"""One neuron to play with: drag its current and its gates, see its potential and spikes."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.components import source

# It begins as a background neuron of a vanilla network: a small current that never ends, and a
# gesture in the middle.
CURRENT = (
    *(0.14, 0.12, 0.15, 0.13, 0.14, 0.12, 0.15, 0.7, 1.1, 0.9),
    *(0.5, 0.12, 0.14, 0.13, 0.8, 1.0, 0.3, 0.13, 0.15, 0.12),
)
#: Temporal gate of each step.
TIME = (
    *(0.2, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 0.9, 1.0, 1.0),
    *(0.8, 0.4, 0.2, 0.4, 0.9, 1.0, 0.6, 0.2, 0.2, 0.2),
)
#: Product of its channel's and its place's gate; share of the potential kept; threshold.
GATE, DECAY, THRESHOLD = 0.6, 0.8, 0.3

_lif = st.components.v2.component(
    "lif_toy",
    html='<div class="lif" role="group" aria-label="A neuron to play with"></div>',
    css=source("lif.css"),
    js=source("block.js", "lif.js"),
)


def lif(colours: Mapping[str, str], key: str) -> None:
    """Show the neuron.

    Args:
        colours: Of "a", "b" and "gate".
        key: Widget key.
    """
    constants = {"gate": GATE, "decay": DECAY, "threshold": THRESHOLD}
    data = {"current": CURRENT, "time": TIME, **constants, "colours": dict(colours)}
    _lif(key=key, data=data)

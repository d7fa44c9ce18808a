"""Panel: the player, one layer of A and B at every step beside the events that they saw."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import choices, state
from app.components.player import player
from app.figures import player as figure
from app.panels.explain import heading
from app.state import Selection
from masnn import rates
from masnn.explanations import when as told
from masnn.response import LayerResponse
from masnn.sides import Side, joined, no_difference, opening_layer


def layer(a: Side, b: Side) -> str:
    """Return the name of the layer that plays."""
    return choices.offer_layer(_layers(a, b), opening_layer(a, b))


def _layers(a: Side, b: Side) -> dict[str, tuple[LayerResponse | None, LayerResponse | None]]:
    """Return the layers that can be played."""
    return {
        name: pair
        for name, pair in joined(a, b).items()
        if any(layer is not None and len(layer.shape) == 3 for layer in pair)
    }


def show(selection: Selection, a: Side, b: Side, name: str) -> None:
    """Show the player of the layer `name`, under a choice of another."""
    layers = _layers(a, b)
    words, choice = st.columns([3, 2], vertical_alignment="bottom")
    with words:
        above = st.container()
        st.caption(
            "Space plays, arrow keys step, drag the curves to scrub, click a place to see its "
            "neuron. By touch: tap a place to read it, tap it again for its neuron."
        )
    with choice:
        st.segmented_control(
            "Layer", list(layers), required=True, key="layer", on_change=choices.follow_layer,
            help="The page opens on the layer whose temporal gate moves most, or else on the one "
            "whose rates differ most.",
        )  # fmt: skip
    with above:
        heading("### Step by step", told.playing(a, b, name))
    edges = [side.edges_ms(selection.recording) for side in (a, b)]
    ticks_ms = figure.clock(*edges)
    pair = layers[name]
    block = figure.content(
        name,
        _input(selection, a, b, ticks_ms),
        ticks_ms,
        [_track(side, ms, layer) for side, ms, layer in zip((a, b), edges, pair, strict=True)],
        no_difference=no_difference(a, b, *pair),
        same_field=a.field == b.field,
        dark=state.is_dark(),
        asked=choices.cursor(),
    )
    player(block, key="player", on_pick=lambda: choices.pick_neuron("player"))
    for who, layer in zip("AB", pair, strict=True):
        weights = None if layer is None else layer.gates.get("time")
        if weights is not None and weights.max() - weights.min() < 0.001:
            st.caption(
                f":material/horizontal_rule: {who}\u2019s temporal gate of {name} is "
                f"{weights.mean():.3f} at every step: it scales the current and prefers no step."
            )


def _input(selection: Selection, a: Side, b: Side, ticks_ms: np.ndarray) -> figure.Input:
    """Return the events of the field that both see, or of the whole sensor where fields differ."""
    events = selection.recording.events
    edges_us = int(events.t[0]) + np.rint(ticks_ms * 1000).astype(np.int64)
    tick = np.searchsorted(edges_us, events.t, side="right") - 1
    whole = (0, 0, events.width, events.height)
    seen = a.field if a.field == b.field else whole
    return figure.input_bits(events.x, events.y, events.p, tick, len(ticks_ms) - 1, seen)


def _track(side: Side, edges_ms: np.ndarray, layer: LayerResponse | None) -> figure.Track:
    response = side.response
    return figure.Track(
        title=side.card.title,
        edges_ms=edges_ms,
        nsfr=rates.nsfr(response.spikes),
        votes=rates.running_mean(response.votes),
        classes=side.card.classes,
        prediction=response.prediction,
        settled=rates.settled_at(response.votes),
        gate=None if layer is None else layer.gates.get("time"),
        fired=None
        if layer is None
        else figure.Fired(layer.shape, layer.packed, layer.spikes.sum(1, dtype=np.uint16)),
    )

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
from masnn.sides import Side, joined, no_difference


def show(selection: Selection, a: Side, b: Side) -> str:
    """Show the player under a choice of the layer, and return the layer's name."""
    layers = {
        name: pair
        for name, pair in joined(a, b).items()
        if any(layer is not None and len(layer.shape) == 3 for layer in pair)
    }
    words, choice = st.columns([3, 2], vertical_alignment="bottom")
    with words:
        above = st.container()
        st.caption(
            "Space plays, arrow keys step, drag the curves to scrub, click a place to see its "
            "neuron. By touch: tap a place to read it, tap it again for its neuron."
        )
    choices.forget_unless("layer", layers)
    with choice:
        name = st.segmented_control(
            "Layer",
            list(layers),
            default=next(iter(layers)),
            required=True,
            key="layer",
            bind="query-params",
            on_change=choices.follow_layer,
        )
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
    return str(name)


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

"""Panel: the player, one layer of A and B at every step beside the events that they saw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from app import choices, state
from app.components.player import player
from app.figures import player as figure
from app.panels.explain import heading
from app.panels.layers import pick
from masnn import channels, clock, rates
from masnn.explanations import when as told
from masnn.response import LayerResponse
from masnn.sides import Side, joined, no_difference, opening_layer

if TYPE_CHECKING:
    from masnn.events import Events


def layer(a: Side, b: Side) -> str:
    """Return the name of the layer that plays."""
    names = list(_layers(a, b))
    opening = opening_layer(a, b)
    # In an older address of Compare no name meant the first.
    return choices.offer_layer(names, opening, opening if a.is_still else names[0])


def _layers(a: Side, b: Side) -> dict[str, tuple[LayerResponse | None, LayerResponse | None]]:
    """Return the layers that can be played."""
    return {
        name: pair
        for name, pair in joined(a, b).items()
        if any(layer is not None and len(layer.shape) == 3 for layer in pair)
    }


def show(a: Side, b: Side, name: str, seen: Callable[[NDArray[np.float64]], figure.Input]) -> None:
    """Show the player of a layer under a choice of another.

    Networks of one step have nothing to play: the choice stands alone.

    Args:
        a: Network A.
        b: Network B.
        name: The layer's name.
        seen: Returns the input at each tick of the clock, from the ticks' borders in ms.
    """
    layers = _layers(a, b)
    if max(side.response.T for side in (a, b)) == 1:
        st.markdown("### One step")
        st.caption("Both networks see their input once: there is nothing to play.")
        pick(layers)
        return
    words, choice = st.columns([2, 3] if a.is_still else [3, 2], vertical_alignment="bottom")
    with words:
        above = st.container()
        st.caption(
            "Arrow keys step and space plays, wherever on the page you are while you see the "
            "player and no other control has the focus; until you have used it, space scrolls. "
            "Drag the curves to scrub, click a place to see its neuron. By touch: tap a place to "
            "read it, tap it again for its neuron."
        )
    with choice:
        pick(layers)
    with above:
        heading("### Step by step", told.playing(a, b, name))
    ticks_ms = clock.ticks(*(side.edges_ms for side in (a, b)))
    pair = layers[name]
    block = figure.content(
        name,
        seen(ticks_ms),
        ticks_ms,
        [
            _track(side, clock.own_steps(side.edges_ms, ticks_ms), layer)
            for side, layer in zip((a, b), pair, strict=True)
        ],
        no_difference=no_difference(a, b, *pair),
        same_field=a.field == b.field,
        dark=state.is_dark(),
        by_number=channels.matched_by(a, b, name) == "channel",
        in_steps=a.is_still,
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


def events_seen(events: Events, a: Side, b: Side, ticks_ms: NDArray[np.float64]) -> figure.Input:
    """Return the events of the field that both see, or of the whole sensor where fields differ."""
    edges_us = int(events.t[0]) + np.rint(ticks_ms * 1000).astype(np.int64)
    tick = np.searchsorted(edges_us, events.t, side="right") - 1
    whole = (0, 0, events.width, events.height)
    seen = a.field if a.field == b.field else whole
    return figure.input_bits(events.x, events.y, events.p, tick, len(ticks_ms) - 1, seen)


def _track(side: Side, steps: NDArray[np.int32], layer: LayerResponse | None) -> figure.Track:
    response = side.response
    return figure.Track(
        title=side.card.title,
        steps=steps,
        nsfr=rates.nsfr(response.spikes),
        votes=side.votes_so_far,
        classes=side.card.classes,
        prediction=response.prediction,
        settled=side.settled_at,
        gate=None if layer is None else layer.gates.get("time"),
        fired=None if layer is None else _fired(side, layer),
        shares=side.by_logits,
    )


def _fired(side: Side, layer: LayerResponse) -> figure.Fired:
    height, width = side.frames.shown.shape[2:]
    rows, columns = side.borders(layer.name)
    counts = layer.spikes.sum(1, dtype=np.uint16)
    return figure.Fired(layer.shape, layer.packed, counts, rows / height, columns / width)
